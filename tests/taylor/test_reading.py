"""Functions are told apart by what they run, never by how they look on a few values."""

import functools

import pytest
import torch
import torch.nn.functional as F
from kinds import scripted

from modulus_relobralo.taylor import UnsupportedNetworkError
from modulus_relobralo.taylor.reading import recognise

nn = torch.nn
ONE = torch.ones(1)
FACTOR = 1.0
CHOSEN = torch.tanh


class Sine(nn.Module):
    def forward(self, z):
        return torch.sin(z)


class Swish(nn.Module):
    def __init__(self):
        super().__init__()
        self.beta = nn.Parameter(torch.ones(1))

    def forward(self, z):
        return z * torch.sigmoid(self.beta * z)


class Buffered(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("one", torch.ones(1))

    def forward(self, z):
        return torch.tanh(self.one * z)


class Attribute(nn.Module):
    """Holds a tensor that is neither parameter nor buffer."""

    def __init__(self, one):
        super().__init__()
        self.one = one

    def forward(self, z):
        return torch.tanh(self.one * z)


class Switch(nn.Module):
    def __init__(self):
        super().__init__()
        self.wave = False

    def forward(self, z):
        return torch.sin(z) if self.wave else torch.tanh(z)


class Stan(Swish):
    """Not Modulus' Stan, in spite of its name and its parameter."""

    def forward(self, z):
        return torch.tanh(self.beta * z)


class ByMode(nn.Module):
    def forward(self, z):
        return torch.sin(z) if self.training else torch.tanh(z)


class Wrapped(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, z):
        return self.function(z)


def clamped(z):
    return z.clamp(-1e6, 1e6)


def by_value(z):
    return torch.sin(z) if z.max() > 100 else torch.tanh(z)


def wrapper(function):
    def activation_fn(z):
        return function(z)

    return activation_fn


def changes_its_input(z):
    torch.tanh_(z)
    return z * 0 + z


def returns_the_input(z):
    torch.sin(z)
    return z


KNOWN = {
    "tanh": [nn.Tanh(), torch.tanh, F.tanh, lambda z: z.tanh(), wrapper(torch.tanh), Wrapped(torch.tanh), CHOSEN],
    "silu": [nn.SiLU(), nn.SiLU(inplace=True), F.silu, lambda z: z * torch.sigmoid(z), wrapper(wrapper(F.silu))],
    "sin": [Sine(), torch.sin, functools.partial(torch.sin)],
    "cos": [torch.cos],
    "sigmoid": [nn.Sigmoid(), torch.sigmoid, F.sigmoid, torch.special.expit],
    "softplus": [nn.Softplus(), F.softplus],
    "gelu": [nn.GELU(), F.gelu],
    "gelu_tanh": [nn.GELU(approximate="tanh"), functools.partial(F.gelu, approximate="tanh")],
    "mish": [nn.Mish(), nn.Mish(inplace=True), F.mish],
    "logsigmoid": [nn.LogSigmoid(), F.logsigmoid],
    "tanhshrink": [nn.Tanhshrink(), F.tanhshrink],
    "identity": [nn.Identity(), lambda z: z],
}


@pytest.mark.parametrize(("name", "function"), [(name, f) for name, found in KNOWN.items() for f in found])
def test_known_functions(name, function):
    assert recognise(function) == (name, ())


@pytest.mark.parametrize("name", ["tanh", "silu", "sigmoid", "softplus", "gelu", "gelu_tanh", "mish", "logsigmoid"])
def test_scripted_modules(name):
    assert recognise(scripted(KNOWN[name][0])).name == name


def test_scripted_functions():
    assert recognise(scripted(returns_the_input_scripted)).name == "identity"
    assert recognise(scripted(F.silu)).name == "silu"
    with pytest.raises(UnsupportedNetworkError):
        recognise(scripted(clamped))


def returns_the_input_scripted(z):
    return z


# What equals a known function on every value that one would try, or on the first, and not everywhere or not for ever.
LOOKALIKES = {
    "trained beta": Swish(),
    "scripted trained beta": scripted(Swish()),
    "buffer": Buffered(),
    "tensor attribute": Attribute(torch.ones(1)),
    "list attribute": Attribute([1.0]),
    "number attribute": Attribute(1.0),
    "scripted attribute": scripted(Attribute(1.0)),
    "other class of a known name": Stan(),
    "closure over a tensor": (lambda one: lambda z: torch.tanh(one * z))(torch.ones(1)),
    "closure over a number": (lambda one: lambda z: torch.tanh(one * z))(1.0),
    "global tensor": lambda z: torch.tanh(ONE * z),
    "global number": lambda z: torch.tanh(FACTOR * z),
    "default": lambda z, one=ONE: torch.tanh(one * z),
    "bound method": Sine().forward,
    "callable object": type("Callable", (), {"__call__": lambda self, z: torch.tanh(z)})(),
    "clamped far away": clamped,
    "hardtanh far away": nn.Hardtanh(-1e6, 1e6),
    "decides by value": by_value,
    "changes its input": changes_its_input,
    "parametrised relu of slope 1": nn.PReLU(init=1.0),
    "softplus of another beta": nn.Softplus(beta=1.0001),
    "softplus of another threshold": nn.Softplus(threshold=30),
    "leaky relu of slope 1": nn.LeakyReLU(1.0),
    "celu": nn.CELU(),
    "elu": nn.ELU(),
    "selu": nn.SELU(),
    "relu": nn.ReLU(),
    "relu6": nn.ReLU6(),
    "hardswish": nn.Hardswish(),
    "hardsigmoid": nn.Hardsigmoid(),
    "softsign": nn.Softsign(),
    "softshrink": nn.Softshrink(0.0),
    "threshold": nn.Threshold(-1e6, 0.0),
    "softmax": nn.Softmax(dim=-1),
    "layer norm": nn.LayerNorm(3, elementwise_affine=False),
    "batch norm": nn.BatchNorm1d(3),
    "batch norm without parameters": nn.BatchNorm1d(3, affine=False, track_running_stats=False),
    "group of functions": nn.GLU(),
    "normalise": F.normalize,
    "softmax over points": lambda z: torch.softmax(z, 0),
    "dropout": nn.Dropout(1e-9),
    "noise": lambda z: torch.tanh(z) + 0 * torch.rand_like(z),
    "tuple": lambda z: (z,),
    "detached": lambda z: torch.tanh(z.detach()),
    "no function": 3,
    "none": None,
}  # fmt: skip


@pytest.mark.parametrize("function", LOOKALIKES.values(), ids=LOOKALIKES)
def test_lookalikes_are_refused(function):
    with pytest.raises(UnsupportedNetworkError):
        recognise(function)


def test_message_names_what_may_change():
    with pytest.raises(UnsupportedNetworkError, match="the module Swish has no Taylor-mode rule: it has a `beta` of"):
        recognise(Swish())
    with pytest.raises(UnsupportedNetworkError, match="depends on a Tensor, which may change"):
        recognise(lambda z: torch.tanh(ONE * z))
    with pytest.raises(UnsupportedNetworkError, match=r"ReLU\(\) is not smooth enough, or not known"):
        recognise(nn.ReLU())


def test_an_attribute_that_changes_counts():
    module = Switch()
    assert recognise(module).name == "tanh"
    module.wave = True
    assert recognise(module).name == "sin"


def test_a_name_that_is_bound_anew_counts(monkeypatch):
    function = lambda z: CHOSEN(z)  # noqa: E731
    assert recognise(function).name == "tanh"
    monkeypatch.setitem(globals(), "CHOSEN", torch.sin)
    assert recognise(function).name == "sin"


def test_training_mode_counts():
    module, dropout = ByMode(), nn.Dropout(0.5)
    assert recognise(module).name == "sin"
    assert recognise(module.eval()).name == "tanh"
    assert recognise(dropout.eval()).name == "identity"
    with pytest.raises(UnsupportedNetworkError):
        recognise(dropout.train())


def test_no_leftover_of_autocast():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert recognise(lambda z: z.sigmoid()).name == "sigmoid"
