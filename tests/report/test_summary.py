"""The table of a comparison, against statistics that are known by how the runs were written."""

import statistics

import numpy as np
import pytest
from several_runs import OURS, SUM, only, write_seeds
from written_runs import EXACT, START, write_hydra, write_run, write_training

from modulus_relobralo.report.summary import list_uncounted, print_summary, summarize


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    write_seeds(folder, "relobralo", OURS, step_seconds=0.25)
    write_seeds(folder, "sum", SUM)
    return folder


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


def test_two_variables_have_columns_of_their_own(tmp_path, capsys):
    for scheme, error in (("sum", 0.5), ("relobralo", 0.25)):
        write_run(tmp_path / scheme, scheme, exact={"u": EXACT, "v": 10 * EXACT}, errors=(1.0, error))
    comparison = only(tmp_path)
    rows = summarize(comparison, target=0.3)
    assert [row["loss"] for row in rows] == ["sum", "relobralo"]
    square = np.mean(EXACT**2)
    for variable, size in (("u", 1), ("v", 100)):
        assert [row[f"relative L2 error of {variable}"] for row in rows] == ["0.5", "0.25"]
        assert [row[f"error / sum, {variable}"] for row in rows] == ["1", "0.5"]
        found = [float(row[f"mean squared error (MSE), {variable}"]) for row in rows]
        assert found == pytest.approx([0.25 * size * square, 0.0625 * size * square], rel=5e-3)
        assert [row[f"steps to 0.3, {variable}"] for row in rows] == ["never (0 of 1)", "10 (1 of 1)"]
    print_summary(comparison)
    (header,) = [line for line in capsys.readouterr().out.splitlines() if "seeds" in line]
    cells = [cell.strip() for cell in header.split("┃")]
    assert cells.count("relative L2 error of u") == cells.count("relative L2 error of v") == 1


def test_without_the_plain_sum_there_is_no_ratio(tmp_path):
    write_seeds(tmp_path, "relobralo", OURS[:2])
    (row,) = summarize(only(tmp_path))
    assert (row["error / sum"], row["MSE / sum"]) == ("-", "-")


def test_a_seed_that_was_run_twice_shows(tmp_path):
    write_seeds(tmp_path / "a", "sum", SUM[:3])
    write_seeds(tmp_path / "b", "sum", SUM[:2])
    (row,) = summarize(only(tmp_path))
    assert row["seeds"] == "3 (5 runs)"


def test_after_lbfgs_a_step_has_no_time(tmp_path):
    folder = write_run(tmp_path / "run")
    write_hydra(folder, "relobralo", optimizer="lbfgs")
    write_training(folder, steps=(20,), errors=(0.01,), start=START + 100, optimizer="lbfgs")
    (row,) = summarize(only(tmp_path))
    assert (row["relative L2 error of w"], row["ms per step"], row["at step"]) == ("1.00e-02", "-", "20")


def test_what_is_not_counted_is_listed(tmp_path, capsys):
    write_run(tmp_path / "[bold]killed", "sum", seed=9, steps=(0, 10))
    write_run(tmp_path / "zero", "sum", seed=10, exact={"w": np.zeros_like(EXACT)})
    write_run(tmp_path / "whole", "sum", seed=11)
    comparison = only(tmp_path)
    first, second = list_uncounted(comparison)
    assert first.startswith("not counted: bending: sum, seed 9: unfinished, at step 10 of 20 (")
    assert "seed 10: recorded no error" in second
    assert "no relative error of w (exact): the exact field is 0" in second
    print_summary(comparison)
    printed = capsys.readouterr().out
    assert printed.splitlines()[-2:] == [first, second]
    assert "[bold]killed" in printed


def test_without_a_reference_there_is_a_row_for_each_quantity(tmp_path):
    lift = "Monitors/forces/lift"
    for scheme, loss, sizes in (("sum", 0.5, (0.4, 0.2, 0.1)), ("relobralo", 0.25, (0.4, 0.3, 0.2))):
        for seed in (0, 1, 2):
            scalars = {"Monitors/residuals/pde": [4.0, 2.0, sizes[seed]], lift: [1.0, 1.0, 7.0]}
            write_run(tmp_path / f"{scheme}-{seed}", scheme, seed=seed, last_loss=loss, exact={}, scalars=scalars)
    assert [(row[""], row["sum"], row["relobralo"]) for row in summarize(only(tmp_path))] == [
        ("seeds", "3", "3"),
        ("residual of pde (RMS)", "0.2 [0.15, 0.3]", "0.3 [0.25, 0.35] (1.5 of sum)"),
        ("loss term pde", "0.5", "0.25 (0.5 of sum)"),
        ("loss term walls", "1", "0.5 (0.5 of sum)"),
        ("monitor forces/lift", "7", "7"),
        ("ms per step", "500.0", "500.0"),
        ("wall time [s]", "12.0", "12.0"),
    ]
