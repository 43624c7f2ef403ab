"""What the command line of a protocol makes of finished runs, on runs whose numbers are known."""

import json
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from pandas import Series
from written_runs import EXACT, write_run

from benchmarks import launching, runner
from benchmarks.protocols import accuracy
from benchmarks.records import CIRCUMSTANCES, RESULTS, read_rows


@pytest.fixture
def trainings(tmp_path):
    """Return two finished trainings, of which the second has diverged, and one that is not there."""
    made = [
        accuracy.training("helmholtz", "aggregated", loss, seed, 20, folder=tmp_path)
        for loss, seed in (("sum", 0), ("relobralo", 1), ("sum", 7))
    ]
    finished = "[step: 20] finished training!"
    write_run(made[0].run_dir, "sum", problem="helmholtz", seed=0, errors=(1.0, 0.5, 0.25), log=finished)
    diverged = "[step: 20] loss went to INFs/NaNs"
    write_run(made[1].run_dir, problem="helmholtz", seed=1, last_loss=float("nan"), log=diverged)
    return made


@pytest.fixture
def command(trainings, tmp_path, monkeypatch):
    """Return what runs the protocol with options, and its rows thereafter; they lie outside of the repository."""
    monkeypatch.setattr(launching, "check_settings", lambda training: None)
    monkeypatch.setattr(runner, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(runner, "ROOT", tmp_path)

    def run(*options):
        monkeypatch.setattr(sys, "argv", ["accuracy", *options])
        runner.run(None, lambda: trainings, lambda: trainings[:2])
        return read_rows("accuracy", tmp_path / "results")

    return run


def test_numbers_and_circumstances_go_into_the_result_file(command, capsys):
    first, second = command("--report")
    assert "2 of 3 runs are finished" in capsys.readouterr().out
    assert {*CIRCUMSTANCES} <= first.keys()
    assert first["versions"]["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert (first["problem"], first["setting"], first["loss"], first["seed"]) == ("helmholtz", "scaled", "sum", 0)
    assert (first["status"], first["max steps"], first["last step"]) == ("finished", 20, 20)
    assert first["relative L2 error"] == pytest.approx(0.25, rel=1e-6)
    assert first["mean squared error"] == pytest.approx(np.mean((0.25 * EXACT) ** 2), rel=1e-6)
    assert (first["steps"], first["errors"]) == ([0, 10, 20], [1.0, 0.5, 0.25])
    assert (second["status"], second["relative L2 error"]) == ("diverged", None)


def test_a_run_has_the_circumstances_of_its_launch(command, trainings):
    made = {"command": "python -m before", "commit": "abc", "device": "a", "versions": {}, "date": "2026-01-01"}
    (trainings[0].run_dir / launching.MADE).write_text(json.dumps(made))
    first, second = command("--report")
    assert made.items() <= first.items()
    assert second["command"] != made["command"]


def test_a_part_takes_the_place_of_its_own_rows_only(command, trainings):
    assert [row["loss"] for row in command("--report", "--losses", "relobralo")] == ["relobralo"]
    assert [row["loss"] for row in command("--report", "--seeds", "0")] == ["relobralo", "sum"]
    shutil.rmtree(trainings[0].run_dir)
    finished = "[step: 20] finished training!"
    write_run(trainings[0].run_dir, "sum", problem="helmholtz", seed=0, errors=(1.0, 0.5, 0.125), log=finished)
    rows = command("--report", "--steps", "20")
    assert [(row["loss"], row["relative L2 error"]) for row in rows] == [
        ("relobralo", None),
        ("sum", pytest.approx(0.125)),
    ]


def test_what_names_nothing_is_refused(command, capsys):
    for options, message in (
        (["--losses", "max"], r"no training has losses ['max']"),
        (["--seeds", "7"], "no run is finished"),
    ):
        with pytest.raises(SystemExit):
            command("--report", *options)
        assert message in capsys.readouterr().err


def test_quick_runs_are_not_published(command, tmp_path):
    before = {path: path.read_bytes() for path in RESULTS.iterdir()}
    assert command("--report", "--quick") == []
    assert len(read_rows("accuracy", tmp_path / "outputs" / "accuracy-quick")) == 2
    assert {path: path.read_bytes() for path in RESULTS.iterdir()} == before


def test_a_plan_launches_nothing_and_names_what_is_to_be_run(command, capsys):
    assert command("--plan") == []
    out = capsys.readouterr().out
    assert "3 runs, 1 of them to be run by" in out
    assert "custom.seed=7" in out
    assert "custom.seed=0" not in out


def test_a_row_keeps_the_last_error_of_every_variable(trainings, monkeypatch):
    errors = {name: Series({0: 1.0, 100: last}) for name, last in (("k", 0.2), ("u", 0.1))}
    found = SimpleNamespace(
        errors=errors, diverged=False, status="finished", last_step=100, seconds=1.0, step_seconds=0.01, seed=0
    )
    monkeypatch.setattr(runner, "read_run", lambda folder: found)
    monkeypatch.setattr(runner, "mean_square", lambda run, variable: 0.5)
    row = runner.errors_of(trainings[0])
    assert (row["relative L2 error"], row["relative L2 error of u"]) == (0.2, 0.1)
    found.diverged = True
    row = runner.errors_of(trainings[0])
    assert row["relative L2 error"] is row["relative L2 error of u"] is None
