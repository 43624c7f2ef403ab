"""The table of a comparison, against statistics that are known by how the runs were written."""

import re
import statistics
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from pandas import Series
from several_runs import OURS, SUM, only, write_seeds
from written_runs import EXACT, START, write_run, write_training

from modulus_relobralo.report.comparison import compare
from modulus_relobralo.report.runs import Run, read_run
from modulus_relobralo.report.summary import (
    FEW,
    NO_REFERENCE,
    NO_RESIDUALS,
    STILL,
    print_summary,
    print_table,
    remarks,
    summarize,
    suspect,
)


def rows_of(comparison, target=None):
    return summarize(comparison, target).to_dict("records")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    write_seeds(folder, "relobralo", OURS, step_seconds=0.25)
    write_seeds(folder, "sum", SUM)
    return folder


def test_statistics_over_the_seeds(folder):
    comparison = only(folder)
    assert [*comparison.groups] == ["sum", "relobralo"]
    first, second = rows_of(comparison, target=0.045)
    assert (first["seeds"], second["seeds"]) == ("5", "4")
    assert (first["at step"], second["at step"]) == ("20", "20")
    # Five values have their quartiles among them, four have them between.
    assert first["relative L2 error of w"] == "0.3 [0.2, 0.4]"
    low, middle, high = statistics.quantiles(OURS, method="inclusive")
    assert second["relative L2 error of w"] == f"{middle:.3g} [{low:.3g}, {high:.3g}]"
    # Of the first four seeds, which both have, the plain sum's median is 0.35.
    assert second["error of w / sum"] == f"{middle / 0.35:.3g}"
    square = np.mean(EXACT**2)
    assert first["mean squared error of w"].startswith(f"{0.09 * square:.3g} [")
    expected = statistics.median(error**2 for error in OURS) * square
    assert second["mean squared error of w"].startswith(f"{expected:.2e} [")
    assert (first["MSE of w / sum"], first["error of w / sum"]) == ("1", "1")
    theirs = statistics.median(error**2 for error in SUM[:4]) * square
    assert second["MSE of w / sum"] == f"{expected / theirs:.2e}"
    assert (first["ms per step"], second["ms per step"]) == ("500.0", "250.0")


def test_steps_to_a_target_count_the_runs_that_reach_it(folder):
    first, second = rows_of(only(folder), target=0.045)
    # Errors are 1, 2 e, e at the steps 0, 10, 20: the seeds with e = 0.01 and 0.02 are there at step 10.
    assert second["steps to 0.045 of w"] == "15 (3 of 4)"
    assert first["steps to 0.045 of w"] == "never (0 of 5)"


def test_a_diverged_run_counts_with_an_infinite_error(tmp_path):
    write_seeds(tmp_path, "sum", SUM)
    for seed in (5, 6):
        changes = {"max_steps": 20, "steps": (0, 10), "log": "[step: 13] loss went to INFs/NaNs"}
        write_run(tmp_path / f"diverged-{seed}", "sum", seed=seed, errors=(1e-3,), **changes)
    (row,) = rows_of(only(tmp_path))
    assert row["seeds"] == "7, 2 diverged"
    assert row["relative L2 error of w"] == "0.4 [0.25, diverged]"


def test_two_variables_have_columns_of_their_own(tmp_path, capsys):
    for scheme, error in (("sum", 0.5), ("relobralo", 0.25)):
        write_run(tmp_path / scheme, scheme, exact={"u": EXACT, "v": 10 * EXACT}, errors=(1.0, error))
    comparison = only(tmp_path)
    rows = rows_of(comparison, target=0.3)
    assert [row["loss"] for row in rows] == ["sum", "relobralo"]
    square = np.mean(EXACT**2)
    for variable, size in (("u", 1), ("v", 100)):
        assert [row[f"relative L2 error of {variable}"] for row in rows] == ["0.5", "0.25"]
        assert [row[f"error of {variable} / sum"] for row in rows] == ["1", "0.5"]
        found = [float(row[f"mean squared error of {variable}"]) for row in rows]
        assert found == pytest.approx([0.25 * size * square, 0.0625 * size * square], rel=5e-3)
        assert [row[f"steps to 0.3 of {variable}"] for row in rows] == ["never (0 of 1)", "10 (1 of 1)"]
    print_summary(comparison)
    (header,) = [line for line in capsys.readouterr().out.splitlines() if "seeds" in line]
    cells = [cell.strip() for cell in header.split("┃")]
    assert cells.count("relative L2 error of u") == cells.count("relative L2 error of v") == 1


def test_without_the_plain_sum_there_is_no_ratio(tmp_path):
    write_seeds(tmp_path, "relobralo", OURS[:2])
    (row,) = rows_of(only(tmp_path))
    assert not [name for name in row if "/ sum" in name]


def test_a_seed_that_was_run_twice_shows(tmp_path):
    write_seeds(tmp_path / "a", "sum", SUM[:3])
    write_seeds(tmp_path / "b", "sum", SUM[:2])
    (row,) = rows_of(only(tmp_path))
    assert row["seeds"] == "3 (5 runs)"


