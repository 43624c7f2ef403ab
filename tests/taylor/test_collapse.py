"""Equations keep their values when their operators are collapsed, and are left alone where that does not fit."""

import pytest
import sympy
import torch
from differentiated import differentiated
from torch import nn

from modulus_relobralo.taylor import TaylorDerivatives, collapse

x, y, z, t = sympy.symbols("x y z t")
w, theta = sympy.Function("w")(x, y), sympy.Function("w")(x, y, t)
LAPLACIAN = w.diff(x, 2) + w.diff(y, 2)


def plate(D, nu, p):
    """Return Kirchhoff's plate equation for a stiffness that may vary (Timoshenko & Woinowsky-Krieger, section 39)."""
    moments = {
        (x, x): D * (w.diff(x, 2) + nu * w.diff(y, 2)),
        (y, y): D * (w.diff(y, 2) + nu * w.diff(x, 2)),
        (x, y): 2 * D * (1 - nu) * w.diff(x, y),
    }
    return sympy.expand(sum(moment.diff(*by).doit() for by, moment in moments.items()) - p)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return lambda names: nn.Sequential(nn.Linear(len(names), 8), nn.Tanh(), nn.Linear(8, 1)).double()


def named(atom):
    """Return the name of a derivative or a function."""
    if not isinstance(atom, sympy.Derivative):
        return atom.func.__name__
    return "__".join((atom.expr.func.__name__, *(str(v) for v in atom.variables)))


def value(expression, net, inputs, taylor):
    """Evaluate an equation, and the gradient of its mean square, at a few points."""
    generator = torch.Generator().manual_seed(1)
    points = {n: torch.rand(5, 1, dtype=torch.float64, generator=generator).requires_grad_() for n in inputs}
    atoms = sorted(expression.atoms(sympy.Derivative, sympy.core.function.AppliedUndef), key=sympy.count_ops)[::-1]
    names = [named(atom) for atom in atoms]
    if taylor:
        values = TaylorDerivatives(net, inputs, "w", names, compiled=False)(points)
    else:
        values = differentiated({"w": net(torch.cat(list(points.values()), 1))}, points, names)
    symbols = {atom: sympy.Symbol(f"value_{name}") for atom, name in zip(atoms, names, strict=True)}
    arguments = [*symbols.values(), *sympy.symbols(list(inputs))]
    function = sympy.lambdify(arguments, expression.subs(symbols), [{"sin": torch.sin}, "math"])
    residual = function(*(values[name] for name in names), *points.values())
    gradients = torch.autograd.grad(residual.square().mean(), list(net.parameters()), materialize_grads=True)
    return torch.cat([residual.flatten(), *(g.flatten() for g in gradients)]).detach()


@pytest.mark.parametrize(
    ("equation", "inputs", "operator"),
    [
        (plate(D=20.8333333333, nu=sympy.Rational(1, 5), p=0.015), "xy", "biharmonic_w"),
        (plate(D=1 + x * y, nu=sympy.Rational(1, 5) + x / 100, p=x), "xy", "biharmonic_w"),
        (LAPLACIAN + 2.25 * w, "xy", "laplacian_w"),
        (theta.diff(t) - 0.3 * theta.diff(x, 2) - 0.3 * theta.diff(y, 2), "xyt", "laplacian_w"),
        (w * LAPLACIAN + sympy.sin(w) * w.diff(x), "xy", "laplacian_w"),
    ],
    ids=["plate", "varying plate", "helmholtz", "heat", "nonlinear"],
)
def test_values_stay(equation, inputs, operator, network):
    net = network(inputs)
    before = str(equation)
    collapsed = collapse({"residual": equation}, inputs, "w")["residual"]
    assert operator in str(collapsed)
    assert str(equation) == before
    expected = value(equation, net, inputs, taylor=False)
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(value(collapsed, net, inputs, taylor=True), expected, rtol=1e-10, atol=1e-10)


def test_other_operators_have_other_values(network):
    net = network("xy")
    wrong = collapse({"residual": LAPLACIAN * (1 + 1e-6)}, "xy", "w")["residual"]
    right = value(LAPLACIAN, net, "xy", taylor=False)
    assert not torch.allclose(value(wrong, net, "xy", taylor=True), right, rtol=1e-8, atol=0)


def test_coordinates_count_by_their_names():
    a, b = sympy.symbols("x y", real=True)
    v = sympy.Function("w")(a, b)
    collapsed = collapse({"residual": v.diff(a, 2) + v.diff(b, 2)}, "xy", "w")["residual"]
    # Not by its text: the hosts change how SymPy prints functions.
    assert (collapsed.func.__name__, collapsed.args) == ("laplacian_w", (a, b))


@pytest.mark.parametrize(
    "equations",
    [
        {"laplacian_w": LAPLACIAN},
        {"residual": LAPLACIAN - sympy.Function("laplacian_w")(x, y)},
        {"residual": LAPLACIAN - sympy.Symbol("laplacian_w"), "other": w},
        {"residual": LAPLACIAN, "other": sympy.Function("laplacian_w")(x)},
    ],
    ids=["equation", "function", "symbol", "other equation"],
)
def test_a_name_that_means_something_else_is_not_used(equations):
    assert collapse(equations, "xy", "w") == equations


def test_a_laplacian_that_the_network_gives_is_not_ours():
    equations = {"residual": LAPLACIAN}
    assert collapse(equations, "xy", ["w", "laplacian_w"]) == equations


@pytest.mark.parametrize(
    "residual",
    [
        w.diff(x, 2) + 2 * w.diff(y, 2),
        w.diff(x, 2) - w.diff(y, 2),
        w.diff(x, 2),
        LAPLACIAN + w.diff(x, 2) ** 2,
        LAPLACIAN * w.diff(x, 2),
        sympy.sin(w.diff(x, 2)) + LAPLACIAN,
        sympy.expand(sympy.sin(w.diff(x, 2)) * LAPLACIAN),
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
