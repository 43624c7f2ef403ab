"""Runs of the host's Solver that go on in their folder: with other options, after a kill, beside another process."""

import re
import shutil
import time
from pathlib import Path

import pytest
import torch
from programs import TIMEOUT, begin_script, found, run_script, write_files

pytestmark = pytest.mark.host

CONFIG = """
    defaults:
      - modulus_default
      - arch:
          - fully_connected
      - scheduler: tf_exponential_lr
      - optimizer: adam
      - loss: relobralo
      - _self_
    hydra:
      run:
        dir: outputs
    cuda_graphs: false
    jit: false
    arch:
      fully_connected:
        layer_size: 8
        nr_layers: 2
        activation_fn: tanh
        weight_norm: false
    scheduler:
      decay_rate: 0.5
      decay_steps: 10
    training:
      max_steps: 4
      save_network_freq: 2
      rec_monitor_freq: 1
      rec_constraint_freq: 1000
      print_stats_freq: 1000
    custom:
      kill_at: -1
      kill_between_saves_at: -1
      wait_at: -1
"""
PROGRAM = Path(__file__).with_name("train_diffusion.py")
NETWORK, OPTIMIZER = "outputs/network.0.pth", "outputs/optim_checkpoint.0.pth"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    write_files(folder, conf__config_DOT_yaml=CONFIG, program_DOT_py=PROGRAM.read_text())
    return folder / "program.py"


@pytest.fixture(scope="module")
def train(program):
    """Return a function that trains in a folder, and returns what was printed and the states of the steps."""

    def train(folder, *overrides, succeeds=True, main="host"):
        output = run_script(program, [main, *overrides], folder, succeeds)
        return output, found(output)

    return train


@pytest.fixture(scope="module")
def begun(train, tmp_path_factory):
    """Return a function that gives a copy of a run that was begun with the overrides, at step 4."""
    runs = {}

    def begun(folder, *overrides):
        if overrides not in runs:
            runs[overrides] = tmp_path_factory.mktemp("begun")
            train(runs[overrides], *overrides)
        shutil.copytree(runs[overrides], folder, dirs_exist_ok=True)

    return begun


# ----- options that the config has changed


ADAM = ("optimizer._target_=modulus_relobralo.optimizers.Adam",)
NATURAL = ("optimizer=natural_gradient",)
CHANGED = {
    "adam": (ADAM, {"lr": ("0.001", 1e-4), "eps": ("1e-08", 1e-6), "weight_decay": ("0.0", 0.1)}),
    "lbfgs": (("optimizer=lbfgs", "optimizer.max_iter=3"), {"max_iter": ("3", 20), "max_eval": ("3", 25)}),
    "natural gradients": (
        NATURAL,
        {
            "momentum": ("0.9", 0.5),
            "memory": ("1.0", 0.25),
            "step_size": ("1.0", 0.5),
            "damping": ("0.01", 0.5),
            "adaptive": ("True", False),
            "scheduled": ("False", True),
        },
    ),
}


@pytest.mark.parametrize(("optimizer", "changes"), CHANGED.values(), ids=CHANGED)
def test_what_the_config_says_holds_and_each_change_is_named(train, begun, tmp_path, optimizer, changes):
    begun(tmp_path, *optimizer)
    overrides = [f"optimizer.{name}={now}" for name, (_, now) in changes.items() if name != "max_eval"]
    output, states = train(tmp_path, *optimizer, *overrides, "training.max_steps=5")
    assert "Success loading optimizer" in output
    for name, (before, now) in changes.items():
        assert re.search(rf": {name}: {re.escape(before)} in the checkpoint, {now}(\.0)? now", output), (name, output)
    for name in changes.keys() - {"lr"}:
        assert states[-1]["options"][name] == changes[name][1]
    if "max_iter" in changes:
        # To the host all iterations are one step. Those of before end after 3 evaluations of the loss.
        assert int(re.search(r"lbfgs optimization completed after (\d+) steps", output)[1]) > 3
    else:
        assert [state["step"] for state in states] == [4, 5]


def test_what_the_config_leaves_as_it_was_is_not_named(train, begun, tmp_path):
    begun(tmp_path, *NATURAL)
    output, states = train(tmp_path, *NATURAL, "training.max_steps=5")
    assert "in the checkpoint" not in output
    # The damping goes on as adapted, three times lower after every accepted step.
    assert "Success loading optimizer" in output
    assert states[0]["damping"] < 1e-3


def test_a_changed_damping_begins_at_the_new_value(train, begun, tmp_path):
    begun(tmp_path, *NATURAL)
    # Not adaptive, so that it is still there after the step.
    _, states = train(tmp_path, *NATURAL, "optimizer.damping=9.0", "optimizer.adaptive=false")
    assert [state["damping"] for state in states] == [9.0]


def test_a_changed_rate_decays_on_from_where_the_scheduler_is(train, begun, tmp_path):
    begun(tmp_path, *ADAM)
    _, states = train(tmp_path, *ADAM, "optimizer.lr=1e-4", "training.max_steps=5")
    assert [state["options"]["lr"] for state in states] == pytest.approx([1e-4 * 0.5 ** (n / 10) for n in (6, 7)])
    assert states[0]["options"]["initial_lr"] == 1e-4


def test_the_scheduler_goes_on_with_its_own_options(train, begun, tmp_path):
    """What the documents say of the host; one that mends this needs another sentence."""
    begun(tmp_path, *ADAM)
    _, states = train(tmp_path, *ADAM, "scheduler.decay_steps=1000", "training.max_steps=5")
    assert [state["gamma"] for state in states] == pytest.approx([0.5**0.1] * 2)


