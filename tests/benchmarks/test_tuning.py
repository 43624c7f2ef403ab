"""The search: that it goes on where it was, and that it keeps what other calls have found."""

import os
import signal
import sys
import threading
import time

import pytest
from programs import TIMEOUT

from benchmarks.protocols import accuracy
from benchmarks.records import read_rows

search_spaces = pytest.importorskip("benchmarks.protocols.search_spaces", reason="needs optuna")
tuning = pytest.importorskip("benchmarks.protocols.tuning")


def test_another_budget_does_not_overwrite_the_shipped_results(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["tuning.py", "--trials", "1"])
    with pytest.raises(SystemExit):
        tuning.main()
    assert "give another --out" in capsys.readouterr().err


def suggestions(folder, trials):
    """Return the temperatures of `trials` further trials, without trainings."""
    study, tried = tuning.open_study(folder, 20, "helmholtz", "aggregated", "relobralo"), []

    def objective(trial):
        tried.append(search_spaces.suggest(trial, "relobralo")["temperature"])
        return tried[-1]

    study.optimize(objective, n_trials=trials)
    return tried


def test_a_search_that_goes_on_asks_anew(tmp_path):
    first, second, third = (
        suggestions(tmp_path / "a", 4),
        suggestions(tmp_path / "a", 2),
        suggestions(tmp_path / "a", 2),
    )
    assert first[:2] == [0.1, 0.01]
    assert len({*first, *second, *third}) == 8
    assert suggestions(tmp_path / "b", 4) == first


def test_a_point_whose_trial_was_cut_off_is_asked_again(tmp_path):
    cut_off = tuning.open_study(tmp_path, 20, "helmholtz", "aggregated", "lr_annealing").ask()
    assert search_spaces.suggest(cut_off, "lr_annealing") == {"alpha": 0.01, "update_freq": 1}
    again = tuning.open_study(tmp_path, 20, "helmholtz", "aggregated", "lr_annealing").ask()
    assert search_spaces.suggest(again, "lr_annealing") == {"alpha": 0.01, "update_freq": 1}
    # What waits for its turn or has come to its end is not asked again.
    study = tuning.open_study(tmp_path, 20, "helmholtz", "aggregated", "grad_norm")
    study.tell(study.ask({"alpha": tuning.optuna.distributions.FloatDistribution(0, 3)}), 1.0)
    tuning.open_study(tmp_path, 20, "helmholtz", "aggregated", "grad_norm")
    assert len(tuning.open_study(tmp_path, 20, "helmholtz", "aggregated", "grad_norm").trials) == 1


def test_an_interrupt_ends_the_trainings_of_all_studies(tmp_path, monkeypatch):
    seen = []
    # When both are at work, and so this thread is inside of the search, whatever the machine does.
    at_work = threading.Barrier(2, action=lambda: os.kill(os.getpid(), signal.SIGUSR1), timeout=TIMEOUT)

    def train_for_long(study, trial, jobs, folder, go_on):
        at_work.wait()
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            try:
                go_on(0, 0)
            except KeyboardInterrupt:
                seen.append(study.study_name)
                raise
            time.sleep(0.01)
        return 0.0

    monkeypatch.setattr(tuning, "evaluate", train_for_long)
    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    try:
        studies = [tuning.open_study(tmp_path, 20, problem, "aggregated", "grad_norm") for problem in tuning.PROBLEMS]
        with pytest.raises(KeyboardInterrupt):
            tuning.search(studies, 3, 4, tmp_path)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(seen) == 2
    assert not any(tuning.done(study) for study in studies)


def test_a_diverged_trial_is_written_as_json_knows_it(tmp_path):
    study = tuning.open_study(tmp_path, 20, "helmholtz", "aggregated", "grad_norm")
    for values in ([float("inf"), -1.0], [-1.0, -0.5]):
        trial = study.ask({"alpha": tuning.optuna.distributions.FloatDistribution(0, 3)})
        trial.set_user_attr("parameters", trial.params)
        trial.set_user_attr("values", values)
        study.tell(trial, sum(values) / 2)
    diverged, other = tuning.trial_rows(study)
    assert (diverged["log10 of the error"], diverged["median"]) == ([None, -1.0], None)
    assert other["median"] == -0.75


# The one test that launches real trainings: the others of the launcher have a program that only looks like one.
@pytest.mark.host
def test_a_search_trains_and_writes_what_it_found(folder, tmp_path, monkeypatch):
    command = "tuning.py --problems helmholtz --losses grad_norm --trials 1 --steps 20 --jobs 1"
    # Compiling is not what this is about.
    monkeypatch.setenv("TORCHDYNAMO_DISABLE", "1")
    monkeypatch.setattr(sys, "argv", [*command.split(), "--folder", str(folder), "--out", str(tmp_path)])
    tuning.main()
    (trial,) = read_rows("tuning", tmp_path)
    assert (trial["parameters"], trial["seeds"], trial["steps"]) == ({"alpha": 1.0}, [100, 101], 20)
    assert trial["median"] == pytest.approx(sum(trial["log10 of the error"]) / 2)
    assert -2 < trial["median"] < 1


def test_the_best_trial_of_a_study_is_compared(monkeypatch):
    def row(problem, median, alpha):
        named = {"problem": problem, "terms": "aggregated", "loss": "grad_norm"}
        return {**named, "median": median, "parameters": {"alpha": alpha}}

    rows = [row("helmholtz", None, 0.1), row("helmholtz", -1.0, 0.2), row("kirchhoff", -2.0, 0.3)]
    rows += [row("helmholtz", -1.5, 0.4), row("helmholtz", -1.2, 0.5)]
    monkeypatch.setattr(accuracy, "read_rows", lambda name: rows)
    assert [trial["parameters"]["alpha"] for trial in accuracy.best_trials()] == [0.4, 0.3]
    tuned = [training for training in accuracy.full() if training.parameters]
    assert {(t.problem, t.loss, t.parameters) for t in tuned} == {
        ("helmholtz", "grad_norm", (("alpha", 0.4),)),
        ("kirchhoff", "grad_norm", (("alpha", 0.3),)),
    }
