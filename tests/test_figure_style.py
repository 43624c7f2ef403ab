"""What figures are made of."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from modulus_relobralo.figure_style import (
    COLOURS,
    DPI,
    LINE,
    VALUES,
    finish_axes,
    label_lines,
    new_figure,
    plain,
    save,
)


def luminance(colour):
    """Return the relative luminance of #rrggbb, as WCAG has it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_lines_can_be_seen_on_white():
    assert len(set(COLOURS)) == len(COLOURS) == 5
    assert all(1.05 / (luminance(colour) + 0.05) > 2 for colour in COLOURS)
    # The yellow of the same palette cannot.
    assert 1.05 / (luminance("#F0E442") + 0.05) < 2


def heights(ends, names):
    """Return at what heights the names of lines with those ends are written, by name."""
    figure = new_figure(5, 3)
    ax = figure.subplots()
    for end, name in zip(ends, names, strict=True):
        ax.plot([0, 10], [1.0, end], label=name)
    finish_axes(ax, "loss term", "")
    label_lines(ax)
    return {text.get_text(): text.get_position()[1] for text in ax.texts}


def test_names_stand_at_the_ends_of_their_lines_and_apart():
    far = heights([1.0, 1e-3], ["upper", "lower"])
    assert far["upper"] - far["lower"] > 0.8
    near = heights([1.0, 1.001, 1.002, 1e-3], ["c", "b", "a", "lower"])
    assert near["a"] > near["b"] > near["c"] > near["lower"]
    gaps = -np.diff([near["a"], near["b"], near["c"]])
    assert gaps == pytest.approx([LINE, LINE])
    assert near["a"] <= 1.0
    # A name of three lines has the room of three.
    _, one, long = sorted(heights([1.0, 1.001, 1e-3], ["one", "a name that is " * 3, "lower"]).values())
    assert long - one == pytest.approx(2 * LINE)


@pytest.mark.parametrize("end", [np.nan, 0.0, np.inf])
def test_a_line_that_ends_at_nothing_is_named_where_it_was_last_seen(end):
    assert "x" in heights([end, 0.5], ["x", "y"])


def test_a_dollar_is_a_dollar():
    assert plain("$x$") == r"\$x\$"


def test_a_palette_changes_no_colour_that_an_eye_could_tell(tmp_path):
    figure = new_figure(5, 3)
    lines, field = figure.subplots(1, 2)
    for number, colour in enumerate(COLOURS):
        lines.plot([0, 1, 2], [number, number + 1, number], color=colour)
        lines.fill_between([0, 2], number, number + 0.3, color=colour, alpha=0.15)
    field.imshow(np.add.outer(np.arange(200.0), np.arange(200.0)), cmap=VALUES)
    exact = BytesIO()
    figure.savefig(exact, dpi=DPI, format="png")
    # A second layout may move the panels.
    figure.set_layout_engine("none")
    written = Image.open(save(figure, tmp_path / "figure.png"))
    drawn = np.asarray(Image.open(exact).convert("RGB"), dtype=int)
    found = np.asarray(written.convert("RGB"), dtype=int)
    assert written.mode == "P"
    # of 255
    assert np.abs(found - drawn).max() <= 20
    assert (found[0, 0] == 255).all()
    assert (tmp_path / "figure.png").stat().st_size < 0.6 * len(exact.getvalue())
    # A palette of a few colours is seen.
    coarse = np.asarray(Image.open(exact).convert("RGB").quantize(8).convert("RGB"), dtype=int)
    assert np.abs(coarse - drawn).max() > 20


@pytest.mark.parametrize("last", [3, 20, 6000, 10_000])
def test_steps_are_counted_in_whole_numbers(last):
    figure = new_figure(5, 3)
    ax = figure.subplots()
    ax.plot([0, last], [1.0, 0.1])
    finish_axes(ax, "loss term", "")
    ticks = ax.get_xticks()
    assert len(ticks) >= 2
    assert (ticks == np.round(ticks)).all()
    # and in round ones: 1, 2 or 5 with noughts behind
    assert f"{np.diff(ticks)[0]:g}".replace("0", "").partition("e")[0] in "125"
