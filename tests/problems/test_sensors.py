"""Measured values at given points: their places, draws and loss terms, and what is refused by name."""

import numpy as np
import pytest
from sympy import Function, Symbol

from modulus_relobralo.problems import Interval, Problem
from modulus_relobralo.problems.places import places
from modulus_relobralo.problems.sampling import samples

X, T = Symbol("x"), Symbol("t")
U = Function("u")(X, T)
AT = np.linspace(-1, 1, 9)
SENSORS = {"x": AT, "t": 0.5, "u": AT**2}


def made(sensors, **changes):
    held = {
        "time": (0, 1),
        "equations": {"heat": U.diff(T) - U.diff(X, 2)},
        "conditions": {"left, right": {}},
        "initial": {"u": None},
    }
    return Problem(Interval(-1, 1), **{**held, **changes}, sensors=sensors)


def test_all_points_come_in_every_draw_each_with_its_value():
    problem = made(SENSORS)
    place = samples(problem, interior=8, edge=4)["sensors"]
    assert list(place.terms) == ["u_sensors"]
    points, areas = place.draw(np.random.default_rng(0))
    assert set(points) == {"x", "t", "u_sensors"}
    np.testing.assert_array_equal(points["x"], AT)
    np.testing.assert_array_equal(points["u_sensors"], AT**2)
    assert (points["t"] == 0.5).all()
    assert areas.sum() == pytest.approx(1)  # the loss is the mean of the squares
    assert place.factors == {"u_sensors": 1.0}


def test_a_number_of_points_is_drawn_from_all():
    place = samples(made(SENSORS), interior=8, edge=4, sensors=5)["sensors"]
    generator = np.random.default_rng(0)
    draws = [place.draw(generator) for _ in range(20)]
    for points, areas in draws:
        assert len(set(points["x"])) == 5
        np.testing.assert_array_equal(points["u_sensors"], points["x"] ** 2)
        assert areas.sum() == pytest.approx(1)
    assert {x for points, _ in draws for x in points["x"]} == set(AT)


@pytest.mark.parametrize("reduction", ["integral", "mean"])
def test_sets_have_names_and_derivatives_can_be_measured(reduction):
    slopes = {"x": [0.0, 0.5], "t": [1.0, 0.0], U.diff(X): [[1.0], [2.0]], "u": 0}
    problem = made({"probe": SENSORS, "camera": slopes})
    assert problem.derivatives == ("u__x",)
    found = samples(problem, interior=8, edge=4, reduction=reduction, sizes={"u__x": 2.0})
    assert {name: list(place.terms) for name, place in found.items()} == {
        "interior": ["heat"],
        "probe": ["u_probe"],
        "camera": ["u_x_camera", "u_camera"],
    }
    assert found["camera"].factors == {"u_x_camera": 0.25, "u_camera": 1.0}
    points, _ = found["camera"].draw(np.random.default_rng(0))
    assert (points["u_x_camera"] == [1, 2]).all()
    assert (points["u_camera"] == 0).all()


def test_points_of_a_family_say_their_parameters():
    problem = made({**SENSORS, "k": 2.0}, parameters={"k": (1, 3)})
    points, _ = samples(problem, interior=8, edge=4)["sensors"].draw(np.random.default_rng(0))
    assert (points["k"] == 2).all()


@pytest.mark.parametrize(
    ("sensors", "error", "message"),
    [
        ([1, 2], TypeError, r"`sensors` must map names of inputs and quantities to arrays. Found \[1, 2\]"),
        ({"x": AT, "u": AT}, ValueError, r"a column for each of x, t, and one .* Found x, u\."),
        ({"x": AT, "t": 0.5}, ValueError, r"and one for what is measured. Found x, t\."),
        ({**SENSORS, "v": 0}, ValueError, r"`sensors\['sensors'\]` must name a dependent variable, u.* Found 'v'"),
        ({**SENSORS, "x": AT[1:]}, ValueError, r"columns of one length, .* Found 8 of x, 1 of t, 9 of u"),
        ({**SENSORS, "u": np.where(AT > 0, np.nan, 1)}, ValueError, r"finite numbers. Found 4 of 9 that are not"),
        ({**SENSORS, "u": []}, ValueError, r"must hold finite numbers. Found none"),
        (
            {**SENSORS, "u": "warm"},
            TypeError,
            r"`sensors\['sensors'\]\['u'\]` must be an array of numbers. Found 'warm'",
        ),
        ({**SENSORS, "u": 1j}, TypeError, r"must be real, or of one of `complex_fields`"),
        ({**SENSORS, "x": 2 * AT}, ValueError, r"points in the shape, .* Found 4 of 9 .* first at x = -2, t = 0.5"),
        ({**SENSORS, "t": 3}, ValueError, r"Found 9 of 9 that are not, the first at x = -1, t = 3"),
        ({"left": SENSORS}, ValueError, r"`sensors` must not be one of .*left.* Found 'left'"),
        ({"my probe": SENSORS}, ValueError, r"`sensors` must be a name of letters, .* Found 'my probe'"),
    ],
)
def test_bad_input_is_named(sensors, error, message):
    with pytest.raises(error, match=message):
        made(sensors)


def test_the_count_and_the_names_of_loss_terms_are_checked():
    with pytest.raises(ValueError, match=r"`sensors` must be at most the points of each set of sensors, 9. Found 10"):
        places(made(SENSORS), 8, 4, sensors=10)
    taken = made(SENSORS, equations={"u_sensors": U.diff(T)})
    with pytest.raises(ValueError, match=r"not be named as a loss term of sensors. Found u_sensors"):
        places(taken, 8, 4)
