"""Residuals at points: what they may hold."""

import pytest
import torch
from sympy import Derivative, Function, Integral, Subs, Symbol
from torch import nn

from modulus_relobralo.loops import Residuals

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
