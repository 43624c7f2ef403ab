"""Launching the trainings of a comparison: which commands, and that what is finished is not run again."""

import itertools
from dataclasses import replace
from pathlib import Path

import protocol
import pytest
import sweep
from protocol import Training
from written_runs import write_run

ON_ONE_CORE, ON_THREE_CORES = sweep.on_this_machine(1), sweep.on_this_machine(3)


def product(command):
    """Return the pairs of loss and seed that Hydra makes of a command."""
    values = {part.split("=")[0]: part.split("=")[1].split(",") for part in command if "=" in part}
    return set(itertools.product(values["loss"], map(int, values["custom.seed"])))


def test_commands_run_exactly_what_is_asked_for(folder):
    trainings = [Training("helmholtz", "aggregated", "sum", seed, 100, folder=folder) for seed in range(4)]
    trainings += [
        Training("helmholtz", "aggregated", loss, seed, 100, folder=folder) for loss in "ab" for seed in (1, 3)
    ]
    first, second = sweep.commands(trainings, ON_THREE_CORES)
    assert product(first) == {("sum", seed) for seed in range(4)}
    assert product(second) == {(loss, seed) for loss in "ab" for seed in (1, 3)}
    assert {"custom.per_edge=false", "training.max_steps=100", "hydra.launcher.n_jobs=3"} <= set(first)
    # What differs in anything else is launched apart.
    assert len(sweep.commands([trainings[0], replace(trainings[1], terms="per_edge")], [])) == 2
    assert len(sweep.commands([trainings[0], replace(trainings[1], parameters=(("alpha", 0.5),))], [])) == 2
    assert len(sweep.commands([trainings[0], replace(trainings[1], rate=0.5)], [])) == 2


@pytest.mark.parametrize("trainings", [protocol.full(), protocol.quick()], ids=["full", "quick"])
def test_no_two_trainings_share_a_folder_or_see_a_tuning_seed(trainings):
    assert len({training.run_dir for training in trainings}) == len(trainings)
    assert not {training.seed for training in trainings} & set(protocol.TUNING_SEEDS)
    for problem, terms in itertools.product(protocol.PROBLEMS, protocol.TERMS):
        of_defaults = [t for t in protocol.at_defaults() if (t.problem, t.terms) == (problem, terms)]
        assert {t.loss for t in of_defaults} == {*protocol.HEADLINE, protocol.GRADIENTS, *protocol.RIVALS}
        assert len({(*training.overrides,) for training in of_defaults}) == 1


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
    training = Training("kirchhoff", "per_edge", "sum", 0, 100, folder=folder)
    assert (sweep.is_finished(training), sweep.progress([training])) == (False, (0, 0))
    write_run(training.run_dir, problem="kirchhoff", log=log)
    assert (sweep.is_finished(training), sweep.progress([training])) == (
        finished,
        (finished, done * protocol.COST["kirchhoff"]),
    )


def test_a_run_with_other_settings_is_not_taken_for_this_one(folder, monkeypatch):
    training = Training("kirchhoff", "per_edge", "sum", 0, 100, (("alpha", 0.5),), folder=folder)
    overrides = [*training.overrides, "loss=sum", "custom.seed=0"]
    write_run(training.run_dir, problem="kirchhoff")
    # Hydra writes False and True with capitals.
    text = "\n".join(f"- {override.replace('=true', '=True')}" for override in overrides)
    (training.run_dir / ".hydra" / "overrides.yaml").write_text(text)
    with (training.run_dir / ".hydra" / "hydra.yaml").open("a") as file:
        file.write("callbacks: {_target_: modulus.sym.hydra.callbacks.ModulusCallback}")
    monkeypatch.setattr(sweep.host, "name", lambda: "modulus.sym")
    sweep.check_settings(training)
    with pytest.raises(RuntimeError, match=r"training.max_steps=100 instead of 200"):
        sweep.check_settings(replace(training, steps=200))
    with pytest.raises(RuntimeError, match=r"loss.alpha=0.5 instead of 0.25"):
        sweep.check_settings(replace(training, parameters=(("alpha", 0.25),)))
    monkeypatch.setattr(sweep.host, "name", lambda: "physicsnemo.sym")
    with pytest.raises(RuntimeError, match=r"without physicsnemo.sym"):
        sweep.check_settings(training)


PROGRAM = """
import itertools, pathlib, sys

given = dict(part.split("=", 1) for part in sys.argv[1:] if "=" in part)
if given["loss"] == "no_such_scheme":
    sys.exit("Could not find 'loss/no_such_scheme'")
losses, seeds = given.pop("loss").split(","), given.pop("custom.seed").split(",")
for loss, seed in itertools.product(losses, seeds):
    folder = pathlib.Path(given["hydra.sweep.dir"], loss, f"seed-{seed}")
    (folder / ".hydra").mkdir(parents=True, exist_ok=True)
    values = {"loss": loss, "custom.seed": seed, **given}
    kept = [f"- {name}={value}" for name, value in values.items() if not name.startswith("hydra")]
    (folder / ".hydra" / "overrides.yaml").write_text("\\n".join(kept))
    (folder / ".hydra" / "hydra.yaml").write_text("modulus.sym")
    steps = int(given["training.max_steps"])
    with (folder / "helmholtz.log").open("a") as log:
        print(f"[step: {steps:10d}] reached maximum training steps, finished training!", file=log)
"""


@pytest.fixture
def stub(tmp_path, monkeypatch):
    """Put a program in the example's place that writes what the launcher reads and trains nothing."""
    (tmp_path / "examples" / "helmholtz").mkdir(parents=True)
    (tmp_path / "examples" / "helmholtz" / "helmholtz.py").write_text(PROGRAM)
    for module in (protocol, sweep):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(sweep, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(sweep.host, "name", lambda: "modulus.sym")
    return Path("runs")


def test_finished_trainings_are_not_run_again(stub):
    trainings = [Training("helmholtz", "aggregated", "sum", seed, 20, folder=stub) for seed in (0, 1, 2)]
    reports = []
    sweep.launch(trainings[:2], ON_ONE_CORE, lambda finished, steps: reports.append((finished, steps)))
    assert reports[-1] == (2, 40)
    logs = [training.run_dir / "helmholtz.log" for training in trainings]
    assert [log.exists() for log in logs] == [True, True, False]

    # The second looks like one that was interrupted, the third is new: both are launched, the first is left alone.
    logs[1].write_text("[step: 0] loss: 1.0\n")
    sweep.launch(trainings, ON_ONE_CORE)
    assert [log.read_text().count("finished training!") for log in logs] == [1, 1, 1]
    assert logs[1].read_text().startswith("[step: 0] loss: 1.0\n")
    # And now there is nothing to do.
    sweep.launch(trainings, ON_ONE_CORE)
    assert [log.read_text().count("finished training!") for log in logs] == [1, 1, 1]


def test_a_training_that_fails_is_shown(stub):
    with pytest.raises(RuntimeError, match=r"Could not find 'loss/no_such_scheme'"):
        sweep.launch([Training("helmholtz", "aggregated", "no_such_scheme", 0, 20, folder=stub)], ON_ONE_CORE)
