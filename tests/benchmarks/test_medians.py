"""Medians of published runs: against NumPy, over several files, and what is refused."""

import json

import medians
import numpy as np
import pytest
from records import OTHERS, read_rows


def run_of(seed, error, loss="sum", **changes):
    return {
        "problem": "helmholtz",
        "loss": loss,
        "parameters": {},
        "overrides": ["training.max_steps=20", "training.summary_freq=2"],
        "seed": seed,
        "relative L2 error": error,
        "mean squared error": None if error is None else error**2 / 4,
        "steps": [0, 10, 20],
        "errors": [1.0, 2 * (error or 0.0), error],
        **changes,
    }


def numbers(cell):
    return [float(part.strip("[],")) for part in cell.split(" (")[0].split()]


def test_the_published_runs_have_the_medians_of_numpy():
    rows = read_rows(medians.RESULTS / "article")
    for entry in medians.table(rows, None, None, square=True):
        errors = [
            row["mean squared error"]
            for row in rows
            if (row["problem"], row["loss"]) == (entry["problem"], entry["loss"])
        ]
        assert len(errors) == 10
        expected = [np.median(errors), *np.quantile(errors, [0.25, 0.75]), max(errors)]
        assert numbers(entry["at the end"]) == pytest.approx(expected, rel=0.06)


def test_what_differs_makes_a_row_and_what_is_only_recorded_does_not():
    rows = [run_of(0, 0.1), run_of(1, 0.2, overrides=["training.max_steps=20", "training.summary_freq=5"])]
    tuned = ["loss.alpha=0.9", "training.max_steps=20"]
    rows += [run_of(0, 0.3, loss="relobralo"), run_of(0, 0.4, overrides=["training.max_steps=40"])]
    rows += [run_of(0, 0.5, loss="relobralo", parameters={"alpha": 0.9}, overrides=tuned)]
    found = medians.table(rows, None, None, square=False)
    assert [(entry["options"], entry["loss"], entry["seeds"]) for entry in found] == [
        ("training.max_steps=20", "relobralo", "0"),
        ("training.max_steps=20", "relobralo loss.alpha=0.9", "0"),
        ("training.max_steps=20", "sum", "0,1"),
        ("training.max_steps=40", "sum", "0"),
    ]


def test_a_seed_counts_once_and_others_are_left_out():
    rows = [run_of(0, 0.1), run_of(1, 0.2), run_of(0, 0.6), run_of(7, 9.0)]
    (entry,) = medians.table(rows, [0, 1], None, square=False)
    assert entry["seeds"] == "0,1"
    assert numbers(entry["at the end"]) == [0.4, 0.3, 0.5, 0.6]


def test_errors_at_a_step_are_those_of_the_history():
    (entry,) = medians.table([run_of(0, 0.1)], None, [10, 20], square=True)
    assert numbers(entry["after 10 steps"])[0] == pytest.approx(0.2**2 / 4)
    assert numbers(entry["after 20 steps"])[0] == pytest.approx(0.1**2 / 4, rel=0.06)
    longer = run_of(1, 0.1, steps=[0, 15, 20])
    (entry,) = medians.table([run_of(0, 0.1), longer], None, [10, 20], square=False)
    assert (entry["after 10 steps"], numbers(entry["after 20 steps"])[0]) == ("", 0.1)


def test_a_run_that_diverged_has_an_infinite_error():
    rows = [run_of(0, 0.1), run_of(1, None), run_of(2, 0.3)]
    (entry,) = medians.table(rows, None, None, square=False)
    assert numbers(entry["at the end"])[0] == 0.3
    assert entry["at the end"].endswith("inf")


def test_the_ratio_is_that_of_the_seeds_that_both_have():
    rows = [run_of(seed, error) for seed, error in ((0, 0.1), (1, 0.2), (2, 0.4))]
    rows += [run_of(seed, error, loss="relobralo") for seed, error in ((1, 0.1), (2, 0.2), (3, 9.0))]
    ours, plain = medians.table(rows, None, None, square=False)
    assert ours["at the end"].endswith("(0.5 of sum)")
    assert "of sum" not in plain["at the end"]
    (alone,) = medians.table(rows[3:], None, None, square=False)
    assert "of sum" not in alone["at the end"]


def test_each_variable_of_a_run_has_a_row():
    rows = [run_of(0, 0.1, variable="k", **{f"{OTHERS}u": 0.3})]
    found = medians.table(rows, None, None, square=False)
    assert {entry["problem"]: numbers(entry["at the end"])[0] for entry in found} == {
        "helmholtz: k": 0.1,
        "helmholtz: u": 0.3,
    }
    (entry,) = medians.table(rows, None, None, square=True)
    assert (entry["problem"], numbers(entry["at the end"])[0]) == ("helmholtz", 0.0025)


def test_it_prints_the_commands_of_the_files(tmp_path, monkeypatch, capsys):
    made = {"command": "python benchmarks/some.py", "date": "2026-11-28", "device": "a machine"}
    (tmp_path / "some.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in (made, run_of(0, 0.1))))
    monkeypatch.setattr(medians, "RESULTS", tmp_path)
    monkeypatch.setattr("sys.argv", ["medians.py", "some"])
    medians.main()
    out = capsys.readouterr().out
    assert "some: python benchmarks/some.py, 2026-11-28, on a machine" in out
    assert "0.1 [0.1, 0.1], 0.1" in out
    monkeypatch.setattr("sys.argv", ["medians.py", "other"])
    with pytest.raises(SystemExit):
        medians.main()
    assert "no results of other; there are some" in capsys.readouterr().err
