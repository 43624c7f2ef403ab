"""Waves: the equation against nested autograd of closed torch functions in float64, rectangles, and solutions."""

import math

import numpy as np
import pytest
import sympy
import torch
from autograd_fields import FUNCTIONS, evaluate, points
from sympy import Abs, Function, Heaviside, I, Piecewise, Symbol, cos, exp, lambdify, log, pi, simplify, sin

from modulus_relobralo.plates import KirchhoffPlate
from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave, standing_wave
from modulus_relobralo.problems.sampling import samples

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
def test_residual_against_nested_autograd(k, source):
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


def test_names_of_the_equation():
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


@pytest.mark.parametrize("k", [-1, math.inf, math.nan, sympy.Integer(-2)])
def test_wave_number_must_not_be_negative(k):
    with pytest.raises(ValueError, match=r"Parameter `k` must be (in \[0, inf\)|finite and real)"):
        HelmholtzWave(k)


@pytest.mark.parametrize("k", [0, sympy.Integer(0), X - X])
def test_a_wave_number_of_zero_makes_it_poissons_equation(k):
    u = Function("u")(X, Y)
    assert HelmholtzWave(k, source=X).equations == {"helmholtz": u.diff(X, 2) + u.diff(Y, 2) - X}


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


# ----- rectangles


def test_a_wave_says_what_holds_where():
    edges = {"left": 2 - Y, "right": 0, "bottom": ASSUMED, "top": 1.5}
    wave = HelmholtzRectangle(3, 2, HelmholtzWave(3), edges, lower=(-1, 1))
    assert (wave.shape.lower, wave.shape.upper) == ((-1, 1), (2, 3))
    assert wave.equations == wave.equation.equations
    assert wave.inside == {"helmholtz": 0}
    assert wave.conditions == {"left": {"u": 2 - Y}, "right": {"u": 0}, "bottom": {"u": X}, "top": {"u": 1.5}}
    assert set(map(str, HelmholtzRectangle(1, 1, HelmholtzWave(1), 3).edges.values())) == {"3"}


def test_names_follow_the_amplitude():
    wave = HelmholtzRectangle(3, 2, HelmholtzWave(3, u="v", parameters=["t"]), edges=Symbol("t", real=True))
    assert wave.inside == {"helmholtz_v": 0}
    assert wave.conditions["top"] == {"v": Symbol("t")}
    assert wave.parameters == ("t",)


@pytest.mark.parametrize("k", [1, 2.5, 1 + 0.3 * sin(X) * Y], ids=["article", "number", "medium"])
@pytest.mark.parametrize("x", [X, ASSUMED, Symbol("x", positive=True)], ids=["plain", "real", "positive"])
def test_residual_of_the_solution_vanishes(k, x):
    solution = standing_wave(1, 4).subs(X, x)
    wave = HelmholtzRectangle.with_solution(2, 2, solution, k, lower=(-1, -1))

    def exact(x, y):
        return lambdify([X, Y], standing_wave(1, 4), [FUNCTIONS, "math"])(x, y)

    at = points(2, 2, lower=(-1, -1))
    assert evaluate(wave.equations["helmholtz"], {"u": exact}, *at).abs().max() < 1e-10
    detuned = HelmholtzWave(1.01 * wave.equation.k, wave.equation.source).equations["helmholtz"]
    assert evaluate(detuned, {"u": exact}, *at).abs().max() > 1e-3
    assert wave.edges == dict.fromkeys(wave.edges, standing_wave(1, 4))


def test_a_family_says_from_where_to_where_it_goes():
    k = Symbol("k")
    wave = HelmholtzRectangle(1, 1, HelmholtzWave(k=k, parameters={"k": (1, 3)}))
    known = HelmholtzRectangle.with_solution(1, 1, standing_wave(1, 4), k=k, parameters={k: (1, 3)})
    for family in (wave, known):
        assert (family.parameters, family.ranges) == (("k",), {"k": (1, 3)})
    drawn, _ = samples(wave, interior=100, edge=4)["interior"].draw(np.random.default_rng(0))
    assert (1 < drawn["k"].min() < 1.1) & (2.9 < drawn["k"].max() < 3)
    with pytest.raises(ValueError, match=r"must be a pair \(low, high\). Found `parameters\['k'\] = \(3, 1\)`"):
        HelmholtzWave(k=k, parameters={"k": (3, 1)})


def test_source_is_that_of_the_article():
    wave = HelmholtzRectangle.with_solution(2, 2, standing_wave(1, 4), k=1, lower=(-1, -1))
    source = lambdify((X, Y), wave.equation.source)
    for x, y in ((0.3, 0.1), (-0.7, 0.45)):
        article = (-(math.pi**2) - (4 * math.pi) ** 2 + 1) * math.sin(math.pi * x) * math.sin(4 * math.pi * y)
        assert source(x, y) == pytest.approx(article, rel=1e-12)


def test_a_number_and_a_family_are_solutions_too():
    assert HelmholtzRectangle.with_solution(1, 1, 3, k=2).equation.source == 12
    t = Symbol("t")
    family = HelmholtzRectangle.with_solution(1, 1, t * X**2, k=2, parameters=["t"])
    assert family.equation.source == 2 * t + 4 * t * X**2
    assert family.parameters == ("t",)


@pytest.mark.parametrize("solution", [Abs(X), X * Heaviside(X)], ids=str)
def test_a_solution_is_smooth(solution):
    with pytest.raises(ValueError, match="Parameter `solution` must be smooth"):
        HelmholtzRectangle.with_solution(1, 1, solution, k=1)


