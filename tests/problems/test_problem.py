"""Problems of a person's own: what they hold, which loss terms hold where, and what is refused by name."""

import math

import numpy as np
import pytest
from sympy import Abs, Derivative, Eq, Function, I, Integral, Subs, Symbol, log, pi, sin

from modulus_relobralo.plates import KirchhoffPlate, Plate
from modulus_relobralo.problems import Interval, Polygon, Problem, Rectangle, circle
from modulus_relobralo.problems.expressions import HIGHEST_ORDER
from modulus_relobralo.problems.places import places
from modulus_relobralo.problems.sampling import samples
from modulus_relobralo.taylor.jets import MAX_ORDER

X, Y, T, K, N = Symbol("x"), Symbol("y"), Symbol("t"), Symbol("k"), Symbol("normal_x")
U, V, P = (Function(name)(X, Y) for name in "uvp")
LINE, IN_TIME = Function("u")(X), Function("u")(X, T)
BURGERS = {
    "shape": Interval(-1, 1),
    "time": (0, 2),
    "equations": {"burgers": IN_TIME.diff(T) + IN_TIME * IN_TIME.diff(X) - 0.01 / pi * IN_TIME.diff(X, 2)},
    "conditions": {"left, right": {"u": 0}},
    "initial": {"u": -sin(pi * X)},
}
POISSON = {
    "shape": Rectangle(2, 1),
    "equations": {"poisson": U.diff(X, 2) + U.diff(Y, 2) - 1},
    "conditions": {"left": {"u": 0}, "right, bottom, top": {"u": 1}},
}
CAVITY = {
    "shape": Rectangle(1, 1),
    "equations": {
        "continuity": U.diff(X) + V.diff(Y),
        "momentum_x": U * U.diff(X) + V * U.diff(Y) + P.diff(X) - (U.diff(X, 2) + U.diff(Y, 2)) / K,
        "momentum_y": U * V.diff(X) + V * V.diff(Y) + P.diff(Y) - (V.diff(X, 2) + V.diff(Y, 2)) / K,
    },
    "conditions": {"left, right, bottom": {"u": 0, "v": 0}, "top": {"u": 16 * X**2 * (1 - X) ** 2, "v": 0}},
    "parameters": {"k": (100, 400)},
}


def terms(problem, initial=None, per_edge=False):
    return {place.name: list(place.terms) for place in places(problem, 8, 4, initial, per_edge)}


def drawn(place):
    return place.draw(np.random.default_rng(0))


# ----- what a problem holds


def test_burgers():
    burgers = Problem(**BURGERS)
    assert burgers.inputs == ("x", "t")
    assert terms(burgers, 4) == {"interior": ["burgers"], "edges": ["u"], "initial": ["u_initial"]}
    assert terms(burgers, 4, True) == {
        "interior": ["burgers"],
        "left": ["u_left"],
        "right": ["u_right"],
        "initial": ["u_initial"],
    }
    made = samples(burgers, interior=400, edge=50, initial=60)
    inside, areas = drawn(made["interior"])
    assert set(inside) == {"x", "t"}
    assert (-1 < inside["x"].min() < -0.9) & (0.9 < inside["x"].max() < 1)
    assert (0 < inside["t"].min() < 0.1) & (1.9 < inside["t"].max() < 2)
    assert areas.sum() == pytest.approx(2)
    ends, counts = drawn(made["edges"])
    assert sorted(set(zip(ends["x"], ends["normal_x"], strict=True))) == [(-1, -1), (1, 1)]
    assert 1.8 < ends["t"].max() < 2
    assert (len(ends["x"]), counts.sum()) == (100, pytest.approx(2))  # an end counts as one
    start, _ = drawn(made["initial"])
    assert (start["t"] == 0).all()
    assert len(set(start["x"])) == 60


def test_several_fields_and_a_family():
    cavity = Problem(**CAVITY)
    assert cavity.inputs == ("x", "y", "k")
    assert list(cavity.fields) == ["p", "u", "v"]
    assert list(cavity.inside) == ["continuity", "momentum_x", "momentum_y"]
    assert terms(cavity) == {"interior": list(cavity.inside), "left_right_bottom": ["u", "v"], "top": ["u", "v"]}
    assert [place.terms["u"].fraction for place in places(cavity, 8, 4)[1:]] == [0.75, 0.25]
    inside, _ = drawn(samples(cavity, interior=400, edge=4)["interior"])
    assert (100 < inside["k"].min() < 105) & (395 < inside["k"].max() < 400)


