"""Rectangular plates as problems: without a host."""

import math

import pytest
from omegaconf import OmegaConf
from sympy import Function, Symbol, log, sin, sqrt

from modulus_relobralo.plates import EdgeCondition, KirchhoffPlate, RectangularPlate
from modulus_relobralo.problems import HelmholtzWave

X, Y = Symbol("x"), Symbol("y")
EQUATION = KirchhoffPlate(D=1.5, nu=0.2, p=0.7)
MIXED = {"left": "clamped", "right": "clamped", "bottom": "simply_supported", "top": "simply_supported"}


def test_a_plate_says_what_holds_where():
    plate = RectangularPlate(3, 2, EQUATION, MIXED, lower=(-1, 1))
    assert (plate.shape.lower, plate.shape.upper) == ((-1, 1), (2, 3))
    assert plate.equations == EQUATION.equations
    assert plate.inside == {"kirchhoff": 0}
    supported, clamped = {"w": 0, "M_n": 0}, {"w": 0, "slope_n": 0}
    assert plate.conditions == {"left": clamped, "right": clamped, "bottom": supported, "top": supported}


def test_every_name_is_one_of_the_equations_or_the_deflection():
    for w in ("w", "v"):
        equation = KirchhoffPlate(D=1.5, nu=0.2, p="q", w=w, parameters=["h"])
        plate = RectangularPlate(3, 2, equation, MIXED)
        assert plate.parameters == ("h",)
        names = {name for outputs in plate.conditions.values() for name in outputs}
        assert set(plate.inside) | names <= {w, *equation.equations}
    assert plate.inside == {"kirchhoff_v": 0}
    assert names == {"v", "M_n_v", "slope_n_v"}


def test_edges_from_a_config():
    config = OmegaConf.create("edges: {left: clamped, right: clamped, bottom: simply_supported, top: simply_supported}")
    plate = RectangularPlate(3, 2, EQUATION, MIXED)
    assert RectangularPlate(3, 2, EQUATION, config.edges).edges == plate.edges
    assert plate.edges["left"] is EdgeCondition.CLAMPED
    assert set(RectangularPlate(3, 2, EQUATION, EdgeCondition.CLAMPED).edges.values()) == {EdgeCondition.CLAMPED}


@pytest.mark.parametrize("held", ["hinged", "CLAMPED", None, True, 0], ids=repr)
def test_unknown_condition(held):
    with pytest.raises(
        ValueError, match=rf"Parameter `edges` must hold one of simply_supported, .* Found {held!r} on the top edge."
    ):
        RectangularPlate(3, 2, EQUATION, {**MIXED, "top": held})


@pytest.mark.parametrize("edges", [{"left": "clamped"}, {**MIXED, "front": "clamped"}, {}], ids=["few", "more", "none"])
def test_every_edge_needs_a_condition(edges):
    with pytest.raises(ValueError, match=r"Parameter `edges` must be one for all edges, or name each of left, right"):
        RectangularPlate(3, 2, EQUATION, edges)


@pytest.mark.parametrize("equation", [HelmholtzWave(1), EQUATION.equations, None], ids=lambda e: type(e).__name__)
def test_the_equation_is_that_of_a_plate(equation):
    with pytest.raises(TypeError, match=r"Parameter `equation` must be a KirchhoffPlate. Found"):
        RectangularPlate(3, 2, equation, "simply_supported")


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("D", X - 0.5, r"\(0, inf\) everywhere. Found -0.5 at \(0, 0\)"),
        ("D", 0.9 + sin(X), r"\(0, inf\) everywhere"),
        ("D", X * Y, r"\(0, inf\) everywhere. Found 0 at \(0, 0\)"),
        ("nu", X, r"\(-1, 0.5\] everywhere. Found 0.6 at \(0.6, 0\)"),
        ("nu", -X, r"\(-1, 0.5\] everywhere"),
        ("p", log(X - 1), r"\(-inf, inf\) everywhere. Found nan at"),
        ("p", sqrt(X - 1), r"\(-inf, inf\) everywhere. Found nan at"),
        ("p", 1 / (X - 1.5), r"\(-inf, inf\) everywhere. Found nan at \(1.5, "),
    ],
    ids=str,
)
def test_values_must_be_in_range_on_the_plate(name, value, found):
    with pytest.raises(ValueError, match=f"Parameter `{name}` must be .*{found}"):
        RectangularPlate(6, 4, KirchhoffPlate(**{"D": 1, "nu": 0.2, "p": 1, name: value}), "simply_supported")


def test_values_that_are_not_known_yet_are_let_through():
    for unknown in (Function("q")(X, Y) - 1, Symbol("h") - 1):
        RectangularPlate(6, 4, KirchhoffPlate(D=unknown, nu=unknown, p=unknown, parameters=["h"]), "simply_supported")


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("a", 0, ValueError),
        ("b", -1, ValueError),
        ("a", math.nan, ValueError),
        ("b", math.inf, ValueError),
        ("a", True, TypeError),
        ("b", "4", TypeError),
        ("a", X, TypeError),
        ("a", 1j, TypeError),
    ],
)
def test_lengths_must_be_positive(name, value, error):
    with pytest.raises(error, match=rf"Parameter `{name}` must be .*in \(0, inf\)"):
        RectangularPlate(**{"a": 1, "b": 1, "equation": EQUATION, name: value})
