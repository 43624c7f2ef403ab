"""Launching the trainings of a comparison: which commands, and that what is finished is not run again."""

import itertools
import json
import shutil
from pathlib import Path

import pytest
from written_runs import write_run

from benchmarks import launching
from benchmarks import training as trainings_of
from benchmarks.protocols import accuracy
from benchmarks.records import CIRCUMSTANCES

ON_ONE_CORE, ON_THREE_CORES = launching.on_this_machine(1), launching.on_this_machine(3)


def product(command):
    """Return the pairs of loss and seed that Hydra makes of a command."""
    values = {part.split("=")[0]: part.split("=")[1].split(",") for part in command if "=" in part}
    return set(itertools.product(values["loss"], map(int, values["custom.seed"])))


def make(problem="helmholtz", terms="aggregated", loss="sum", seed=0, steps=20, **given):
    return accuracy.training(problem, terms, loss, seed, steps, **given)


def test_commands_run_exactly_what_is_asked_for(folder):
    trainings = [make(seed=seed, folder=folder) for seed in range(4)]
    trainings += [make(loss=loss, seed=seed, folder=folder) for loss in "ab" for seed in (1, 3)]
    first, second = launching.commands(trainings, ON_THREE_CORES)
    assert product(first) == {("sum", seed) for seed in range(4)}
    assert product(second) == {(loss, seed) for loss in "ab" for seed in (1, 3)}
    assert {"custom.per_edge=false", "training.max_steps=20", "hydra.launcher.n_jobs=3"} <= set(first)
    # What differs in anything else is launched apart.
    for other in ({"terms": "per_edge"}, {"parameters": (("alpha", 0.5),)}, {"rate": 0.5}, {"steps": 40}):
        assert len(launching.commands([make(folder=folder), make(seed=1, folder=folder, **other)], [])) == 2


@pytest.mark.parametrize(
    ("log", "finished", "done"),
    [
        ("[step: 40] loss: 1.0", False, 40),
        ("[step: 100] reached maximum training steps, finished training!", True, 100),
        ("[step: 40] loss went to INFs/NaNs", True, 100),
        # As a grad scaler makes the host say of a step that is skipped.
        ("[step: 40] loss went to INFs/NaNs\n[step: 50] loss: 1.0", False, 50),
    ],
)
def test_the_log_says_how_far_a_training_is(folder, log, finished, done):
    training = make("kirchhoff", "per_edge", steps=100, folder=folder)
    assert (launching.is_finished(training), launching.progress([training])) == (False, (0, 0))
    write_run(training.run_dir, problem="kirchhoff", log=log)
    assert (launching.is_finished(training), launching.progress([training])) == (
        finished,
        (finished, 2 * done),
    )


def test_a_run_with_other_settings_is_not_taken_for_this_one(folder, monkeypatch):
    def changed(steps=100, alpha=0.5):
        return make("kirchhoff", "per_edge", steps=steps, parameters=(("alpha", alpha),), folder=folder)

    training = changed()
    overrides = [*training.overrides, "loss=sum", "custom.seed=0"]
    write_run(training.run_dir, problem="kirchhoff")
    # Hydra writes False and True with capitals.
    text = "\n".join(f"- {override.replace('=true', '=True')}" for override in overrides)
    (training.run_dir / ".hydra" / "overrides.yaml").write_text(text)
    with (training.run_dir / ".hydra" / "hydra.yaml").open("a") as file:
        file.write("callbacks: {_target_: modulus.sym.hydra.callbacks.ModulusCallback}")
    monkeypatch.setattr(launching.host, "name", lambda: "modulus.sym")
    launching.check_settings(training)
    with pytest.raises(RuntimeError, match=r"training.max_steps=100 instead of 200"):
        launching.check_settings(changed(steps=200))
    with pytest.raises(RuntimeError, match=r"loss.alpha=0.5 instead of 0.25"):
        launching.check_settings(changed(alpha=0.25))
    monkeypatch.setattr(launching.host, "name", lambda: "physicsnemo.sym")
    with pytest.raises(RuntimeError, match=r"without physicsnemo.sym"):
        launching.check_settings(training)


@pytest.fixture
def stub(tmp_path, monkeypatch):
    """Put a program in the example's place that writes what the launcher reads and trains nothing."""
    (tmp_path / "examples" / "helmholtz").mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("stub_example.py"), tmp_path / "examples" / "helmholtz" / "helmholtz.py")
    for module in (trainings_of, launching):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(launching, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(launching.host, "name", lambda: "modulus.sym")
    return Path("runs")


def test_finished_trainings_are_not_run_again(stub):
    trainings = [make(seed=seed, folder=stub) for seed in (0, 1, 2)]
    reports = []
    launching.launch(trainings[:2], ON_ONE_CORE, lambda finished, steps: reports.append((finished, steps)))
    assert reports[-1] == (2, 40)
    logs = [training.run_dir / "helmholtz.log" for training in trainings]
    assert [log.exists() for log in logs] == [True, True, False]

    # Under which circumstances a run was made is known where it lies.
    made = [json.loads((training.run_dir / launching.MADE).read_text()) for training in trainings[:2]]
    assert made[0].keys() == {*CIRCUMSTANCES}
    (trainings[0].run_dir / launching.MADE).write_text("{}")

    # The second looks like one that was interrupted, the third is new: both are launched, the first is left alone.
    logs[1].write_text("[step: 0] loss: 1.0\n")
    launching.launch(trainings, ON_ONE_CORE)
    assert [log.read_text().count("finished training!") for log in logs] == [1, 1, 1]
    assert logs[1].read_text().startswith("[step: 0] loss: 1.0\n")
    # And now there is nothing to do.
    launching.launch(trainings, ON_ONE_CORE)
    assert (trainings[0].run_dir / launching.MADE).read_text() == "{}"
    assert [log.read_text().count("finished training!") for log in logs] == [1, 1, 1]


def test_a_training_that_fails_is_shown(stub):
    with pytest.raises(RuntimeError, match=r"Could not find 'loss/no_such_scheme'"):
        launching.launch([make(loss="no_such_scheme", folder=stub)], ON_ONE_CORE)
