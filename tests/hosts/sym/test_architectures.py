"""Every derivative up to order 4 of every architecture that has rules, against nested autograd in float64."""

import numpy as np
import pytest
import torch
from differentiated import all_derivatives, differentiated, gradients, worst
from kinds import scripted
from omegaconf import OmegaConf

from modulus_relobralo.hosts.sym import Key, TaylorArch, host, taylor_nodes
from modulus_relobralo.hosts.sym.plates import PlateArch
from modulus_relobralo.plates.singular import LoadedRectangle
from modulus_relobralo.taylor import UnsupportedNetworkError
from modulus_relobralo.taylor.names import Request

FourierNetArch = host.load("models.fourier_net").FourierNetArch
FullyConnectedArch = host.load("models.fully_connected").FullyConnectedArch
SirenArch = host.load("models.siren").SirenArch
activation = host.load("models.activation")
Activation, Stan, gelu = activation.Activation, activation.Stan, activation.gelu

pytestmark = pytest.mark.host
POINTS = 12
SMALL = {"layer_size": 8, "nr_layers": 2}


def keys(names="xy", outputs="uv"):
    return [Key(name) for name in names], [Key(name) for name in outputs]


def fully_connected(names="xy", **options):
    return FullyConnectedArch(*keys(names), **{"layer_size": 8, "nr_layers": 3, **options})


def scaled():
    inputs = [Key("x", scale=(0.3, 2.0)), Key("y", scale=(-1.0, 0.5))]
    outputs = [Key("u", scale=(1.0, 3.0)), Key("v", scale=(-2.0, 0.1))]
    return FullyConnectedArch(inputs, outputs, **SMALL)


def stan():
    # The host gives Stan as many parameters as there are outputs: it fits layers of that size only.
    return FullyConnectedArch(*keys("xy", "u"), layer_size=1, nr_layers=2, activation_fn=Activation.STAN)


POLES = (-0.6, 0.5, 0.5, 1.0), (1.5, 1.5, 0.4, 1.0)


def of_plate(poles=POLES, rectangles=(), **options):
    """Return a network with poles beyond the points, which lie in the unit square, and a parameter."""
    inputs, outputs = keys("xyh", "w" if rectangles else "uv")
    inputs[0] = Key("x", scale=(0.3, 2.0))
    config = OmegaConf.create({"arch_type": "fully_connected", "activation_fn": "tanh", **SMALL, **options})
    return PlateArch(inputs, outputs, poles, rectangles, config)


def with_parameters():
    """Return a network with inputs of size 2 and inputs that no derivative is taken by."""
    inputs = [Key("nu"), Key("x"), Key("shape", size=2), Key("y")]
    return FourierNetArch(inputs, [Key("pair", size=2), Key("u")], **SMALL, frequencies=("axis", [1]))


SMOOTH = ("MISH", "GELU", "SIGMOID", "SILU", "SIN", "SQUAREPLUS", "SOFTPLUS", "TANH", "IDENTITY")
NETWORKS = {
    **{name.lower(): lambda name=name: fully_connected(activation_fn=Activation[name]) for name in SMOOTH},
    "stan": stan,
    "gelu by tanh": lambda: fully_connected(activation_fn=gelu, nr_layers=1),
    "modules as activations": lambda: fully_connected(activation_fn=[torch.nn.Softplus(), torch.nn.Tanh(), Stan(8)]),
    "one input": lambda: fully_connected("x"),
    "time": lambda: fully_connected("xt"),
    "three inputs": lambda: fully_connected("xyz", nr_layers=2),
    "one layer": lambda: fully_connected(nr_layers=1),
    "plain weights": lambda: fully_connected(weight_norm=False),
    "skip connections": lambda: fully_connected(nr_layers=6, skip_connections=True),
    "skip into last": lambda: fully_connected(nr_layers=5, skip_connections=True),
    "adaptive": lambda: fully_connected(adaptive_activations=True),
    "scales": scaled,
    "holes": of_plate,
    "holes and loads": lambda: of_plate(rectangles=[LoadedRectangle(0.2, 0.3, 0.7, 0.6, 1.0, 2.0)]),
    "loads": lambda: of_plate((), [LoadedRectangle(0.2, 0.3, 0.7, 0.6, 1.0, 2.0)]),
    "periodic": lambda: fully_connected(periodicity={"y": (-1.0, 2.0)}),
    "periodic both": lambda: fully_connected(periodicity={"x": (0.0, 1.0), "y": (0.0, 3.0)}),
    "fourier axis": lambda: FourierNetArch(*keys(), frequencies=("axis", [0, 1]), **SMALL),
    "fourier full": lambda: FourierNetArch(*keys("xyz"), frequencies=("full", [0, 1]), layer_size=8, nr_layers=1),
    "fourier gaussian": lambda: FourierNetArch(*keys(), frequencies=("gaussian", 0.3, 4), **SMALL),
    "fourier by parameter": lambda: FourierNetArch(*keys("xa"), frequencies_params=("diagonal", [1]), **SMALL),
    "with parameters": with_parameters,
    "siren": lambda: SirenArch(*keys(), **SMALL, first_omega=2.0, omega=2.0),
    "siren normalized": lambda: SirenArch(
        *keys(), **SMALL, first_omega=3.0, omega=1.0, normalization={"x": (0.0, 2.0)}
    ),
}


