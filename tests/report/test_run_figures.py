"""The figures of one run."""

from dataclasses import replace

import numpy as np
import pytest
from pictures import has_colour
from written_runs import EXACT, X, Y, write_fields, write_hydra, write_inferencer, write_run

from modulus_relobralo.report.reading import read_run
from modulus_relobralo.report.run import Series
from modulus_relobralo.report.run_figures import plot_run


def test_figures_show_something(tmp_path):
    run = read_run(write_run(tmp_path / "a run, ünïcode"))
    paths = plot_run(run)
    assert [path.name for path in paths] == ["losses.png", "weights.png", "w.png"]
    assert all(has_colour(path) for path in paths)
    # The check can fail: without values only the axes are left.
    nothing = Series(np.array([]), np.array([]))
    bare = replace(run, losses={"pde": nothing}, weights={}, fields={})
    assert not has_colour(plot_run(bare, tmp_path / "bare")[0])


def test_what_cannot_be_drawn_is_left_out(tmp_path):
    folder = write_run(tmp_path / "run")
    write_fields(folder, "exact", {"w": (EXACT, EXACT)}, {"x": X})
    assert [path.name for path in plot_run(read_run(folder))] == ["losses.png", "weights.png"]
    write_hydra(tmp_path / "nothing")
    assert plot_run(read_run(tmp_path / "nothing")) == []


@pytest.mark.parametrize("terms", [("a$b", "[x]", "../u"), ("a" * 60,)])
def test_names_of_all_kinds_are_drawn(tmp_path, terms):
    folder = write_run(tmp_path / "run", terms=terms, exact={"../../w": EXACT, "losses": EXACT, "$": EXACT})
    (folder / "monitors" / "weights.csv").unlink()
    paths = plot_run(read_run(folder), tmp_path / "out")
    assert [path.name for path in paths] == ["losses.png", "_.._w.png", "field_losses.png", "_.png"]
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
    assert [path.name for path in paths] == ["losses.png", "weights.png", "residuals.png", "monitors.png", "M.png"]
    assert all(has_colour(path) for path in paths)