def test_conditions_name_variables_derivatives_equations_and_expressions():
    flux, h = U.diff(X) * N + U.diff(Y) * Symbol("normal_y"), Symbol("h")
    problem = Problem(
        Rectangle(2, 1),
        equations={"poisson": U.diff(X, 2) + U.diff(Y, 2) - 1, "flux": flux},
        inside=["poisson"],
        conditions={"left": {U: Y}, "right": {U.diff(X): 2}, "bottom": {"flux": 3}, "top": {"robin": flux + h * U}},
        coefficients={"top": {"h": 2 * X}},
    )
    assert problem.inside == {"poisson": 0}
    assert problem.conditions == {"left": {"u": Y}, "right": {"u__x": 2}, "bottom": {"flux": 3}, "top": {"robin": 0}}
    assert problem.equations["robin"] == flux + h * U
    assert problem.expression("u__x__y") == U.diff(X, Y)
    assert problem.derivatives == ("u__x",)
    assert list(terms(problem, per_edge=True).values())[1:] == [
        ["u_left"],
        ["u_x_right"],
        ["flux_bottom"],
        ["robin_top"],
    ]
    top, _ = drawn(samples(problem, 8, 4)["top"])
    np.testing.assert_allclose(top["h"], 2 * top["x"])


def test_edges_and_corners_and_where_nothing_holds():
    corner = "corner_edge_1_edge_2"
    triangle = Polygon([(0, 0), (2, 0), (0, 2)])
    problem = Problem(triangle, POISSON["equations"], {"edge_2": {"u": 0}, "edge_1, edge_3": {}, corner: {"u": 0}})
    assert terms(problem) == {"interior": ["poisson"], "edge_2": ["u"], corner: ["u"]}
    assert places(problem, 8, 4)[2].count == 2
    everywhere = Problem(triangle, POISSON["equations"], {"edges": {"u": 0}})
    assert terms(everywhere) == {"interior": ["poisson"], "edges": ["u"]}


def test_a_wave_in_time_starts_with_a_value_and_a_velocity():
    wave = {**BURGERS, "equations": {"wave": IN_TIME.diff(T, 2) - 4 * IN_TIME.diff(X, 2)}}
    problem = Problem(**{**wave, "initial": {"u": sin(pi * X), "u__t": 0}})
    assert terms(problem, 4)["initial"] == ["u_initial", "u_t_initial"]
    with pytest.raises(ValueError, match=r"must say what u, u__t are at the first time, .* Found none of u__t\."):
        Problem(**wave)
    unknown = Problem(**{**wave, "initial": {"u": sin(pi * X), "u__t": None}})
    assert terms(unknown, 4)["initial"] == ["u_initial"]
    stated = Problem(**{**wave, "initial": {"u": sin(pi * X), "velocity": IN_TIME.diff(T) + 2 * IN_TIME.diff(X)}})
    assert terms(stated, 4)["initial"] == ["u_initial", "velocity_initial"]


def test_symbols_count_by_their_names():
    real, time = Symbol("x", real=True), Symbol("t", positive=True)
    u = Function("u")(real, time)
    other = {"equations": {"burgers": u.diff(time) + u * u.diff(real) - 0.01 / pi * u.diff(real, 2)}}
    assert Problem(**{**BURGERS, **other}).equations == Problem(**BURGERS).equations


def test_plates_and_waves_are_problems():
    plate = Plate(circle(1), KirchhoffPlate(D=1, nu=0.3, p=1, parameters={"k": (1, 2)}), edges="clamped")
    assert isinstance(plate, Problem)
    assert (plate.inputs, plate.ranges) == (("x", "y", "k"), {"k": (1, 2)})
    assert plate.coefficients == {"rim": {"curvature": 1}}


def test_the_highest_order_is_that_of_taylor_mode():
    assert HIGHEST_ORDER == MAX_ORDER


# ----- what is refused


def made(base, **changes):
    return lambda: Problem(**{**base, **changes})


