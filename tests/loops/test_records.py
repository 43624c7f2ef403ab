"""What a loop records, as the report reads it."""

import numpy as np
import pytest
import torch
from written_runs import write_hydra

from modulus_relobralo import ReLoBRaLo
from modulus_relobralo.loops.records import Records
from modulus_relobralo.report import read_run

X = np.linspace(0, 1, 11)
EXACT = 1 + X


def record(folder, steps, balance=None, scale=1.0):
    records = Records(folder, {"optimizer": {"_target_": "torch.optim.Adam"}}, step=steps[0])
    for step in steps:
        losses = {"pde": torch.tensor(scale * 4.0 / (step + 1)), "walls": torch.tensor(scale)}
        loss = balance(losses) if balance else sum(losses.values())
        records.losses(step, losses, loss)
        records.weights(step, balance)
        error = records.fields(step, {"x": X}, {"u": EXACT}, {"u": 1.25 * EXACT if step < 20 else 1.5 * EXACT})
    records.close()
    return error


def test_the_report_reads_losses_weights_errors_and_fields(tmp_path):
    write_hydra(tmp_path, "relobralo", max_steps=20, seed=5)
    error = record(tmp_path, (0, 10, 20), ReLoBRaLo([], 2, temperature=1))
    run = read_run(tmp_path)
    assert (run.status, run.scheme, run.seed, run.optimizers) == ("finished", "relobralo", 5, ("Adam",))
    assert {name: series.values.tolist() for name, series in run.losses.items()} == {
        "pde": pytest.approx([4.0, 4 / 11, 4 / 21]),
        "walls": [1.0, 1.0, 1.0],
    }
    assert set(run.weights) == {"pde", "walls"}
    assert run.weights["pde"].steps.tolist() == [0, 10, 20]
    assert run.weights["walls"].values[-1] > 1 > run.weights["pde"].values[-1]
    assert error == {"u": pytest.approx(0.5)}
    assert run.errors["u"].values == pytest.approx([0.25, 0.25, 0.5], rel=1e-5)
    assert run.fields["u"].predicted == pytest.approx(1.5 * EXACT)
    assert run.notes == ()


def test_a_resumed_run_goes_on_in_its_records(tmp_path):
    write_hydra(tmp_path, "relobralo", max_steps=20)
    record(tmp_path, (0, 10, 20), ReLoBRaLo([], 2))
    record(tmp_path, (10, 20), ReLoBRaLo([], 2), scale=7.0)
    run = read_run(tmp_path)
    assert run.losses["walls"].values.tolist() == [1.0, 7.0, 7.0]
    assert run.weights["walls"].steps.tolist() == [0, 10, 20]


def test_weights_of_a_part_that_was_taken_back_do_not_count(tmp_path):
    write_hydra(tmp_path, "sum", max_steps=20)
    record(tmp_path, (0, 10, 20), ReLoBRaLo([], 2))
    record(tmp_path, (10, 20))
    assert read_run(tmp_path).weights["walls"].steps.tolist() == [0]


def test_the_weights_of_a_run_with_other_terms_are_kept_whole(tmp_path):
    record(tmp_path, (0, 10, 20), ReLoBRaLo([], 2))
    before = (tmp_path / "monitors" / "weights.csv").read_text()
    other = ReLoBRaLo([], 1)
    other({"pde": torch.tensor(1.0)})
    Records(tmp_path).weights(0, other)
    assert (tmp_path / "monitors" / "weights.old.csv").read_text() == before


def test_without_a_balancing_there_are_no_weights(tmp_path):
    write_hydra(tmp_path, "sum", max_steps=20)
    record(tmp_path, (0, 20))
    assert read_run(tmp_path).weights == {}
    assert not (tmp_path / "monitors").exists()


def test_an_unfinished_run_is_seen_as_one(tmp_path):
    write_hydra(tmp_path, "sum", max_steps=200)
    record(tmp_path, (0, 20))
    assert read_run(tmp_path).status == "unfinished"
