"""Oracle: nested autograd of closed torch functions in float64."""

import math

import pytest
import sympy
import torch
from autograd_fields import evaluate, points
from sympy import Abs, Function, Piecewise, Symbol, cos, sin

from modulus_relobralo.problems import HelmholtzWave

X, Y = Symbol("x"), Symbol("y")
ASSUMED = Symbol("x", real=True)


def wave(x, y):
    return torch.sin(1.3 * x) * torch.cos(0.7 * y) + 0.1 * x**2 * y


def by_hand(x, y, k, source):
    """Return lap u + k^2 u - source of `wave`, differentiated on paper."""
    laplacian = -(1.3**2 + 0.7**2) * torch.sin(1.3 * x) * torch.cos(0.7 * y) + 0.2 * y
    return laplacian + k**2 * wave(x, y) - source


@pytest.mark.parametrize("k", [2.5, 1 + 0.3 * sin(ASSUMED) * Y, "k"], ids=["number", "medium", "field"])
@pytest.mark.parametrize("source", [0, cos(X * Y), "f"], ids=["none", "expression", "field"])
def test_residual(k, source):
    x, y = points(2, 2, lower=(-1, -1))
    values = {
        "k": {2.5: lambda x, y: 2.5}.get(k, lambda x, y: 1 + 0.3 * torch.sin(x) * y),
        "f": {0: lambda x, y: 0}.get(source, lambda x, y: torch.cos(x * y)),
    }
    residual = HelmholtzWave(k, source).equations["helmholtz"]
    computed = evaluate(residual, {"u": wave, **values}, x, y)
    expected = by_hand(x, y, values["k"](x, y), values["f"](x, y))
    torch.testing.assert_close(computed, expected, atol=1e-12, rtol=0)
    other = by_hand(x, y, 1.01 * values["k"](x, y), values["f"](x, y))
    assert (computed - other).abs().max() > 1e-3


def test_names():
    assert list(HelmholtzWave(1).equations) == ["helmholtz"]
    other = HelmholtzWave(1, u="v")
    assert list(other.equations) == ["helmholtz_v"]
    assert (other.output("u"), other.output("helmholtz")) == ("v", "helmholtz_v")
    assert other.equations["helmholtz_v"].has(Function("v")(X, Y).diff(X, 2))


def test_symbols_count_by_their_names():
    expected = HelmholtzWave(1 + X, X * Symbol("t") + Function("f")(X, Y), parameters=["t"]).equations
    source = Symbol("x", positive=True) * Symbol("t", real=True) + Function("f", real=True)(ASSUMED, Y)
    computed = HelmholtzWave(1 + ASSUMED, source, parameters=[Symbol("t", positive=True)]).equations
    assert computed == expected
    assert computed["helmholtz"].free_symbols == {X, Y, Symbol("t")}


def test_jumps_of_the_medium_and_the_source_may_stand():
    k, source = Piecewise((1, X < 0), (2, True)), Abs(X)
    assert HelmholtzWave(k, source).equations["helmholtz"].has(k**2 * Function("u")(X, Y))


@pytest.mark.parametrize("k", [0, -1, math.inf, math.nan, sympy.Integer(0), X - X])
def test_wave_number_must_be_positive(k):
    with pytest.raises(ValueError, match=r"Parameter `k` must be (in \(0, inf\)|finite and real)"):
        HelmholtzWave(k)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("k", 1 + 2j, TypeError),
        ("k", 1 + 2 * sympy.I, ValueError),
        ("k", True, TypeError),
        ("source", None, TypeError),
        ("source", X > 1, TypeError),
        ("source", sympy.nan, ValueError),
        ("k", Symbol("c"), ValueError),
        ("source", Symbol("u"), ValueError),
        ("source", "u", ValueError),
        ("source", "helmholtz", ValueError),
        ("source", Function("u")(X), ValueError),
        ("source", "x", ValueError),
        ("u", "x", ValueError),
        ("u", Symbol("u"), TypeError),
        ("parameters", ["u"], ValueError),
        ("parameters", "t", TypeError),
    ],
)
def test_what_is_refused(name, value, error):
    with pytest.raises(error, match=r"must (not )?(be|have)"):
        HelmholtzWave(**{"k": 1, name: value})
