"""What the comparison makes of its runs, on runs whose numbers are known."""

import json
import sys
from dataclasses import replace

import accuracy
import numpy as np
import pytest
import torch
from protocol import Training
from records import read_rows
from written_runs import EXACT, write_run


@pytest.fixture
def trainings(tmp_path):
    """Return two trainings of which the second has diverged; a folder outside of the root serves as well."""
    first = Training("helmholtz", "aggregated", "sum", 0, 20, folder=tmp_path)
    write_run(first.run_dir, "sum", problem="helmholtz", seed=0, errors=(1.0, 0.5, 0.25))
    second = replace(first, loss="relobralo", seed=1)
    write_run(second.run_dir, problem="helmholtz", seed=1, last_loss=float("nan"))
    return [first, second]


def test_numbers_and_circumstances_go_into_the_result_file(trainings, tmp_path):
    accuracy.evaluate(trainings, tmp_path / "numbers", tmp_path / "figures")
    circumstances, first, second = map(json.loads, (tmp_path / "numbers.jsonl").read_text().splitlines())
    assert set(circumstances) == {"command", "device", "versions", "date"}
    assert circumstances["versions"]["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert (first["status"], first["seed"], first["last step"]) == ("finished", 0, 20)
    assert first["relative L2 error"] == pytest.approx(0.25, rel=1e-6)
    assert first["mean squared error"] == pytest.approx(np.mean((0.25 * EXACT) ** 2), rel=1e-6)
    assert (first["steps"], first["errors"]) == ([0, 10, 20], [1.0, 0.5, 0.25])
    assert (second["status"], second["relative L2 error"]) == ("diverged", None)
    assert "1, 1 diverged" in (tmp_path / "figures" / "report.md").read_text()


def test_a_report_before_the_end_does_not_overwrite_the_shipped_results(trainings, tmp_path, monkeypatch, capsys):
    (trainings[0].run_dir / "helmholtz.log").write_text("[step: 20] finished training!\n")
    missing = replace(trainings[0], seed=7)
    monkeypatch.setattr(accuracy.protocol, "full", lambda: [trainings[0], missing])
    monkeypatch.setattr(accuracy.sweep, "check_settings", lambda training: None)
    monkeypatch.setattr(sys, "argv", ["accuracy.py", "--report"])
    shipped = accuracy.ROOT / "benchmarks" / "results" / "accuracy.jsonl"
    before = shipped.read_bytes()
    accuracy.main()
    assert "1 of 2 runs are finished" in capsys.readouterr().out
    assert shipped.read_bytes() == before
    assert len(read_rows(tmp_path / "report" / "accuracy")) == 1


def test_a_part_is_what_was_asked_for_and_published_only_on_request(trainings, tmp_path, monkeypatch):
    for training in trainings:
        (training.run_dir / "helmholtz.log").write_text("[step: 20] finished training!\n")
    monkeypatch.setattr(accuracy.protocol, "full", lambda: trainings)
    monkeypatch.setattr(accuracy.sweep, "check_settings", lambda training: None)
    written = []
    monkeypatch.setattr(accuracy, "evaluate", lambda part, results, figures: written.append((part, results)))
    sums = ["--losses", "sum"]
    for options in (
        sums,
        [*sums, "--publish"],
        [*sums, "--publish", "accuracy_sums"],
        ["--steps", "20"],
        ["--seeds", "1"],
        [],
    ):
        monkeypatch.setattr(sys, "argv", ["accuracy.py", "--report", *options])
        accuracy.main()
    beside, shipped = tmp_path / "report" / "accuracy", accuracy.ROOT / "benchmarks" / "results" / "accuracy"
    assert written == [
        (trainings[:1], beside),
        (trainings[:1], shipped),
        (trainings[:1], shipped.with_name("accuracy_sums")),
        (trainings, beside),
        (trainings[1:], beside),
        (trainings, shipped),
    ]
    monkeypatch.setattr(sys, "argv", ["accuracy.py", "--report", "--losses", "max"])
    with pytest.raises(SystemExit):
        accuracy.main()
    monkeypatch.setattr(sys, "argv", ["accuracy.py", "--report", *sums, "--publish", "article"])
    with pytest.raises(SystemExit):
        accuracy.main()