def test_a_network_of_other_parameters_is_refused(train, begun, tmp_path):
    begun(tmp_path, *ADAM, "loss=sum")
    output, states = train(tmp_path, *ADAM, "loss=sum", "arch.fully_connected.nr_layers=3", succeeds=False)
    assert states == []
    assert "The checkpoint of Adam is of groups of [6] parameters, here are [8]." in output


# ----- a network that is not of the checkpoint


def damage(path, how):
    if how == "missing":
        path.unlink()
    else:
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2] if how == "truncated" else b"")


GUARDS = {
    "by the balancing": ((), "the balancing"),
    "by gradient balancing": (("loss=relobralo_grad",), "the balancing"),
    "by the optimizer": ((*ADAM, "loss=sum"), "Adam"),
}


@pytest.mark.parametrize(
    ("how", "guard"),
    [("truncated", "by the balancing"), ("empty", "by gradient balancing"), ("missing", "by the optimizer")],
)
def test_a_network_that_cannot_be_read_is_refused(train, begun, tmp_path, how, guard):
    overrides, owner = GUARDS[guard]
    begun(tmp_path, *overrides)
    damage(tmp_path / NETWORK, how)
    before = (tmp_path / OPTIMIZER).read_bytes()
    output, states = train(tmp_path, *overrides, succeeds=False)
    assert states == []
    assert f"The network is not the one with which the checkpoint of {owner} was saved" in output
    assert (tmp_path / OPTIMIZER).read_bytes() == before


@pytest.mark.parametrize(("jit", "guard"), [("true", "by the balancing"), ("false", "by the optimizer")])
def test_a_kill_between_the_two_files_of_a_checkpoint_is_seen(train, tmp_path, jit, guard):
    overrides, owner = (*GUARDS[guard][0], f"jit={jit}"), GUARDS[guard][1]
    output, states = train(tmp_path, *overrides, "custom.kill_between_saves_at=2", succeeds=False)
    assert "Traceback" not in output
    assert states[-1]["step"] == 2
    output, states = train(tmp_path, *overrides, succeeds=False)
    assert states == []
    assert f"The network is not the one with which the checkpoint of {owner} was saved" in output
    # As the message says: without the optimizer's file the network goes on at step 0.
    (tmp_path / OPTIMIZER).unlink()
    output, states = train(tmp_path, *overrides)
    assert "Success loading model" in output
    assert [state["step"] for state in states] == [0, 1, 2, 3, 4]


def test_checkpoints_without_a_fingerprint_go_on(train, begun, tmp_path):
    begun(tmp_path, *ADAM)
    checkpoint = torch.load(tmp_path / OPTIMIZER, weights_only=False)
    for name in ("options", "parameters"):
        del checkpoint["optimizer_state_dict"][name]
    del checkpoint["aggregator_state_dict"]._metadata[""]["network"]
    torch.save(checkpoint, tmp_path / OPTIMIZER)
    output, states = train(tmp_path, *ADAM, "training.max_steps=5")
    assert [state["step"] for state in states] == [4, 5]
    assert "in the checkpoint" not in output


# ----- two processes in one folder


def wait_for(path):
    end = time.monotonic() + TIMEOUT
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("main", "overrides"), [("host", ()), ("ours", ("loss=sum",))], ids=["host's main", "our main"]
)
def test_a_second_process_is_refused_until_the_first_is_gone(program, train, tmp_path, main, overrides):
    end_first = begin_script(program, [main, *overrides, "custom.wait_at=3"], tmp_path)
    outputs = tmp_path / "outputs"
    wait_for(outputs / "waits")
    try:
        files = {path: path.read_bytes() for path in outputs.glob("*.pth")}
        output, states = train(tmp_path, *overrides, main=main, succeeds=False)
        assert f"Another process trains in {outputs}: it holds .training.lock" in output
        assert states == []
        assert {path: path.read_bytes() for path in outputs.glob("*.pth")} == files
        assert len(files) == 2
        # To look at the run is no training.
        _, output = begin_script(program, [main, *overrides, "run_mode=eval"], tmp_path)()
        assert "Another process" not in output
    finally:
        (outputs / "go on").touch()
    status, output = end_first()
    assert status == "0", output
    # Now that it is gone, its folder is free.
    _, states = train(tmp_path, *overrides, "training.max_steps=5", main=main)
    assert [state["step"] for state in states] == [4, 5]


def test_a_kill_leaves_no_lock_behind(train, tmp_path):
    train(tmp_path, "custom.kill_at=3", succeeds=False)
    assert (tmp_path / "outputs" / ".training.lock").exists()
    _, states = train(tmp_path)
    assert [state["step"] for state in states] == [2, 3, 4]


# ----- records


def test_an_unreadable_row_of_weights_is_dropped_and_said(train, begun, tmp_path):
    begun(tmp_path)
    path = tmp_path / "outputs" / "monitors" / "weights.csv"
    lines = path.read_text().splitlines(keepends=True)
    lines[2] = lines[2].replace("1,", "one,", 1)
    path.write_text("".join(lines))
    output, _ = train(tmp_path, "training.max_steps=5")
    assert "1 rows cannot be read and are dropped" in output
    assert [line.split(",")[0] for line in path.read_text().splitlines()] == ["step", "0", "2", "3", "4", "5"]
