"""What figures are made of."""

import numpy as np
import pytest
from pictures import has_colour
from written_runs import EXACT, X, Y, predict

from modulus_relobralo.report.figures import draw_difference, draw_values, file_name, is_plane, new_figure, plain, save
from modulus_relobralo.report.run import Field


def field(coordinates, error=0.25):
    columns = {name: values.ravel() for name, values in coordinates.items()}
    return Field(columns, EXACT.ravel(), predict(EXACT, error).ravel())


@pytest.mark.parametrize(
    ("coordinates", "error", "drawn"),
    [
        ({"x": X, "y": Y}, 0.25, True),
        ({"x": X}, 0.25, False),
        ({"x": X, "y": Y, "z": X}, 0.25, False),
        # On a line, at one moment, at a point that is nowhere, a prediction that is no number.
        ({"x": X, "y": 2 * X + 1}, 0.25, False),
        ({"x": X, "t": np.full_like(X, 3.0)}, 0.25, False),
        ({"x": np.where(Y == 0, np.nan, X), "y": Y}, 0.25, False),
        ({"x": X, "y": Y}, np.nan, False),
        ({}, 0.25, False),
    ],
)
def test_fields_over_a_plane_are_drawn(coordinates, error, drawn):
    assert is_plane(field(coordinates, error)) == drawn


@pytest.mark.parametrize("error", [0.0, 0.25])
def test_values_and_differences_are_drawn(tmp_path, error):
    figure = new_figure(8, 4)
    values, difference = figure.subplots(1, 2)
    entry = field({"x": X, "y": Y}, error)
    draw_values(values, entry, entry.exact, "a $\\frac{ title", (1.0, 3.0))
    draw_difference(difference, entry, "difference")
    assert has_colour(save(figure, tmp_path / "new folder" / "figure.png"))
    colours = difference.collections[0]
    largest = 0.75 if error else 1.0
    assert (colours.norm.vmin, colours.norm.vmax) == pytest.approx((-largest, largest))
    np.testing.assert_allclose(colours.get_array(), error * EXACT.ravel(), atol=1e-12)
    assert (values.get_xlabel(), values.get_ylabel()) == ("x", "y")


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("w", "w.png"),
        ("exact.w", "exact.w.png"),
        ("losses", "field_losses.png"),
        ("../../x", "_.._x.png"),
        ("/etc/x", "_etc_x.png"),
        ("..", "field.png"),
        ("a b", "a_b.png"),
    ],
)
def test_a_variable_names_a_file_in_its_folder(variable, name):
    assert file_name(variable, {"losses.png"}) == name


def test_two_variables_never_share_a_file():
    taken = set()
    for variable in ("a b", "a_b", "a/b", "field_a_b"):
        name = file_name(variable, taken)
        assert name not in taken
        taken.add(name)


def test_a_dollar_is_a_dollar():
    assert plain("$x$") == r"\$x\$"
