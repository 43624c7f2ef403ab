"""The search: that it goes on where it was, and that it keeps what other calls have found."""

import json
import sys

import pytest

tune = pytest.importorskip("tune", reason="needs optuna")


def row(problem, trial, median):
    return {"problem": problem, "terms": "aggregated", "loss": "relobralo", "trial": trial, "median": median}


def test_results_of_other_studies_are_kept(tmp_path):
    tune.update_rows(tmp_path / "found", [row("helmholtz", 0, -1.0), row("kirchhoff", 0, -2.0)])
    tune.update_rows(tmp_path / "found", [row("helmholtz", 0, -1.0), row("helmholtz", 1, -1.5)])
    found = json.loads((tmp_path / "found.json").read_text())["rows"]
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
        tried.append(tune.of_relobralo(trial)["temperature"])
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


@pytest.mark.host
def test_a_search_trains_and_writes_what_it_found(folder, tmp_path, monkeypatch):
    command = "tune.py --problems helmholtz --losses grad_norm --trials 1 --steps 20 --jobs 2"
    monkeypatch.setattr(sys, "argv", [*command.split(), "--folder", str(folder), "--out", str(tmp_path / "tuning")])
    tune.main()
    (trial,) = json.loads((tmp_path / "tuning.json").read_text())["rows"]
    (best,) = json.loads((tmp_path / "tuned.json").read_text())["rows"]
    assert trial == best
    assert (trial["parameters"], trial["seeds"]) == ({"alpha": 1.0}, [100, 101])
    assert trial["median"] == pytest.approx(sum(trial["log10 of the error"]) / 2)
    assert -2 < trial["median"] < 1
