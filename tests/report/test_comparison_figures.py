"""The figures of a comparison."""

import statistics

import numpy as np
import pytest
from matplotlib.image import imread
from pictures import has_colour
from several_runs import OURS, SUM, only, write_seeds
from written_runs import EXACT, write_fields, write_run

from modulus_relobralo.report import comparison_figures
from modulus_relobralo.report.comparison_figures import plot_comparison


@pytest.fixture
def drawn(monkeypatch):
    """Return the figures that are drawn, by name, and leave out their rendering."""
    figures = {}

    def keep(figure, path):
        figures[path.name] = figure
        return path

    monkeypatch.setattr(comparison_figures, "save", keep)
    return figures


def curves(ax):
    """Return the values of every line of a panel by its label."""
    return {line.get_label(): line.get_ydata().tolist() for line in ax.get_lines()}


def test_figures_show_the_spread(tmp_path):
    for name, ours, theirs in (("wide", OURS[:3], SUM[:3]), ("narrow", [OURS[2]] * 3, [SUM[2]] * 3)):
        write_seeds(tmp_path / name, "relobralo", ours)
        write_seeds(tmp_path / name, "sum", theirs)
    paths = plot_comparison(only(tmp_path / "wide"), tmp_path / "new")
    assert [path.name for path in paths] == ["error.png", "losses.png", "weights.png", "w.png"]
    assert all(has_colour(path) for path in paths)
    assert statistics.median(OURS[:3]) == OURS[2]
    assert statistics.median(SUM[:3]) == SUM[2]
    # The same medians without a spread: only the bands are gone.
    (error, *_) = plot_comparison(only(tmp_path / "narrow"), tmp_path / "narrow-figures")
    assert np.mean(imread(error) != imread(paths[0])) > 0.01


def test_lines_are_the_medians(tmp_path, drawn):
    write_seeds(tmp_path, "relobralo", OURS, last_loss=0.25)
    write_seeds(tmp_path, "sum", SUM)
    plot_comparison(only(tmp_path), tmp_path)
    (panel,) = drawn["error.png"].axes
    found = curves(panel)
    assert found["sum, 5"] == pytest.approx([1.0, 0.6, 0.3], rel=1e-6)
    assert found["relobralo, 4"] == pytest.approx([1.0, 0.05, 0.025], rel=1e-6)
    theirs, ours = drawn["losses.png"].axes
    assert curves(theirs) == {"pde": [4.0, 2.0, 0.5], "walls": [8.0, 4.0, 1.0]}
    assert curves(ours) == {"pde": [4.0, 2.0, 0.25], "walls": [8.0, 4.0, 0.5]}


def test_fields_are_those_of_the_median_runs(tmp_path, drawn):
    write_seeds(tmp_path, "relobralo", OURS)
    write_seeds(tmp_path, "sum", SUM)
    plot_comparison(only(tmp_path), tmp_path)
    exact, theirs, ours, *_ = drawn["w.png"].axes
    np.testing.assert_allclose(exact.collections[0].get_array(), EXACT.ravel())
    # Of an even number the better one in the middle.
    np.testing.assert_allclose(theirs.collections[0].get_array(), 0.3 * EXACT.ravel(), rtol=1e-6)
    np.testing.assert_allclose(ours.collections[0].get_array(), 0.02 * EXACT.ravel(), rtol=1e-6)
    assert (theirs.get_title(), ours.get_title()) == ("sum\nerror 0.3", "relobralo\nerror 0.02")


def test_one_run_with_other_terms_weights_and_validators_is_drawn_with_the_rest(tmp_path, drawn):
    write_seeds(tmp_path, "sum", SUM[:2])
    write_seeds(tmp_path, "relobralo", OURS[:2])
    odd = write_run(tmp_path / "odd", seed=9, terms=("pde", "mine"), exact={"v": EXACT})
    (odd / "monitors" / "weights.csv").write_text("step,mine\n0,1\n10,1\n")
    names = [path.name for path in plot_comparison(only(tmp_path), tmp_path)]
    assert sorted(names) == ["error.png", "losses.png", "v.png", "w.png", "weights.png"]
    theirs, ours = drawn["losses.png"].axes
    assert (set(curves(theirs)), set(curves(ours))) == ({"pde", "walls"}, {"pde", "walls", "mine"})
    (legend,) = drawn["losses.png"].legends
    assert {text.get_text() for text in legend.get_texts()} == {"pde", "walls", "mine"}
    # A term has one colour everywhere.
    assert theirs.get_lines()[0].get_color() == ours.get_lines()[0].get_color()


def test_every_panel_has_its_own_points(tmp_path, drawn):
    write_run(tmp_path / "sum", "sum", seed=0)
    odd = write_run(tmp_path / "ours", seed=0)
    x, y = np.arange(9.0) % 3, np.arange(9.0) // 3
    write_fields(odd, "exact", {"w": (EXACT[:9], 1.5 * EXACT[:9])}, {"x": x, "y": y})
    plot_comparison(only(tmp_path), tmp_path)
    exact, theirs, ours, *_ = drawn["w.png"].axes
    assert [len(ax.collections[0].get_array()) for ax in (exact, theirs, ours)] == [36, 36, 9]


def test_diverged_runs_have_no_field(tmp_path, drawn):
    write_seeds(tmp_path, "sum", SUM[:1])
    write_run(tmp_path / "ours", seed=0, last_loss=float("nan"))
    plot_comparison(only(tmp_path), tmp_path)
    panels = [ax for ax in drawn["w.png"].axes if ax.collections]
    assert [ax.get_title() for ax in panels[:2]] == ["w, exact", "sum\nerror 0.1"]
