"""Files of validators and inferencers that hold what was expected, and others."""

import re

import numpy as np
import pytest
from written_runs import EXACT, X, Y

from modulus_relobralo.report.fields import planes, read_fields

GOOD = {"x": X, "y": Y, "true_w": EXACT, "pred_w": 2 * EXACT}


def read(folder, content):
    np.savez(folder / "exact", content)
    return read_fields(folder / "exact.npz")


def test_points_and_values_come_out_as_columns(tmp_path):
    fields, notes = read(tmp_path, {**GOOD, "pred_only": X, "true_v": -EXACT, "pred_v": EXACT.astype(np.float32)})
    assert (sorted(fields), notes) == (["v", "w"], [])
    assert list(fields["w"].coordinates) == ["x", "y"]
    np.testing.assert_array_equal(fields["w"].predicted, 2 * EXACT.ravel())
    np.testing.assert_allclose(fields["v"].predicted, EXACT.ravel(), rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"pred_w": None}, "pred_w holds NoneType, no real numbers"),
        ({"pred_w": np.full(36, "text")}, "pred_w holds <U4, no real numbers"),
        ({"pred_w": EXACT[:-1]}, r"its arrays have lengths \[35, 36\]"),
        ({"x": X[:2]}, r"its arrays have lengths \[2, 36\]"),
        ({"true_w": np.where(X > 0, EXACT, np.nan)}, "its exact values are not finite at 6 points"),
    ],
)
def test_one_bad_variable_costs_itself(tmp_path, change, reason):
    other = {"true_v": EXACT, "pred_v": EXACT} if "x" not in change else {}
    fields, (note,) = read(tmp_path, {**GOOD, **other, **change})
    assert sorted(fields) == (["v"] if other else [])
    assert note.startswith("w in exact.npz is left out: ")
    assert re.search(reason, note)


def test_a_missing_prediction_is_named(tmp_path):
    fields, notes = read(tmp_path, {"x": X, "true_w": EXACT})
    assert (fields, notes) == ({}, ["w in exact.npz is left out: there is no pred_w"])


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ({"x": X, "y": Y}, ["w", "M_x"]),
        # Each point three times: with h they are told apart, and with no less.
        ({"x": np.tile(X, (3, 1)), "y": np.tile(Y, (3, 1)), "h": np.repeat([1.0, 2.0, 3.0], 36)}, ["w"]),
        ({"r": np.arange(36.0)}, ["u"]),
    ],
)
def test_inputs_of_an_inferencer_are_what_tells_points_apart(tmp_path, inputs, outputs):
    number = len(next(iter(inputs.values())))
    columns = {name: np.linspace(0, size, number) for size, name in enumerate(outputs, 1)}
    found, notes = read(tmp_path, {**inputs, **columns})
    assert (list(found), notes) == (outputs, [])
    for size, name in enumerate(outputs, 1):
        assert list(found[name].coordinates) == list(inputs)
        np.testing.assert_array_equal(found[name].predicted, np.linspace(0, size, number))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([1, 2], r"exact.npz cannot be read: .*, not the host's dictionary"),
        ({"x": X, "w": np.full(36, "text")}, "exact.npz is left out: w holds <U4, no real numbers"),
        ({"x": X, "w": EXACT[:-1]}, "exact.npz is left out: its arrays are none or have several lengths"),
        ({}, "exact.npz is left out: its arrays are none"),
    ],
)
def test_what_is_no_inferencers_file_is_left_out(tmp_path, content, reason):
    found, (note,) = read(tmp_path, content)
    assert found == {}
    assert re.search(reason, note)


def test_predictions_that_are_no_numbers_are_left_out(tmp_path):
    found, _ = read(tmp_path, {"x": X, "y": Y, "w": np.full_like(X, np.nan), "v": EXACT})
    assert list(found) == ["v"]


# ----- planes


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
