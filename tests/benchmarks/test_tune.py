"""The search: that it goes on where it was, and that it keeps what other calls have found."""

import os
import signal
import sys
import threading
import time

import pytest
from programs import TIMEOUT
from records import read_rows

search_spaces = pytest.importorskip("search_spaces", reason="needs optuna")
tune = pytest.importorskip("tune")


def row(problem, trial, median):
    return {"problem": problem, "terms": "aggregated", "loss": "relobralo", "trial": trial, "median": median}


def test_results_of_other_studies_are_kept(tmp_path):
    tune.update_rows(tmp_path / "found", [row("helmholtz", 0, -1.0), row("kirchhoff", 0, -2.0)])
    tune.update_rows(tmp_path / "found", [row("helmholtz", 0, -1.0), row("helmholtz", 1, -1.5)])
    found = read_rows(tmp_path / "found")
    assert [(entry["problem"], entry["trial"]) for entry in found] == [
        ("helmholtz", 0),
        ("helmholtz", 1),
        ("kirchhoff", 0),
    ]


def test_another_budget_does_not_overwrite_the_shipped_results(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["tune.py", "--trials", "1"])
    with pytest.raises(SystemExit):
        tune.main()
    assert "give another --out" in capsys.readouterr().err


def suggestions(folder, trials):
    """Return the temperatures of `trials` further trials, without trainings."""
    study, tried = tune.open_study(folder, 20, "helmholtz", "aggregated", "relobralo"), []

    def objective(trial):
        tried.append(search_spaces.of_relobralo(trial)["temperature"])
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
    cut_off = tune.open_study(tmp_path, 20, "helmholtz", "aggregated", "lr_annealing").ask()
    assert search_spaces.of_lr_annealing(cut_off) == {"alpha": 0.01, "update_freq": 1}
    again = tune.open_study(tmp_path, 20, "helmholtz", "aggregated", "lr_annealing").ask()
    assert search_spaces.of_lr_annealing(again) == {"alpha": 0.01, "update_freq": 1}
    # What waits for its turn or has come to its end is not asked again.
    study = tune.open_study(tmp_path, 20, "helmholtz", "aggregated", "grad_norm")
    study.tell(study.ask({"alpha": tune.optuna.distributions.FloatDistribution(0, 3)}), 1.0)
    tune.open_study(tmp_path, 20, "helmholtz", "aggregated", "grad_norm")
    assert len(tune.open_study(tmp_path, 20, "helmholtz", "aggregated", "grad_norm").trials) == 1


def test_an_interrupt_ends_the_trainings_of_all_studies(tmp_path, monkeypatch):
    seen = []
    # When both are at work, and so this thread is inside of the search, whatever the machine does.
    at_work = threading.Barrier(2, action=lambda: os.kill(os.getpid(), signal.SIGUSR1), timeout=TIMEOUT)

    def train_for_long(study, trial, steps, jobs, folder, go_on):
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

    monkeypatch.setattr(tune, "evaluate", train_for_long)
    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    try:
        studies = [tune.open_study(tmp_path, 20, problem, "aggregated", "grad_norm") for problem in tune.PROBLEMS]
        with pytest.raises(KeyboardInterrupt):
            tune.search(studies, 3, 20, 4, tmp_path)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(seen) == 2
    assert not any(tune.done(study) for study in studies)


def test_a_diverged_trial_is_written_as_json_knows_it(tmp_path):
    study = tune.open_study(tmp_path, 20, "helmholtz", "aggregated", "grad_norm")
    for values in ([float("inf"), -1.0], [-1.0, -0.5]):
        trial = study.ask({"alpha": tune.optuna.distributions.FloatDistribution(0, 3)})
        trial.set_user_attr("parameters", trial.params)
        trial.set_user_attr("values", values)
        study.tell(trial, sum(values) / 2)
    diverged, other = tune.trial_rows(study)
    assert (diverged["log10 of the error"], diverged["median"]) == ([None, -1.0], None)
    assert tune.best_row(study) == other


# The one test that launches real trainings: the others of the launcher have a program that only looks like one.
@pytest.mark.host
def test_a_search_trains_and_writes_what_it_found(folder, tmp_path, monkeypatch):
    command = "tune.py --problems helmholtz --losses grad_norm --trials 1 --steps 20 --jobs 2"
    # Compiling is not what this is about.
    monkeypatch.setenv("TORCHDYNAMO_DISABLE", "1")
    monkeypatch.setattr(sys, "argv", [*command.split(), "--folder", str(folder), "--out", str(tmp_path / "tuning")])
    tune.main()
    (trial,), (best,) = read_rows(tmp_path / "tuning"), read_rows(tmp_path / "tuned")
    assert trial == best
    assert (trial["parameters"], trial["seeds"]) == ({"alpha": 1.0}, [100, 101])
    assert trial["median"] == pytest.approx(sum(trial["log10 of the error"]) / 2)
    assert -2 < trial["median"] < 1
