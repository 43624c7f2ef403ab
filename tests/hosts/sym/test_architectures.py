"""Every derivative up to order 4 of every supported kind of network, against nested autograd in float64."""

import itertools

import numpy as np
import pytest
import torch

from modulus_relobralo.derivatives import jets
from modulus_relobralo.derivatives.partials import faa_di_bruno
from modulus_relobralo.hosts.sym import Key, load, taylor_nodes

FourierNetArch = load("models.fourier_net").FourierNetArch
FullyConnectedArch = load("models.fully_connected").FullyConnectedArch
SirenArch = load("models.siren").SirenArch
activation = load("models.activation")
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


def with_parameters():
    """Return a network with inputs of size 2 and inputs that no derivative is taken by."""
    inputs = [Key("nu"), Key("x"), Key("shape", size=2), Key("y")]
    return FourierNetArch(inputs, [Key("pair", size=2), Key("u")], **SMALL, frequencies=("axis", [1]))


SMOOTH = ("MISH", "GELU", "SIGMOID", "SILU", "SIN", "SQUAREPLUS", "SOFTPLUS", "TANH", "IDENTITY")
NETWORKS = {
    **{name.lower(): lambda name=name: fully_connected(activation_fn=Activation[name]) for name in SMOOTH},
    "stan": stan,
    "gelu by tanh": lambda: fully_connected(activation_fn=gelu),
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


def all_derivatives(net, order=4):
    inputs = [key.name for key in net.input_keys if key.size == 1 and key.name != "nu"]
    outputs = [key.name for key in net.output_keys if key.size == 1]
    return [
        "__".join((output, *by))
        for output in outputs
        for n in range(1, order + 1)
        for by in itertools.combinations_with_replacement(inputs, n)
    ]


def oracle(net, points, names):
    """Return derivatives by nested reverse mode, one order after the other."""
    known = dict(net(dict(points)))

    def derivative(name):
        if name not in known:
            lower, _, by = name.rpartition("__")
            value = derivative(lower)
            (known[name],) = torch.autograd.grad(value.sum(), points[by], create_graph=True, materialize_grads=True)
        return known[name]

    return {name: derivative(name) for name in names}


def taylor(net, points, names, compiled=False):
    _, node = taylor_nodes(net, "net", derivatives=names, compiled=compiled)
    return node.evaluate(dict(points))


def scale(values, name):
    """Return a derivative's norm; for one that (nearly) cancels a hundredth of the largest of the same order."""
    norms = {n: float(v.detach().norm()) for n, v in values.items() if n.count("__") == name.count("__")}
    return max(norms[name], 1e-2 * max(norms.values()), 1e-12)


def gradients(net, values):
    """Return the parameter gradients of a loss in which every value counts alike, as one vector."""
    loss = sum((value / scale(values, name)).sin().sum() for name, value in values.items())
    found = torch.autograd.grad(loss, list(net.parameters()), materialize_grads=True)
    return torch.cat([gradient.flatten() for gradient in found])


def worst(found, expected):
    """Return the largest relative error of any derivative, over all points."""
    assert found.keys() == expected.keys()
    return max(float((found[n] - expected[n]).detach().norm()) / scale(expected, n) for n in expected)


@pytest.mark.parametrize("kind", NETWORKS)
def test_derivatives_and_gradients_agree_in_double_precision(kind):
    net, points = build(kind)
    names = all_derivatives(net)
    expected = oracle(net, points, names)
    found = taylor(net, points, names)
    assert worst(found, expected) < 1e-10
    truth = gradients(net, expected)
    assert (gradients(net, found) - truth).norm() < 1e-10 * truth.norm()


@pytest.mark.parametrize("kind", NETWORKS)
def test_derivatives_and_gradients_agree_in_single_precision(kind):
    net, points = build(kind)
    net = net.float()
    single = {name: value.detach().float() for name, value in points.items()}
    names = all_derivatives(net)
    found = taylor(net, single, names)
    slopes = gradients(net, found).double()
    assert all(value.dtype == torch.float32 for value in found.values())
    net = net.double()
    expected = oracle(net, {name: value.double().requires_grad_() for name, value in single.items()}, names)
    assert worst({name: value.double() for name, value in found.items()}, expected) < 1e-5
    truth = gradients(net, expected)
    assert (slopes - truth).norm() < 1e-5 * truth.norm()


@pytest.mark.parametrize("kind", ["silu", "skip connections", "scales", "periodic", "fourier axis", "siren"])
def test_collapsed_operators_agree(kind):
    net, points = build(kind)
    operators = {
        "biharmonic_u": {"u__x__x__x__x": 1.0, "u__x__x__y__y": 2.0, "u__y__y__y__y": 1.0},
        "laplacian_v": {"v__x__x": 1.0, "v__y__y": 1.0},
        "lopsided": {"v__x__x__y": -1.5, "v__x__y": 0.5},
    }
    terms = oracle(net, points, [name for operator in operators.values() for name in operator])
    expected = {name: sum(c * terms[n] for n, c in operator.items()) for name, operator in operators.items()}
    _, node = taylor_nodes(net, "net", derivatives=operators, operators={"lopsided": operators["lopsided"]})
    with torch.no_grad():  # uncompiled
        assert worst(node.evaluate(dict(points)), expected) < 1e-10


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_comparison_notices_a_wrong_coefficient(order, monkeypatch):
    net, points = build("silu")
    names = [name for name in all_derivatives(net) if name.count("__") == order]
    expected = oracle(net, points, names)

    def perturbed(alpha):
        *rest, (k, blocks, count) = faa_di_bruno(alpha)
        return (*rest, (k, blocks, count * (1 + 1e-6)))

    monkeypatch.setattr(jets, "faa_di_bruno", perturbed)
    assert worst(taylor(net, points, names), expected) > 1e-9


def test_compiled_rules_give_the_same_numbers_for_every_batch_size():
    net, points = build("scales")
    names = ["u__x__x", "u__x"]
    _, node = taylor_nodes(net, "net", derivatives=names)
    for size in (12, 5, 1):
        batch = {name: value[:size].detach().requires_grad_() for name, value in points.items()}
        expected = oracle(net, batch, names)
        found = node.evaluate(batch)
        assert worst(found, expected) < 1e-10
        truth = gradients(net, expected)
        assert (gradients(net, found) - truth).norm() < 1e-10 * truth.norm()


@pytest.mark.parametrize("compiled", [False, True])
def test_results_can_be_differentiated_further(compiled):
    net, points = build("tanh")
    found = taylor(net, points, ["u__x__x", "u__y"], compiled)
    fourth = oracle(net, points, ["u__x__x__y__y"])["u__x__x__y__y"]
    value = found["u__x__x"]
    for _ in range(2):
        (value,) = torch.autograd.grad(value.sum(), points["y"], create_graph=True)
    torch.testing.assert_close(value, fourth, rtol=1e-9, atol=1e-12)
    slopes = torch.autograd.grad(value.square().sum(), list(net.parameters()), materialize_grads=True)
    truth = torch.autograd.grad(fourth.square().sum(), list(net.parameters()), materialize_grads=True)
    torch.testing.assert_close(slopes, truth, rtol=1e-8, atol=1e-10)
