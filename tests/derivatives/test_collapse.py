"""Equations keep their values when their operators are collapsed, and are left alone where that does not fit."""

import pytest
import sympy
import torch

from modulus_relobralo.derivatives import collapse
from modulus_relobralo.hosts.sym import PDE, HelmholtzEquation, Key, derivative_nodes, equation_nodes, host
from modulus_relobralo.plates import KirchhoffPlate

pytestmark = pytest.mark.host
x, y, z, t = sympy.symbols("x y z t")
w, theta = sympy.Function("w")(x, y), sympy.Function("w")(x, y, t)
LAPLACIAN = w.diff(x, 2) + w.diff(y, 2)


class Equations(PDE):
    def __init__(self, **equations):
        self.equations = equations


@pytest.fixture
def network():
    torch.manual_seed(0)
    host.load("distributed").DistributedManager.initialize()
    arch = host.load("models.fully_connected").FullyConnectedArch
    return lambda names="xy": arch([Key(n) for n in names], [Key("w")], layer_size=8, nr_layers=2).double()


def value(nodes, network, method, name):
    """Evaluate an equation, and the gradient of its mean square, at a few points."""
    nodes += derivative_nodes(network, "network", nodes, method=method)
    inputs = list(network.input_key_dict)
    graph = host.load("graph").Graph(nodes, [Key(n) for n in inputs], [Key(name)], func_arch=False)
    generator = torch.Generator().manual_seed(1)
    points = {n: torch.rand(5, 1, dtype=torch.float64, generator=generator).requires_grad_() for n in inputs}
    residual = graph(points)[name]
    gradients = torch.autograd.grad(residual.square().mean(), list(network.parameters()), allow_unused=True)
    return torch.cat([residual.flatten(), *(g.flatten() for g in gradients if g is not None)]).detach()


@pytest.mark.parametrize("method", ["taylor", "autodiff"])
@pytest.mark.parametrize(
    ("equations", "inputs", "operator"),
    [
        (KirchhoffPlate(D=20.8333333333, nu=0.2, p=0.015), "xy", "biharmonic_w"),
        (KirchhoffPlate(D=1 + x * y, nu=0.2 + 0.01 * x, p=x), "xy", "biharmonic_w"),
        (HelmholtzEquation("w", k=1.5, dim=2), "xy", "laplacian_w"),
        (Equations(heat=theta.diff(t) - 0.3 * theta.diff(x, 2) - 0.3 * theta.diff(y, 2)), "xyt", "laplacian_w"),
        (Equations(sine_gordon=w * LAPLACIAN + sympy.sin(w) * w.diff(x)), "xy", "laplacian_w"),
    ],
    ids=["plate", "varying plate", "helmholtz", "heat", "nonlinear"],
)
def test_values_stay(equations, inputs, operator, method, network):
    net = network(inputs)
    name = next(iter(equations.equations))
    before = str(equations.equations)
    assert operator in str(collapse(equations.equations, inputs, "w")[name])
    assert str(equations.equations) == before
    expected = value(equation_nodes(equations), net, "autodiff", name)
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(
        value(equation_nodes(equations, net), net, method, name), expected, rtol=1e-10, atol=1e-10
    )


def test_other_operators_have_other_values(network):
    net = network()
    wrong = value(equation_nodes(Equations(residual=LAPLACIAN * (1 + 1e-6)), net), net, "taylor", "residual")
    right = value(equation_nodes(Equations(residual=LAPLACIAN)), net, "autodiff", "residual")
    assert not torch.allclose(wrong, right, rtol=1e-8, atol=0)


@pytest.mark.parametrize(
    "residual",
    [
        w.diff(x, 2) + 2 * w.diff(y, 2),
        w.diff(x, 2) - w.diff(y, 2),
        w.diff(x, 2),
        LAPLACIAN + w.diff(x, 2) ** 2,
        LAPLACIAN * w.diff(x, 2),
        sympy.sin(w.diff(x, 2)) + LAPLACIAN,
        w.diff(x, 4) + w.diff(x, 2, y, 2) + w.diff(y, 4),
        w.diff(x) + w,
    ],
    ids=str,
)
def test_anything_else_is_left_alone(residual):
    assert collapse({"residual": residual}, "xy", "w") == {"residual": residual}


def test_derivatives_that_another_equation_needs_are_left_alone():
    shared = {"a": LAPLACIAN, "b": w.diff(x, 2) + w}
    assert collapse(shared, "xy", "w") == shared


def test_only_outputs_and_coordinates_of_the_network_count():
    other = sympy.Function("v")(x, y)
    residual = other.diff(x, 2) + other.diff(y, 2)
    assert collapse({"residual": residual}, "xy", "w") == {"residual": residual}
    # A network in space sums over three coordinates, a plane equation over two.
    assert collapse({"residual": LAPLACIAN}, "xyz", "w") == {"residual": LAPLACIAN}


def test_loads_and_coefficients_stay_as_they_are_written():
    """Expanded, exp(100 (x - y)) is exp(100 x) exp(-100 y): infinity times zero in single precision."""
    steep = sympy.exp(100 * (x - y))
    collapsed = collapse({"residual": (1 + steep) * LAPLACIAN + w - steep}, "xy", "w")["residual"]
    assert collapsed == (1 + steep) * sympy.Function("laplacian_w")(x, y) + w - steep
