"""Which planes of a field are shown."""

import numpy as np
import pytest
from written_runs import X, Y

from modulus_relobralo.report.planes import planes

x, y = X.ravel(), Y.ravel()


def repeated(values):
    number = len(values)
    return {"h": np.repeat(values, 36), "x": np.tile(x, number), "y": np.tile(y, number)}


@pytest.mark.parametrize(
    "coordinates",
    [
        {},
        {"x": x},
        # On a line, at one moment, at a point that is nowhere.
        {"x": x, "y": 2 * x + 1},
        {"x": x, "t": np.full_like(x, 3.0)},
        {"x": np.where(y == 0, np.nan, x), "y": y},
        # Scattered, so that no two points have one value of h.
        {"x": x, "y": y, "h": np.arange(36.0)},
    ],
)
def test_points_that_span_no_plane_have_none(coordinates):
    assert planes(coordinates) == []


@pytest.mark.parametrize(
    ("coordinates", "names", "of_lengths"),
    [
        ({"x": x, "y": y}, ("x", "y"), True),
        ({"x": x, "t": y}, ("x", "t"), False),
        ({"t": x, "x": y}, ("x", "t"), False),
    ],
)
def test_two_coordinates_are_a_plane(coordinates, names, of_lengths):
    (plane,) = planes(coordinates)
    assert (plane.names, plane.of_lengths, plane.at) == (names, of_lengths, "")
    np.testing.assert_array_equal(plane.x, coordinates[names[0]])
    np.testing.assert_array_equal(plane.rows, np.arange(36))


def test_what_has_one_value_is_no_axis_but_said():
    (plane,) = planes({"x": x, "z": np.full_like(x, 0.5), "y": y})
    assert (plane.names, plane.at) == (("x", "y"), "z = 0.5")


@pytest.mark.parametrize(
    ("values", "shown"),
    [([1.0, 2.0], ["h = 1", "h = 2"]), ([1.0, 2.0, 3.0, 4.0, 5.0], ["h = 1", "h = 3", "h = 5"])],
)
def test_of_a_parameter_the_first_the_middle_and_the_last_value_are_shown(values, shown):
    coordinates = repeated(values)
    found = planes(coordinates)
    assert [plane.at for plane in found] == shown
    for plane in found:
        assert set(coordinates["h"][plane.rows]) == {float(plane.at.removeprefix("h = "))}
        np.testing.assert_array_equal(plane.y, y)
