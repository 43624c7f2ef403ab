"""The figures of one run."""

import statistics
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread
from pandas import Series
from pictures import has_colour
from several_runs import OURS, SUM, only, write_seeds
from written_runs import EXACT, X, Y, write_fields, write_hydra, write_inferencer, write_run

from modulus_relobralo import figure_style
from modulus_relobralo.report.figures import file_name, plot_comparison, plot_run
from modulus_relobralo.report.runs import read_run


def test_figures_show_something(tmp_path):
    run = read_run(write_run(tmp_path / "a run, ünïcode"))
    paths = plot_run(run)
    assert [path.name for path in paths] == ["error.png", "losses.png", "weights.png", "w.png"]
    assert all(has_colour(path) for path in paths)
    # The check can fail: without values only the axes are left.
    bare = replace(run, losses={"pde": Series({0: np.nan})}, weights={}, fields={}, errors={})
    assert not has_colour(plot_run(bare, tmp_path / "bare")[0])


def test_what_cannot_be_drawn_is_left_out(tmp_path):
    folder = write_run(tmp_path / "run")
    write_fields(folder, "exact", {"w": (EXACT, EXACT)}, {"x": X})
    assert [path.name for path in plot_run(read_run(folder))] == ["error.png", "losses.png", "weights.png"]
    write_hydra(tmp_path / "nothing")
    assert plot_run(read_run(tmp_path / "nothing")) == []


@pytest.mark.parametrize("terms", [("a$b", "[x]", "../u"), ("a" * 60,)])
def test_names_of_all_kinds_are_drawn(tmp_path, terms):
    folder = write_run(tmp_path / "run", terms=terms, exact={"../../w": EXACT, "losses": EXACT, "$": EXACT})
    paths = plot_run(read_run(folder), tmp_path / "out")
    assert [path.name for path in paths][1:] == ["losses.png", "weights.png", "_.._w.png", "field_losses.png", "_.png"]
    assert {path.parent for path in paths} == {tmp_path / "out"}


@pytest.mark.parametrize("exact", [np.full_like(EXACT, 0.5), np.zeros_like(EXACT)], ids=["constant", "zero"])
def test_constant_fields_are_drawn(tmp_path, exact):
    paths = plot_run(read_run(write_run(tmp_path / "run", exact={"w": exact})))
    assert paths[-1].name == "w.png"
    assert Y.shape == exact.shape


def test_monitors_residuals_and_inferencers_have_figures(tmp_path):
    scalars = {"Monitors/residuals/pde": [4.0, 2.0, 1.0], "Monitors/forces/lift": [1.0, -2.0, 3.0]}
    folder = write_run(tmp_path / "run", exact={}, scalars=scalars)
    write_inferencer(
        folder, "grid", x=np.tile(X, (2, 1)), y=np.tile(Y, (2, 1)), h=np.repeat([1.0, 2.0], 36), M=range(72)
    )
    paths = plot_run(read_run(folder))
    assert [path.name for path in paths] == ["residuals.png", "monitors.png", "losses.png", "weights.png", "M.png"]
    assert all(has_colour(path) for path in paths)


# ----- comparison figures


@pytest.fixture
def drawn(monkeypatch):
    """Return the figures that are drawn, by name, and leave out their rendering."""
    kept = {}

    def keep(figure, path):
        kept[path.name] = figure
        return path

    monkeypatch.setattr(figure_style, "save", keep)
    return kept


def curves(ax):
    """Return the values of every line of a panel by its label."""
    return {line.get_label(): line.get_ydata().tolist() for line in named(ax)}


def named(ax):
    """Return the lines of a panel without those that lead to their names."""
    return [line for line in ax.get_lines() if not line.get_label().startswith("_")]


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
    assert found["sum (5)"] == pytest.approx([1.0, 0.6, 0.3], rel=1e-6)
    assert found["relobralo (4)"] == pytest.approx([1.0, 0.05, 0.025], rel=1e-6)
    theirs, ours = drawn["losses.png"].axes
    assert curves(theirs) == {"pde": [4.0, 2.0, 0.5], "walls": [8.0, 4.0, 1.0]}
    assert curves(ours) == {"pde": [4.0, 2.0, 0.25], "walls": [8.0, 4.0, 0.5]}


def test_fields_are_those_of_the_median_runs(tmp_path, drawn):
    write_seeds(tmp_path, "relobralo", OURS)
    write_seeds(tmp_path, "sum", SUM)
    plot_comparison(only(tmp_path), tmp_path)
    exact, theirs, ours, *bars = drawn["w.png"].axes
    assert [bar.get_ylabel() for bar in bars] == ["w", "% of the largest exact value"]
    np.testing.assert_allclose(exact.collections[0].get_array(), EXACT.ravel())
    # Of an even number the better one in the middle. The largest exact value is 3.
    np.testing.assert_allclose(theirs.collections[0].get_array(), 100 * 0.3 * EXACT.ravel() / 3, rtol=1e-6)
    np.testing.assert_allclose(ours.collections[0].get_array(), 100 * 0.02 * EXACT.ravel() / 3, rtol=1e-6)
    titles = [ax.get_title(loc="left") for ax in (theirs, ours)]
    assert titles == ["sum\nerror 30 %", "relobralo\nerror 2 %"]
    # One scale for both: the better looks better.
    scales = [(ax.collections[0].norm.vmin, ax.collections[0].norm.vmax) for ax in (theirs, ours)]
    assert scales[0] == scales[1] == pytest.approx((0.03, 30.0))