@pytest.mark.parametrize(("right", "found"), [(2, ["left_right"]), (3, ["left", "right"])])
def test_edges_share_points_only_where_their_coefficients_are_the_same(right, found):
    given = {**POISSON, "coefficients": {"left": {"h": 2}, "right": {"h": right}}}
    robin = {"robin": U.diff(X) + Symbol("h") * U}
    held = terms(Problem(**{**given, "conditions": {"left, right": robin, "bottom, top": {}}}))
    assert held == {"interior": ["poisson"], **{part: ["robin"] for part in found}}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (made(POISSON, shape="square"), TypeError, r"`shape` must be an Interval or a shape .* Found 'square'"),
        (made(POISSON, equations={}), TypeError, r"`equations` must map names to expressions. Found"),
        (made(POISSON, equations={"poisson": 3}), ValueError, r"must be an expression in dependent variables. Found 3"),
        (made(POISSON, equations={"poisson": X}), ValueError, r"must be an expression in dependent variables. Found x"),
        (made(POISSON, equations={"poisson": U.diff(X) - K}), ValueError, r"in x, y; declare further .* Found k"),
        (made(POISSON, equations={"poisson": U.diff(X) - T}), ValueError, r"in x, y; declare further .* Found t"),
        (made(POISSON, equations={"u": U.diff(X)}), ValueError, r"must not be named as equations, u. Found u"),
        (made(POISSON, equations={"u__x": U.diff(X)}), ValueError, r"letters, digits and single under.* Found 'u__x'"),
        (made(POISSON, equations={"kdv": U.diff(X, 3, Y, 2)}), ValueError, r"`equations\['kdv'\]` .* up to order 4"),
        (made(POISSON, equations={"a": LINE.diff(X), "b": U}), ValueError, r"`u` must have the same arguments"),
        (made(POISSON, equations={"a": U.diff(X) + I * U}), ValueError, r"of real numbers and symbols. Found I"),
        (made(POISSON, equations={"a": Function("u")(Y, X)}), ValueError, r"over x, y, in this order. Found u\(y, x\)"),
        (made(POISSON, equations={"a": Function("u")(0, Y)}), ValueError, r"over x, y, in this order. Found u\(0, y\)"),
        (made(POISSON, equations={"a": Function("u")(X - 1, Y)}), ValueError, r"in this order. Found u\(x - 1, y\)"),
        (made(POISSON, equations={"a": Integral(U, (X, 0, 1))}), ValueError, r"evaluated at points. Found Integral"),
        (made(POISSON, equations={"a": Subs(U.diff(X), X, 1)}), ValueError, r"evaluated at points. Found Subs"),
        (made(POISSON, equations={"a": IN_TIME.diff(T)}), ValueError, r"over x, y, in this order. Found u\(x, t\)"),
        (
            made(POISSON, conditions={"left": {"u": 0}}),
            ValueError,
            r"name each of left, right.* Found no bottom, right,",
        ),
        (
            made(POISSON, conditions={"edges": {"u": 0}, "left": {}}),
            ValueError,
            r"each edge and corner once. Found left",
        ),
        (made(POISSON, conditions={"front": {"u": 0}}), ValueError, r"name edges or corners, left, .* Found front"),
        (
            made(POISSON, conditions={"edges": 0}),
            TypeError,
            r"must map quantities of an edge to values. Found edges: 0",
        ),
        (made(POISSON, conditions={"edges": {"v": 0}}), ValueError, r"name a dependent variable, u, .* Found 'v'"),
        (made(POISSON, conditions={"edges": {"u__z": 0}}), ValueError, r"a derivative of one by x, y.* Found 'u__z'"),
        (made(POISSON, conditions={"edges": {"u__x__x__x__x__x": 0}}), ValueError, r"up to order 4. Found 'u__x__x__x"),
        (
            made(POISSON, conditions={"edges": {"u": K}}),
            ValueError,
            r"`conditions\['left'\]\['u'\]` must be .* Found k",
        ),
        (made(POISSON, conditions={"edges": {"u": V}}), ValueError, r"under a name of its own. Found u: v\(x, y\)"),
        (
            made(POISSON, conditions={"edges": {Function("u")(0, Y): 1}}),
            ValueError,
            r"have u\(x, y\) as .* Found u\(0, y",
        ),
        (made(POISSON, conditions={"edges": {U.diff(X).subs(Y, 1): 1}}), ValueError, r"at the point .*Found .*u\(x, 1"),
        (made(POISSON, conditions={"edges": {U + 1: 0}}), TypeError, r"an expression is stated under a name.* Found u"),
        (
            made(POISSON, conditions={"edges": {"u": log(X - 1)}}),
            ValueError,
            r"\['u'\]` must be in .* Found nan at \(0,",
        ),
        (
            made(POISSON, conditions={"left, right": {"a": U - 1}, "bottom, top": {"a": U - X}}),
            ValueError,
            r"Equation `a` must be the same everywhere. Found u\(x, y\) - 1 and -x \+ u\(x, y\)",
        ),
        (
            made(POISSON, equations={"poisson": U.diff(X), "u_x": U}, conditions={"edges": {"u__x": 0}}),
            ValueError,
            r"must not be named as the derivative u__x. Found u_x",
        ),
        (
            made(POISSON, inside=["heat"]),
            ValueError,
            r"`inside` must name some of the equations, poisson. Found \['heat'\]",
        ),
        (made(POISSON, equations={"a": U.diff(X) * N}), ValueError, r"Found no normal_x at interior"),
        (
            made(POISSON, coefficients={"left": {"h": 1}}, equations={"a": U * Symbol("h")}),
            ValueError,
            r"no h at interior",
        ),
        (
            made(
                POISSON, coefficients={"left": {"h": 1}}, conditions={"edges": {"robin": U.diff(X) + Symbol("h") * U}}
            ),
            ValueError,
            r"Equation `robin` must have values .* Found no h at right",
        ),
        (made(POISSON, coefficients={"left": {"x": 1}}), ValueError, r"`coefficients` must not be one of .* Found 'x'"),
        (
            made(POISSON, parameters={"k": (2, 1)}),
            ValueError,
            r"must be a pair \(low, high\). Found `parameters\['k'\]",
        ),
        (made(POISSON, parameters=["poisson"]), ValueError, r"must not be one of .*poisson.* Found 'poisson'"),
        (made(POISSON, initial={"u": 0}), ValueError, r"`initial` must be left out where there is no `time`"),
        (made(BURGERS, time=(1, 0)), ValueError, r"`time` must be a pair \(low, high\). Found `time = \(1, 0\)`"),
        (made(BURGERS, equations={"a": Function("t")(X, T)}), ValueError, r"must not be one of .* Found 't'"),
        (made(BURGERS, parameters=["k", "t"]), ValueError, r"`parameters` must not be one of .* Found 't'"),
        (made(BURGERS, initial=None), ValueError, r"must say what u are at the first time, .* Found none of u\."),
        (made(BURGERS, initial={"u": log(X)}), ValueError, r"`initial\['u'\]` must be in .* Found nan at \(-0.9, 0\)"),
        (made(BURGERS, initial={"u": 0, "v": 0}), ValueError, r"`initial` must name a dependent .* Found 'v'"),
        (made(BURGERS, initial={"u": 0, "a": IN_TIME * N}), ValueError, r"Found no normal_x at initial"),
        (
            lambda: Problem(Polygon([(0, 0), (1, 0), (0, 1)], ["a", "initial", "b"]), POISSON["equations"], {}),
            ValueError,
            r"Edges must not be named interior, edges or initial. Found initial",
        ),
        (
            made(POISSON, equations={"a": Eq(U.diff(X), V)}),
            TypeError,
            r"an expression that vanishes: of a = b .* Found Eq",
        ),
        (
            made(POISSON, conditions={"edges": {"a": Eq(U.diff(X), U)}}),
            TypeError,
            r"`conditions\['left'\]\['a'\]` .* a - b",
        ),
        (made(POISSON, conditions={"edges": {"u": 0, U: 1}}), ValueError, r"each quantity once. Found u and u\(x, y\)"),
        (
            made(BURGERS, initial={"u": 0, IN_TIME: 1}),
            ValueError,
            r"`initial` must hold each quantity once. Found u and u",
        ),
        (
            made(POISSON, conditions={"edges": {"u__x__y": 0, "u__y__x": 1}}),
            ValueError,
            r"each quantity once. Found u__x__y and 'u__y__x'",
        ),
        (made(POISSON, dense=[Interval(0, 1)]), TypeError, r"`dense` must hold shapes over x, y. Found Interval"),
        (
            made(POISSON, dense=[circle(0.6, (1, 0.5))]),
            ValueError,
            r"`dense` must hold parts of the shape. Found Ellipse",
        ),
        (made(BURGERS, dense=[Interval(2, 3)]), ValueError, r"parts of the shape. .* with \(2.05,\) outside"),
        (lambda: Interval(1, 1), ValueError, r"`low` must be below `high`. Found `low = 1.0`, `high = 1.0`"),
        (lambda: Interval(0, math.inf), ValueError, r"Parameter `high` must be in"),
    ],
)
def test_what_contradicts_or_cannot_be_held_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_points_at_the_start_fit_the_problem():
    with pytest.raises(ValueError, match=r"`initial`, of points at the first time, must be given for u. Found None"):
        samples(Problem(**BURGERS), 8, 4)
    with pytest.raises(ValueError, match=r"must be left out, because nothing is known. Found 4"):
        samples(Problem(**POISSON), 8, 4, initial=4)
    with pytest.raises(ValueError, match="`initial` must be at least 1"):
        samples(Problem(**BURGERS), 8, 4, initial=0)


def test_loss_terms_of_two_quantities_have_two_names():
    problem = Problem(**{**BURGERS, "equations": {"u_initial": IN_TIME.diff(T) - IN_TIME.diff(X)}})
    with pytest.raises(ValueError, match=r"different names. Found `u_initial` of u_initial and of u"):
        places(problem, 8, 4, 4)


def test_jumps_of_values_and_sources_may_stand():
    assert Problem(**{**POISSON, "conditions": {"edges": {"u": Abs(X - 1)}}}).conditions["top"]["u"] == Abs(X - 1)
    assert Derivative(U, X) in Problem(**{**POISSON, "equations": {"a": U.diff(X) + Abs(X)}}).equations["a"].atoms(
        Derivative
    )
