"""Runs over several seeds, against statistics that are known by how the runs were written."""

import math
import statistics
import sys

import numpy as np
import pytest
from matplotlib.image import imread
from pictures import has_colour
from written_runs import EXACT, write_run

from modulus_relobralo.report import (
    compare,
    find_trainings,
    plot_comparison,
    read_run,
    read_runs,
    summarize,
    write_report,
)
from modulus_relobralo.report.cli import main

SUM = (0.1, 0.5, 0.4, 0.3, 0.2)
OURS = (0.05, 0.01, 0.03, 0.02)


def write_seeds(folder, scheme, errors, **changes):
    for seed, error in enumerate(errors):
        write_run(folder / f"{scheme}-{seed}", scheme, seed=seed, errors=(1.0, 2 * error, error), **changes)


@pytest.fixture
def folder(tmp_path):
    write_seeds(tmp_path / "runs", "relobralo", OURS, step_seconds=0.25)
    write_seeds(tmp_path / "runs", "sum", SUM)
    return tmp_path / "runs"


def runs_in(folder):
    return read_runs(find_trainings(folder))[0]


def only(folder):
    (comparison,) = compare(runs_in(folder))
    return comparison


def test_statistics_over_the_seeds(folder):
    comparison = only(folder)
    assert [variant.label for variant in comparison.variants] == ["sum", "relobralo"]
    first, second = summarize(comparison, target=0.045)
    assert (first["seeds"], second["seeds"]) == ("5", "4")
    assert (first["at step"], second["at step"]) == ("20", "20")
    # Five values have their quartiles among them, four have them between.
    assert first["relative L2 error of w"] == "0.3 [0.2, 0.4]"
    low, middle, high = statistics.quantiles(OURS, method="inclusive")
    assert second["relative L2 error of w"] == f"{middle:.3g} [{low:.3g}, {high:.3g}]"
    # Of the first four seeds, which both have, the plain sum's median is 0.35.
    assert second["error / sum"] == f"{middle / 0.35:.3g}"
    square = np.mean(EXACT**2)
    assert first["mean squared error (MSE)"].startswith(f"{0.09 * square:.3g} [")
    expected = statistics.median(error**2 for error in OURS) * square
    assert second["mean squared error (MSE)"].startswith(f"{expected:.2e} [")
    assert (first["MSE / sum"], first["error / sum"]) == ("1", "1")
    theirs = statistics.median(error**2 for error in SUM[:4]) * square
    assert second["MSE / sum"] == f"{expected / theirs:.2e}"
    assert (first["ms per step"], second["ms per step"]) == ("500.0", "250.0")


def test_steps_to_a_target_count_the_runs_that_reach_it(folder):
    first, second = summarize(only(folder), target=0.045)
    # Errors are 1, 2 e, e at the steps 0, 10, 20: the seeds with e = 0.01 and 0.02 are there at step 10.
    assert second["steps to 0.045"] == "15 (3 of 4)"
    assert first["steps to 0.045"] == "never (0 of 5)"


def test_a_diverged_run_counts_with_an_infinite_error(tmp_path):
    write_seeds(tmp_path, "sum", SUM)
    for seed in (5, 6):
        changes = {"max_steps": 20, "steps": (0, 10), "log": "[step: 13] loss went to INFs/NaNs"}
        write_run(tmp_path / f"diverged-{seed}", "sum", seed=seed, errors=(1e-3,), **changes)
    (row,) = summarize(only(tmp_path))
    assert row["seeds"] == "7, 2 diverged"
    assert row["relative L2 error of w"] == "0.4 [0.25, diverged]"


def test_what_is_not_compared_is_listed(tmp_path, monkeypatch, capsys):
    write_seeds(tmp_path / "a", "sum", SUM)
    write_run(tmp_path / "b" / "killed", "sum", seed=9, steps=(0, 10), errors=(1e-3,))
    validated = write_run(tmp_path / "b" / "blind", "sum", seed=10)
    (validated / "validators" / "exact.npz").unlink()
    write_run(tmp_path / "c" / "other", "sum", problem="waves")
    monkeypatch.setattr(sys, "argv", ["relobralo-report", str(tmp_path), "--out", str(tmp_path / "out")])
    main()
    for text in (capsys.readouterr().out, (tmp_path / "out" / "report.md").read_text()):
        assert "0.3 [0.2, 0.4]" in text
        assert "bending: sum, seed 9: unfinished, at step 10 of 20" in text
        assert "bending: sum, seed 10: recorded no error" in text
        assert "waves" in text


