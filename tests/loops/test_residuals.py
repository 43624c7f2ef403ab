"""Residuals of equations as a module, and SymPy expressions as functions of tensors."""

import math

import pytest
import sympy
import torch
from sympy import Derivative, Function, Heaviside, Integral, Max, Min, Piecewise, Subs, Symbol, erf, exp, pi, sqrt
from torch import nn

from modulus_relobralo.loops import Residuals
from modulus_relobralo.loops.residuals import names_in, torch_function

X, Y, T = Symbol("x"), Symbol("y"), Symbol("t")
U = Function("u")


def made(residual, inputs=("x", "y"), coordinates=None):
    network = nn.Sequential(nn.Linear(len(inputs), 4), nn.Tanh(), nn.Linear(4, 1)).double()
    return Residuals(network, {"here": residual}, inputs, ["u"], coordinates, compiled=False)


@pytest.mark.parametrize(
    ("residual", "found"),
    [
        (U(0, Y), r"u\(0, y\)"),
        (U(Y, X), r"u\(y, x\)"),
        (U(X), r"u\(x\)"),
        (U(X, Y) - U(2 * X, Y), r"u\(2\*x, y\)"),
        (U(X, Y) + U(X - 1, Y).diff(Y), r"u\(x - 1, y\)"),
        (Subs(U(X, Y).diff(X), X, 1), r"Subs\("),
        (Integral(U(X, Y), (X, 0, 1)), r"Integral\("),
        (Derivative(X * U(X, Y), X), r"Derivative\(x\*u\(x, y\), x\)"),
        (U(X, Y, T), r"u\(x, y, t\)"),
    ],
    ids=repr,
)
def test_fields_elsewhere_than_at_the_point_are_refused(residual, found):
    with pytest.raises(ValueError, match=rf"`here` must hold fields over x, y, .* at the point itself. Found {found}"):
        made(residual)


def test_fields_may_leave_out_parameters_but_no_coordinates():
    inputs = ("x", "y", "t")
    with pytest.raises(ValueError, match=r"over x, y, t, in this order, .* Found u\(x, y\)"):
        made(U(X, Y), inputs)
    points = [torch.rand(5, 1, dtype=torch.float64) for _ in inputs]
    torch.manual_seed(0)
    family = made(U(X, Y), inputs, ["x", "y"])
    torch.manual_seed(0)
    in_time = made(U(X, Y, T), inputs)
    torch.testing.assert_close(family(*points), in_time(*points))


W = Function("w")(X, Y)


def test_names_are_those_of_fields_derivatives_and_symbols():
    expression = W.diff(X, 2, Y) * Function("q")(X, Y) + W + Symbol("h") - X
    assert names_in(expression) == {"w__x__x__y", "q", "w", "h", "x"}


@pytest.mark.parametrize(
    "expression",
    [
        sqrt(2) * X + exp(1) * Y + pi**2,
        sympy.Integer(0),
        Max(X, Y, 0) - Min(X, 0.3),
        Heaviside(X - 0.2) * erf(Y) / sqrt(1 + X**2),
        Piecewise((X**2, X < 0.1), (sympy.sin(Y), Y >= 0), (-1, True)),
        sympy.Abs(X) ** sympy.Rational(1, 3) + 2**Y + sympy.sign(X) + sympy.floor(3 * X),
    ],
    ids=str,
)
def test_values_are_sympys(expression):
    x, y = torch.linspace(-1, 1, 21, dtype=torch.float64)[:, None] + 0.013, torch.linspace(1, -1, 21).double()[:, None]
    found = torch_function(expression, ["x", "y"])(x, y)
    expected = [float(expression.subs({X: a, Y: b})) for a, b in zip(x[:, 0].tolist(), y[:, 0].tolist(), strict=True)]
    torch.testing.assert_close(torch.as_tensor(found).expand(21, 1)[:, 0].double(), torch.tensor(expected).double())
    assert not math.isclose(expected[0] + 1e-3, float(torch.as_tensor(found).expand(21, 1)[0]), abs_tol=1e-6)


def test_what_pytorch_lacks_is_named():
    with pytest.raises(ValueError, match=r"must be made of functions that PyTorch has. Found besselj.*'besselj'"):
        torch_function(sympy.besselj(0, X), ["x"])


@pytest.mark.parametrize("function", [sympy.erfc, sympy.gamma, sympy.sinc, lambda z: sympy.lowergamma(1 / Y, z)])
def test_what_takes_one_number_only_or_cannot_be_written_is_named(function):
    with pytest.raises(ValueError, match=r"must be made of functions that PyTorch has. Found "):
        torch_function(function(X), ["x", "y"])


def test_a_symbol_may_be_called_as_a_function():
    found = torch_function(Symbol("sin") * sympy.sin(X), ["sin", "x"])
    torch.testing.assert_close(
        found(torch.full((2, 1), 3.0), torch.full((2, 1), 0.5)), torch.full((2, 1), 3 * math.sin(0.5))
    )
