"""The examples of PhysicsNeMo of today, in processes of their own: they train, record, resume and are read."""

import numpy as np
import pytest
import torch
from programs import ROOT, run_script

from modulus_relobralo.report import read_run

EXAMPLES = ROOT / "examples" / "physicsnemo"
SMALL = [
    "arch.layer_size=8",
    "batch_size.interior=32",
    "training.summary_freq=5",
    "training.rec_monitor_freq=5",
    "training.rec_validation_freq=5",
    "training.save_network_freq=5",
]
TERMS = {
    "helmholtz": ["helmholtz", "u"],
    "kirchhoff": ["kirchhoff", "w", "M_n"],
    "cavity": ["continuity", "momentum_x", "momentum_y", "u_walls", "v_walls", "u_lid", "v_lid"],
}
FIELDS = {"helmholtz": ["u"], "kirchhoff": ["w"], "cavity": ["u", "v"]}
FIRST_ORDER = "--config-name=first_order"


def train(folder, example, *overrides, **options):
    # Options first: Hydra's parser takes overrides in one row.
    return run_script(EXAMPLES / f"{example}.py", [*overrides, *SMALL, "hydra.run.dir=run"], folder, **options)


@pytest.mark.parametrize("example", TERMS)
def test_examples_train_and_are_read(tmp_path, example):
    by_gradients = example == "cavity"
    small = [] if by_gradients else ["batch_size.edge=8"]
    train(tmp_path, example, "training.max_steps=10", "custom.seed=3", *small)
    found = read_run(tmp_path / "run")
    assert (found.problem, found.scheme, found.seed, found.status) == (example, "relobralo_grad", 3, "finished")
    assert ("step_size" in found.config["optimizer"]) is not by_gradients
    assert [list(each) for each in (found.losses, found.weights, found.errors)] == [
        TERMS[example],
        sorted(TERMS[example]),
        FIELDS[example],
    ]
    assert all(series.index.tolist() == [0, 5, 10] for series in found.losses.values())
    assert len({float(series.values[-1]) for series in found.weights.values()}) > 1
    assert {path.name.partition(".")[0] for path in (tmp_path / "run" / "checkpoints").iterdir()} == {
        "FullyConnected" if example == "cavity" else "Scaled",
        "ReLoBRaLoGrad",
        "checkpoint",
    }


def test_a_resumed_run_is_the_one_that_stayed(tmp_path):
    last = []
    for name, stops in (("stayed", [14]), ("resumed", [9, 14])):
        (tmp_path / name).mkdir()
        for steps in stops:
            # The learning rate falls over max_steps: it must not depend on where a run is stopped.
            train(tmp_path / name, "helmholtz", FIRST_ORDER, f"training.max_steps={steps}", "decay=1")
        found = torch.load(tmp_path / name / "run" / "checkpoints" / "ReLoBRaLo.0.15.pt", weights_only=True)
        fields = read_run(tmp_path / name / "run").fields["u"].predicted
        last.append((found["prev_losses"].numpy(), found["lmbda_ema"].numpy(), fields))
    for stayed, resumed in zip(*last, strict=True):
        np.testing.assert_allclose(resumed, stayed, rtol=1e-6, atol=1e-9)
    assert len(set(last[0][1])) > 1


@pytest.mark.parametrize("example", ["helmholtz", "kirchhoff"])
def test_the_articles_setting_by_every_loss_and_optimizer(tmp_path, example):
    train(
        tmp_path, example, "--config-name=article", "--multirun", "training.max_steps=5", "loss=sum,relobralo",
        "optimizer=adam,natural_gradient", "hydra.sweep.dir=sweep",
        "hydra.sweep.subdir=${hydra:runtime.choices.loss}-${hydra:runtime.choices.optimizer}",
    )  # fmt: skip
    for folder in (tmp_path / "sweep").glob("*-*"):
        found = read_run(folder)
        assert folder.name.startswith(found.scheme)
        assert found.config["custom"]["reduction"] == "mean"
        assert found.config["loss"]["weights"][FIELDS[example][0]] == pytest.approx(1 / 3)
        assert found.last_step == 5
    assert len(list((tmp_path / "sweep").glob("*-*"))) == 4


@pytest.mark.parametrize("example", TERMS)
def test_examples_are_short(example):
    lines = (EXAMPLES / f"{example}.py").read_text().splitlines()
    assert 20 < len(lines) <= 100


def test_a_changed_rate_and_decay_hold_and_files_of_two_saves_are_refused(tmp_path):
    train(tmp_path, "helmholtz", FIRST_ORDER, "training.max_steps=9", "decay=0.5", "optimizer.lr=1e-3")
    train(tmp_path, "helmholtz", FIRST_ORDER, "training.max_steps=14", "decay=0.1", "optimizer.lr=1e-4")
    assert "Adam: lr: 0.001 in the checkpoint, 0.0001 now" in (tmp_path / "run" / "helmholtz.log").read_text()
    checkpoint = tmp_path / "run" / "checkpoints" / "checkpoint.0.15.pt"
    (group,) = torch.load(checkpoint, weights_only=False)["optimizer_state_dict"]["param_groups"]
    assert group["lr"] == pytest.approx(1e-4 * 0.1 ** (15 / 14))
    # As a kill between the files of a checkpoint leaves them: the network of step 15, the optimizer of step 10.
    checkpoint.unlink()
    output = train(tmp_path, "helmholtz", FIRST_ORDER, "training.max_steps=14", succeeds=False)
    assert "The network is not the one with which the checkpoint of Adam was saved" in output