def test_schemes_are_told_apart_by_parameters_and_comparisons_by_settings(tmp_path):
    for number, temperature in enumerate((0.1, 0.01)):
        for edges in ("false", "true"):
            parameters, options = f"alpha: 0.9, temperature: {temperature}", f"per_edge: {edges}"
            place = tmp_path / edges / str(number)
            write_seeds(place, "relobralo", OURS, parameters=parameters, options=options)
            write_seeds(tmp_path / edges / "sum", "sum", SUM, options=options) if number else None
    first, second = compare(runs_in(tmp_path))
    assert (first.title, second.title) == ("bending, custom.per_edge=False", "bending, custom.per_edge=True")
    for comparison in (first, second):
        labels = [variant.label for variant in comparison.variants]
        assert labels == ["sum", "relobralo (temperature=0.1)", "relobralo (temperature=0.01)"]
        assert [len(variant.runs) for variant in comparison.variants] == [5, 4, 4]


def test_without_the_plain_sum_there_is_no_ratio(tmp_path):
    write_seeds(tmp_path, "relobralo", OURS)
    (row,) = summarize(only(tmp_path))
    assert (row["error / sum"], row["MSE / sum"]) == ("-", "-")


def test_without_a_common_seed_there_is_no_ratio(tmp_path):
    write_run(tmp_path / "sum", "sum", seed=0)
    write_run(tmp_path / "ours", "relobralo", seed=1)
    assert [row["error / sum"] for row in summarize(only(tmp_path))] == ["1", "-"]


def test_a_file_that_cannot_be_read_is_listed(tmp_path, monkeypatch, capsys):
    write_seeds(tmp_path, "sum", SUM)
    torn = tmp_path / "sum-2" / "validators" / "exact.npz"
    torn.write_bytes(torn.read_bytes()[:100])
    monkeypatch.setattr(sys, "argv", ["relobralo-report", str(tmp_path)])
    main()
    printed = capsys.readouterr().out
    assert f"not counted: {torn} cannot be read" in printed
    assert "sum, seed 2" not in printed
    assert "sum, seed 3" in printed


def test_a_seed_that_was_run_twice_shows(tmp_path):
    write_seeds(tmp_path / "a", "sum", SUM)
    write_seeds(tmp_path / "b", "sum", SUM[:2])
    (row,) = summarize(only(tmp_path))
    assert row["seeds"] == "5 (7 runs)"


def test_figures_show_the_spread(folder, tmp_path):
    paths = plot_comparison(only(folder), tmp_path / "new")
    assert [path.name for path in paths] == ["error.png", "losses.png", "weights.png", "w.png"]
    assert all(has_colour(path) for path in paths)
    narrow = tmp_path / "narrow"
    write_seeds(narrow, "relobralo", [statistics.median(OURS)] * 4)
    write_seeds(narrow, "sum", [0.3] * 5)
    (error, *_) = plot_comparison(only(narrow), tmp_path / "narrow-figures")
    # The same medians without a spread: only the bands are gone.
    assert np.mean(imread(error) != imread(paths[0])) > 0.01


def test_a_report_names_its_figures(folder, tmp_path):
    comparisons = compare(runs_in(folder))
    text = write_report(comparisons, tmp_path / "out", source="made by hand").read_text()
    assert "made by hand" in text
    for name in ("error", "losses", "weights", "w"):
        assert f"![{name}](bending/{name}.png)" in text
        assert (tmp_path / "out" / "bending" / f"{name}.png").is_file()
    assert "| relobralo | 4 | 20 |" in text


def test_the_folder_of_figures_does_not_hang_on_what_else_is_compared(tmp_path):
    for load in ("uniform", "sine"):
        write_seeds(tmp_path / "runs" / load, "sum", SUM, options=f"load: {load}/x")
    comparisons = compare(runs_in(tmp_path / "runs"))
    for shown in (comparisons, comparisons[::-1]):
        write_report(shown, tmp_path / "out")
    folders = {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert folders == {"bending_custom.load=uniform_x", "bending_custom.load=sine_x"}


def test_the_median_run_is_the_one_that_is_drawn(folder):
    ours = only(folder).variants[1]
    assert ours.errors("w") == pytest.approx(OURS, rel=1e-6)
    assert ours.median_run("w").seed == OURS.index(0.02)
    assert read_run(folder / "sum-0").step_seconds == pytest.approx(0.5, rel=1e-3)
    assert not math.isinf(max(ours.errors("w")))