def test_what_is_not_counted_is_listed(tmp_path, capsys):
    write_run(tmp_path / "[bold]killed", "sum", seed=9, steps=(0, 10))
    write_run(tmp_path / "zero", "sum", seed=10, exact={"w": np.zeros_like(EXACT)})
    write_run(tmp_path / "whole", "sum", seed=11)
    comparison = only(tmp_path)
    first, second = (line for line in remarks(comparison) if line.startswith("not counted"))
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
    assert [(row[""], row["sum"], row["relobralo"]) for row in rows_of(only(tmp_path))] == [
        ("seeds", "3", "3"),
        ("at step", "20", "20"),
        ("residual of pde (RMS)", "0.2 [0.15, 0.3]", "0.3 [0.25, 0.35]"),
        ("residual of pde / sum", "1", "1.5"),
        ("loss term pde", "0.5", "0.25"),
        ("loss of pde / sum", "1", "0.5"),
        ("loss term walls", "1", "0.5"),
        ("loss of walls / sum", "1", "0.5"),
        ("monitor forces/lift", "7", "7"),
        ("ms per step", "500.0", "500.0"),
        ("wall time [s]", "12.0", "12.0"),
    ]


# ----- run table


def table(printed):
    """Return the printed cells by the name of the row."""
    lines = [re.split("[┃│]", line)[1:-1] for line in printed.splitlines() if re.match("[┃│]", line)]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


def test_every_thing_has_a_row(tmp_path, capsys):
    runs = [
        read_run(write_run(tmp_path / "a", "sum", seed=0, errors=(0.5,), last_loss=0.5)),
        read_run(write_run(tmp_path / "b", seed=0, exact={"v": EXACT}, terms=("pde", "other"), steps=(0, 10))),
    ]
    print_table([*runs, replace(runs[1], scheme="other", status="diverged", reason="")])
    printed = capsys.readouterr().out
    assert table(printed) == {
        "": ["sum, seed 0", "relobralo, seed 0", "other, seed 0"],
        "steps": ["20", "10", "10"],
        "relative L2 error of w": ["0.5", "-", "-"],
        "relative L2 error of v": ["-", "0.25", "diverged"],
        "loss term pde": ["0.5", "0.5", "diverged"],
        "loss term walls": ["1", "-", "-"],
        "loss term other": ["-", "1", "diverged"],
        "wall time [s]": ["12.0", "7.0", "7.0"],
        "status": ["finished", "unfinished", "diverged"],
    }
    assert "relobralo, seed 0: unfinished, at step 10 of 20" in printed


def test_after_lbfgs_what_is_not_known_is_not_shown(capsys):
    print_table([replace(run_with(), by_lbfgs=True)])
    printed = capsys.readouterr().out
    assert not [name for name in table(printed) if "loss term" in name]
    assert "the host records those before L-BFGS" in printed


STEPS = {"rows": 2500, "parameters": 901, "primal": 1, "damping": 3e-9, "accepted": 21, "refused": 4}


@pytest.mark.parametrize(
    ("scalars", "said"),
    [
        (STEPS, "primal system, 2500 rows by 901 parameters; 21 steps accepted, 4 tries refused, damping 3.0e-09"),
        ({**STEPS, "primal": 0, "adaptive": 0.5}, "dual system, 2500 rows by 901 parameters, 50% of the points where"),
    ],
    ids=["a loop", "a Solver"],
)
def test_natural_gradients_have_a_line(tmp_path, capsys, scalars, said):
    tags = {f"Train/natural_gradients/{name}": [0, 0, value] for name, value in scalars.items()}
    print_table([read_run(write_run(tmp_path / "run", optimizer="natural_gradient", scalars=tags))])
    assert said in " ".join(capsys.readouterr().out.split())
    # Adam went on where they had ended.
    write_training(tmp_path / "run", steps=(20,), start=START + 100)
    print_table([read_run(tmp_path / "run")])
    assert "natural gradients" not in capsys.readouterr().out


def test_runs_of_one_name_are_told_apart(tmp_path, capsys):
    runs = [read_run(write_run(tmp_path / name / "run", "sum", seed=0)) for name in ("a", "b")]
    print_table(runs)
    assert table(capsys.readouterr().out)[""] == ["sum, seed 0 (a/run)", "sum, seed 0 (b/run)"]


def test_a_run_may_have_no_name(capsys):
    print_table([replace(run_with(), scheme="")])
    assert table(capsys.readouterr().out)["loss term pde"] == ["1.00e-03"]


@pytest.mark.parametrize("exact", [np.full_like(EXACT, 0.5), np.zeros_like(EXACT)], ids=["constant", "zero"])
def test_a_run_without_a_history_of_errors(tmp_path, exact, capsys):
    print_table([read_run(write_run(tmp_path / "run", exact={"w": exact}))])
    printed = capsys.readouterr().out
    found = table(printed).get("relative L2 error of w")
    assert found == (["0.25"] if exact.any() else None)
    assert "w (exact)" in printed


# ----- suspicions


FALLING = 10.0 ** -np.linspace(0, 3, 20)


def series(values):
    return Series(np.array(values, dtype=float), 10 * np.arange(len(values)))