def build(kind):
    """Return a network in float64 whose parameters are all at random values, and its points."""
    torch.manual_seed(1)
    np.random.seed(1)  # the host draws Gaussian frequencies from it
    net = NETWORKS[kind]().double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    points = {key.name: torch.rand(POINTS, key.size, dtype=torch.float64) for key in net.input_keys}
    return net, {name: value.requires_grad_() for name, value in points.items()}


def names_of(net):
    inputs = [key.name for key in net.input_keys if key.size == 1 and key.name != "nu"]
    return all_derivatives(inputs, [key.name for key in net.output_keys if key.size == 1])


def oracle(net, points, names):
    return differentiated(net(dict(points)), points, names)


def taylor(net, points, names):
    _, node = taylor_nodes(net, "net", derivatives=names, compiled=False)
    return node.evaluate(dict(points))


@pytest.mark.parametrize("kind", NETWORKS)
def test_derivatives_and_gradients_agree_in_double_precision(kind):
    net, points = build(kind)
    names = names_of(net)
    expected = oracle(net, points, names)
    found = taylor(net, points, names)
    assert worst(found, expected) < 1e-10
    truth = gradients(net.parameters(), expected)
    assert (gradients(net.parameters(), found) - truth).norm() < 1e-10 * truth.norm()


@pytest.mark.parametrize("kind", NETWORKS)
def test_derivatives_and_gradients_agree_in_single_precision(kind):
    net, points = build(kind)
    net = net.float()
    single = {name: value.detach().float() for name, value in points.items()}
    names = names_of(net)
    found = taylor(net, single, names)
    slopes = gradients(net.parameters(), found).double()
    assert all(value.dtype == torch.float32 for value in found.values())
    net = net.double()
    expected = oracle(net, {name: value.double().requires_grad_() for name, value in single.items()}, names)
    assert worst({name: value.double() for name, value in found.items()}, expected) < 3e-5
    truth = gradients(net.parameters(), expected)
    assert (slopes - truth).norm() < 3e-5 * truth.norm()


@pytest.mark.parametrize("kind", ["silu", "skip connections", "scales", "holes", "periodic", "fourier axis", "siren"])
def test_collapsed_operators_agree(kind):
    net, points = build(kind)
    operators = {
        "biharmonic_u": {"u__x__x__x__x": 1.0, "u__x__x__y__y": 2.0, "u__y__y__y__y": 1.0},
        "laplacian_v": {"v__x__x": 1.0, "v__y__y": 1.0},
        "lopsided": {"v__x__x__y": -1.5, "v__x__y": 0.5},
    }
    terms = oracle(net, points, [name for operator in operators.values() for name in operator])
    expected = {name: sum(c * terms[n] for n, c in operator.items()) for name, operator in operators.items()}
    _, node = taylor_nodes(
        net, "net", derivatives=operators, operators={"lopsided": operators["lopsided"]}, compiled=False
    )
    assert worst(node.evaluate(dict(points)), expected) < 1e-10