def test_one_run_with_other_terms_weights_and_validators_is_drawn_with_the_rest(tmp_path, drawn):
    write_seeds(tmp_path, "sum", SUM[:2])
    write_seeds(tmp_path, "relobralo", OURS[:2])
    weights = {"Monitors/weights/mine": [1.0, 1.0, 1.0]}
    write_run(tmp_path / "odd", seed=9, terms=("pde", "mine"), exact={"v": EXACT}, scalars=weights)
    names = [path.name for path in plot_comparison(only(tmp_path), tmp_path)]
    assert sorted(names) == ["error.png", "losses.png", "v.png", "w.png", "weights.png"]
    theirs, ours = drawn["losses.png"].axes
    assert (set(curves(theirs)), set(curves(ours))) == ({"pde", "walls"}, {"pde", "walls", "mine"})
    assert {text.get_text() for text in ours.texts} == {"pde", "walls", "mine"}
    # A term has one colour everywhere.
    assert named(theirs)[0].get_color() == named(ours)[0].get_color()


def test_every_panel_has_its_own_points(tmp_path, drawn):
    write_run(tmp_path / "sum", "sum", seed=0)
    odd = write_run(tmp_path / "ours", seed=0)
    x, y = np.arange(9.0) % 3, np.arange(9.0) // 3
    write_fields(odd, "exact", {"w": (EXACT[:9], 1.5 * EXACT[:9])}, {"x": x, "y": y})
    plot_comparison(only(tmp_path), tmp_path)
    exact, theirs, ours, *_ = drawn["w.png"].axes
    assert [len(ax.collections[0].get_array()) for ax in (exact, theirs, ours)] == [36, 36, 9]


def test_a_field_of_another_step_than_the_last_says_so(tmp_path, drawn):
    log = "[step: 300] reached maximum training steps, finished training!"
    write_run(tmp_path / "early", "sum", steps=(0,), max_steps=300, log=log)
    write_run(tmp_path / "whole", steps=(0, 300), max_steps=300)
    comparison = only(tmp_path)
    plot_comparison(comparison, tmp_path)
    titles = [ax.get_title(loc="left") for ax in drawn["w.png"].axes if ax.collections]
    assert titles[:3] == ["exact\n", "sum\nerror 25 % (step 0)", "relobralo\nerror 25 %"]
    for run, title in zip(comparison.frame["run"], ("predicted (step 0)", "predicted"), strict=True):
        plot_run(run, tmp_path)
        assert drawn["w.png"].axes[1].get_title(loc="left") == title


def test_diverged_runs_have_no_field(tmp_path, drawn):
    write_seeds(tmp_path, "sum", SUM[:1])
    write_run(tmp_path / "ours", seed=0, last_loss=float("nan"))
    plot_comparison(only(tmp_path), tmp_path)
    assert [title for ax in drawn["w.png"].axes if (title := ax.get_title(loc="left"))] == [
        "exact\n",
        "sum\nerror 10 %",
    ]


def test_a_panel_has_the_plain_sum_and_at_most_four_others(tmp_path, drawn):
    for number in range(5):
        write_run(tmp_path / f"{number}", f"scheme{number}")
    write_run(tmp_path / "sum", "sum")
    plot_comparison(only(tmp_path), tmp_path)
    panels = [list(curves(ax)) for ax in drawn["error.png"].axes]
    assert panels == [["sum", "scheme0", "scheme1", "scheme2", "scheme3"], ["sum", "scheme4"]]


def test_without_a_reference_residuals_and_predictions_are_drawn(tmp_path, drawn):
    for scheme, size in (("sum", 2.0), ("relobralo", 1.0)):
        scalars = {"Monitors/residuals/pde": [4.0, 2.0, size]}
        folder = write_run(tmp_path / scheme, scheme, exact={}, scalars=scalars)
        write_inferencer(folder, "grid", x=X, y=Y, M=size * EXACT)
    comparison = only(tmp_path)
    names = [path.name for path in plot_comparison(comparison, tmp_path)]
    assert names == ["residuals.png", "losses.png", "weights.png", "M.png"]
    assert curves(drawn["residuals.png"].axes[0]) == {"sum": [4.0, 2.0, 2.0], "relobralo": [4.0, 2.0, 1.0]}
    theirs, ours, _ = drawn["M.png"].axes
    np.testing.assert_allclose(theirs.collections[0].get_array(), 2 * EXACT.ravel())
    assert theirs.collections[0].norm.vmax == ours.collections[0].norm.vmax == 6.0
    assert [ax.get_title(loc="left") for ax in (theirs, ours)] == ["sum", "relobralo"]
    plot_run(comparison.frame["run"][0], tmp_path)
    assert drawn["M.png"].axes[0].get_title(loc="left") == "predicted"


# ----- files


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