def run_with(losses=(FALLING, 2 * FALLING), weights=(), loss="{}"):
    named = [dict(zip(("pde", "walls"), map(series, entries), strict=False)) for entries in (losses, weights)]
    return Run(
        Path("run"),
        "bending",
        "relobralo",
        yaml.safe_load(f"loss: {loss}"),
        "finished",
        losses=named[0],
        weights=named[1],
    )


def whats(run):
    return [what for what, _ in suspect(run)]


def test_a_run_as_it_should_be_raises_nothing():
    assert whats(run_with(weights=(2 - FALLING, FALLING))) == []
    assert whats(run_with(losses=(), weights=())) == []


@pytest.mark.parametrize(
    ("loss", "size", "raised"),
    [
        ("{}", 1e-13, True),
        ("{}", 1e-9, False),
        # Lower, and by its other name higher, than the default's 1e-11.
        ("{eps: 1.0e-18}", 1e-13, False),
        ("{temperature: 0.1, tau: 1.0e-4}", 1e-9, True),
    ],
)
def test_weights_that_stay_one_because_the_losses_are_tiny(loss, size, raised):
    flat = (np.ones(20), np.ones(20))
    run = run_with(losses=(size * FALLING, 0.5 * size * FALLING), weights=flat, loss=loss)
    assert whats(run) == (["all weights stay 1 because the losses are tiny"] if raised else [])
    # Tiny losses whose weights move are balanced all the same.
    moving = (1 + 0.5 * np.sin(np.arange(20)), 1 - 0.5 * np.sin(np.arange(20)))
    assert whats(run_with(losses=(size * FALLING, size * FALLING), weights=moving, loss=loss)) == []


def test_a_loss_of_exactly_zero():
    zero = np.where(np.arange(20) >= 17, 0.0, FALLING)
    ((what, why),) = suspect(run_with(losses=(FALLING, zero)))
    assert what == "loss term walls is exactly 0"
    assert "at 3 of 20 recorded steps, first at step 170" in why
    assert whats(run_with(losses=(FALLING, np.maximum(zero, 1e-300)))) == []


@pytest.mark.parametrize(("moved", "records", "raised"), [(0.5, 20, True), (2.0, 20, False), (0.5, FEW - 1, False)])
def test_a_term_that_never_moves(moved, records, raised):
    still = 7.0 * (1 - moved * STILL * np.linspace(0, 1, records))
    assert whats(run_with(losses=(FALLING, still))) == (["loss term walls never moves"] if raised else [])


def test_a_loss_says_how_many_of_its_runs_raise_it():
    still = run_with(losses=(FALLING, np.ones(20)))
    (comparison,) = compare([still, run_with(), still])
    (line,) = (line for line in remarks(comparison) if line.startswith("suspicious"))
    assert line.startswith("suspicious: relobralo: loss term walls never moves (2 of 3 runs): it stays within 1%")


# ----- conclusions


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exact": {}}, [NO_REFERENCE, NO_RESIDUALS]),
        ({"exact": {}, "scalars": {"Monitors/residuals/pde": [9.0, 9.0, 1.0]}}, [NO_REFERENCE]),
        ({}, []),
    ],
)
def test_what_numbers_without_a_reference_say_is_said(tmp_path, changes, said):
    write_run(tmp_path / "run", **changes)
    assert remarks(only(tmp_path)) == said


# ----- steps


def test_what_is_not_of_the_last_step_says_so(tmp_path, capsys):
    """As after 300 steps with the host's ``rec_validation_freq=1000``: the error is that of step 0."""
    log = "[step: 300] reached maximum training steps, finished training!"
    changes = {"steps": (0,), "max_steps": 300, "exact": {"w": EXACT}, "errors": (0.25,)}
    runs = [
        read_run(write_run(tmp_path / "told", "sum", seed=0, log=log, **changes)),
        read_run(write_run(tmp_path / "whole", "sum", seed=1, steps=(0, 300), max_steps=300, errors=(1.0, 0.5))),
    ]
    print_table(runs)
    rows = table(capsys.readouterr().out)
    assert rows["steps"] == ["300", "300"]
    assert rows["relative L2 error of w"] == ["0.25 (step 0)", "0.5"]
    assert rows["loss term pde"] == ["0.5 (step 0)", "0.5"]
    early, whole = (rows_of(compare([run])[0])[0] for run in runs)
    for name in ("relative L2 error of w", "mean squared error of w"):
        assert early[name].endswith(" (step 0)")
        assert "step" not in whole[name]
    (both,) = rows_of(compare(runs)[0])
    assert both["relative L2 error of w"].endswith(" (step 0)")


def test_without_a_reference_steps_are_said_too(tmp_path):
    scalars = {"Monitors/residuals/pde": [4.0, 2.0]}
    run = write_run(tmp_path / "run", "sum", steps=(0, 10), max_steps=15, exact={}, scalars=scalars)
    (comparison,) = compare([read_run(run)])
    rows = {row[""]: row["sum"] for row in rows_of(comparison)}
    assert rows["residual of pde (RMS)"] == "2 (step 10)"
    assert rows["loss term pde"] == "0.5 (step 10)"