CHANGES = {
    "stan's beta": ("stan", lambda net: net._impl.layers[0].activation_fn.beta.data.mul_(2)),
    "adaptive activations": ("adaptive", lambda net: net._impl.layers[0].activation_par.data.mul_(2)),
    "weight norm": ("tanh", lambda net: net._impl.layers[1].linear.weight_g.data.mul_(2)),
    "output scale": ("scales", lambda net: net.double().set_scaling("u", 3.0, 5.0)),
    "input scale": ("scales", lambda net: net.double().set_scaling("x", 3.0, 5.0)),
    "frequencies": ("fourier axis", lambda net: net.fourier_layer_xyzt.frequencies.mul_(1.5)),
    "normalization": ("siren normalized", lambda net: net.normalization_tensor.mul_(1.5)),
    "siren's omega": ("siren", lambda net: setattr(net.layers[1], "omega_0", 5.0)),
    "period": ("periodic", lambda net: net.periodicity.update(y=(-1.0, 5.0))),
    "an activation": ("tanh", lambda net: setattr(net._impl.layers[0], "activation_fn", torch.nn.SiLU())),
    "a layer": ("plain weights", lambda net: setattr(net._impl.layers[1], "linear", torch.nn.Linear(8, 8).double())),
    "skip connections": ("tanh", lambda net: setattr(net._impl, "skip_connections", True)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_after_the_nodes_were_made_is_followed(change):
    kind, apply = CHANGES[change]
    net, points = build(kind)
    names = ["u__x", "u__x__x"] if kind == "stan" else ["u__x", "u__y__y", "v__x__y"]
    _, node = taylor_nodes(net, "net", derivatives=names, compiled=False)
    before = node.evaluate(dict(points))
    apply(net)
    expected = oracle(net, points, names)
    assert worst(before, expected) > 1e-3
    assert worst(node.evaluate(dict(points)), expected) < 1e-10


def test_trained_frequencies_get_their_gradient():
    net, points = build("fourier axis")
    layer = net.fourier_layer_xyzt
    frequencies = layer._buffers.pop("frequencies")
    layer.frequencies = torch.nn.Parameter(frequencies + 0.1 * torch.rand_like(frequencies))
    names = ["u__x__x", "u__x__y"]
    found, expected = taylor(net, points, names), oracle(net, points, names)
    truth = gradients([layer.frequencies], expected)
    assert truth.norm() > 1e-3
    assert (gradients([layer.frequencies], found) - truth).norm() < 1e-10 * truth.norm()


class Swish(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.beta = torch.nn.Parameter(torch.ones(1))

    def forward(self, x):
        return x * torch.sigmoid(self.beta * x)


class OtherStan(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.beta = torch.nn.Parameter(torch.ones(8))

    def forward(self, x):
        return torch.tanh(self.beta * x)


OtherStan.__name__ = OtherStan.__qualname__ = "Stan"
REFUSED = {
    "swish": ("tanh", lambda net: setattr(net._impl.layers[0], "activation_fn", Swish()), "it has a `beta` of its own"),
    "scripted swish": (
        "tanh",
        lambda net: setattr(net._impl.layers[0], "activation_fn", scripted(Swish())),
        "it has a `beta` of its own",
    ),
    "another stan": (
        "tanh",
        lambda net: setattr(net._impl.layers[0], "activation_fn", OtherStan()),
        "`beta` of its own",
    ),
    "hook": ("tanh", lambda net: net._impl.layers[0].register_forward_hook(lambda *a: None), "has hooks"),
    "linear with hook": ("siren", lambda net: net.layers[0].linear.register_forward_hook(lambda *a: None), "has hooks"),
    "half": ("tanh", lambda net: net.half(), "must be of torch.float32 or torch.float64"),
    "layer": ("tanh", lambda net: setattr(net._impl.layers[0], "linear", torch.nn.Bilinear(2, 2, 8)), "Bilinear"),
    "function after the last layer": (
        "tanh",
        lambda net: setattr(net._impl.final_layer, "activation_fn", torch.nn.Tanh()),
        "after the last layer",
    ),
    "derived layer": (
        "siren",
        lambda net: setattr(net.layers[0], "__class__", type("Mine", (type(net.layers[0]),), {})),
        "the layer Mine",
    ),
    "siren without sine": ("siren", lambda net: setattr(net.layers[0], "apply_activation", False), "not followed by a"),
    "detached input": ("tanh", lambda net: net.detach_key_dict.update(x=1), "detaches x"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_has_no_rule_is_refused_when_it_comes_later(kind):
    kind, apply, message = REFUSED[kind]
    net, points = build(kind)
    _, node = taylor_nodes(net, "net", derivatives=["u__x"], compiled=False)
    apply(net)
    with pytest.raises(UnsupportedNetworkError, match=message):
        node.evaluate(dict(points))
    with pytest.raises(UnsupportedNetworkError, match=message):
        TaylorArch(net, node.evaluate.request)


def test_a_derived_architecture_is_refused():
    class Mine(FullyConnectedArch):
        pass

    net = Mine(*keys(), **SMALL)
    net.make_node("net")
    with pytest.raises(UnsupportedNetworkError, match="the architecture Mine has no Taylor-mode rule"):
        TaylorArch(net, Request({"u__x"}))


@pytest.mark.parametrize("options", [{"arch_type": "fourier"}, {"periodicity": {"x": (0.0, 1.0)}}])
def test_holes_are_for_fully_connected_networks(options):
    with pytest.raises(
        ValueError,
        match=r"must be fully_connected, and not periodic, where there are holes, patches of load, .*Found `arc",
    ):
        of_plate(**options)


def test_without_scripting(monkeypatch):
    monkeypatch.setattr(host.load("manager").JitManager(), "_enabled", False, raising=False)
    for kind in ("silu", "squareplus", "gelu by tanh", "modules as activations", "stan"):
        net, points = build(kind)
        assert not any(isinstance(module, torch.jit.ScriptModule) for module in net.modules())
        names = ["u__x", "u__x__x"]
        assert worst(taylor(net, points, names), oracle(net, points, names)) < 1e-10