@pytest.mark.parametrize("name", ["edges", "solution"])
@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("u", (TypeError, ValueError)),
        (None, TypeError),
        (True, TypeError),
        (1j, TypeError),
        (math.nan, ValueError),
        (Symbol("t"), ValueError),
        (Symbol("normal_x"), ValueError),
        (Function("g")(X, Y), ValueError),
        (log(X - 9), ValueError),
    ],
    ids=repr,
)
def test_values_are_numbers_or_expressions(name, value, error):
    make = {
        "edges": lambda: HelmholtzRectangle(1, 1, HelmholtzWave(1), edges=value),
        "solution": lambda: HelmholtzRectangle.with_solution(1, 1, value, k=1),
    }
    with pytest.raises(error, match=rf"Parameter `({name}|source|conditions\['left'\]\['u'\])` must be"):
        make[name]()


@pytest.mark.parametrize(("k", "source"), [(log(X - 9), 0), (1, log(X - 9))], ids=["k", "source"])
def test_medium_and_source_are_finite(k, source):
    with pytest.raises(ValueError, match=r"Parameter `(k|source)` must be in \(-inf, inf\) everywhere. Found nan at"):
        HelmholtzRectangle(1, 1, HelmholtzWave(k, source))


@pytest.mark.parametrize("edges", [{"left": 0}, {}, dict.fromkeys(["left", "right", "bottom", "top", "front"], 0)])
def test_every_edge_needs_a_value(edges):
    with pytest.raises(ValueError, match=r"Parameter `edges` must be one for all edges.* Found `edges` for "):
        HelmholtzRectangle(1, 1, HelmholtzWave(k=1), edges=edges)


def test_edges_take_conditions_of_every_kind():
    n_x, n_y = Symbol("normal_x"), Symbol("normal_y")
    u = Function("u")(X, Y)
    slope = u.diff(X) * n_x + u.diff(Y) * n_y
    held = {"left": 1, "right": {"u__x": Y}, "bottom": "rigid", "top": {"robin": slope + 3 * u}}
    room = HelmholtzRectangle(1, 1, HelmholtzWave(k=2), edges=held)
    assert room.conditions == {"left": {"u": 1}, "right": {"u__x": Y}, "bottom": {"rigid": 0}, "top": {"robin": 0}}
    assert room.equations["rigid"] == slope


def test_a_plane_wave_leaves_through_absorbing_edges():
    """A plane wave exp(i k x) solves the equation and leaves at the right; one that comes from there does not."""
    wave = HelmholtzWave(k=3, is_complex=True)
    duct = HelmholtzRectangle(1, 1, wave, {"left": exp(I * Y), "right": "absorbing", "bottom, top": "rigid"})
    assert list(duct.inside) == ["helmholtz_re", "helmholtz_im"]
    assert list(wave.equations) == ["helmholtz_re", "helmholtz_im"]
    assert duct.conditions["left"] == {"u_re": cos(Y), "u_im": sin(Y)}
    at = {"normal_x": 1, "normal_y": 0, X: 1, Y: 0.3}
    for direction, leaves in ((1, True), (-1, False)):
        fields = {Function("u_re")(X, Y): cos(3 * X), Function("u_im")(X, Y): direction * sin(3 * X)}
        found = {name: e.subs(fields).doit().subs(at) for name, e in duct.equations.items()}
        assert all(abs(found[name]) < 1e-12 for name in ("helmholtz_re", "helmholtz_im"))
        assert all(abs(found[name]) < 1e-12 for name in ("absorbing_re", "absorbing_im")) is leaves
    with pytest.raises(ValueError, match=r"can absorb a complex amplitude only: set `is_complex=True`"):
        HelmholtzRectangle(1, 1, HelmholtzWave(k=3), edges="absorbing")
    with pytest.raises(ValueError, match=r"`edges` must be one of \['rigid', 'absorbing'\]. Found `edges = 'soft'`"):
        HelmholtzRectangle(1, 1, wave, edges="soft")


def test_a_complex_solution_has_a_complex_source():
    known = HelmholtzRectangle.with_solution(1, 2, exp(I * X) * Y, k=2, is_complex=True)
    assert simplify(known.equation.source - 3 * Y * exp(I * X).rewrite(cos)) == 0
    assert known.conditions["top"] == {"u_re": Y * cos(X), "u_im": Y * sin(X)}
    with pytest.raises(ValueError, match=r"Parameter `solution` must be"):
        HelmholtzRectangle.with_solution(1, 2, exp(I * X) * Y, k=2)
    with pytest.raises(TypeError, match=r"`is_complex` must be a bool. Found `is_complex = 1`"):
        HelmholtzWave(2, is_complex=1)


def test_the_equation_is_that_of_a_wave():
    with pytest.raises(TypeError, match=r"Parameter `equation` must be a HelmholtzWave. Found"):
        HelmholtzRectangle(1, 1, KirchhoffPlate(1, 0, 0))


# ----- solutions


def test_standing_wave_solves_the_free_helmholtz_equation_at_its_wave_number():
    """Without a source lap u + k^2 u = 0 holds for k^2 = pi^2 (m^2 + n^2), and for no other k."""
    u = standing_wave(3, 2)
    laplacian = u.diff(X, 2) + u.diff(Y, 2)
    assert simplify(laplacian + 13 * pi**2 * u) == 0
    assert simplify(laplacian + 12 * pi**2 * u) != 0
    assert float(u.subs({X: 1 / 6, Y: 1 / 4})) == pytest.approx(1)


@pytest.mark.parametrize(("m", "n", "wrong"), [(0, 1, "m"), (1, -4, "n")])
def test_frequencies_must_be_positive(m, n, wrong):
    with pytest.raises(ValueError, match=rf"Parameter `{wrong}` must be in \(0, inf\)"):
        standing_wave(m, n)
