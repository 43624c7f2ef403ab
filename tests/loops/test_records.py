"""What a loop records, as the report reads it; a folder is held by one process at a time."""

import contextlib
import signal
import sys

import numpy as np
import pytest
import torch
from filelock import FileLock
from programs import start
from written_runs import write_hydra

from modulus_relobralo import NaturalGradient, Pointwise, ReLoBRaLo
from modulus_relobralo.loops.records import NAME, Records, WeightsFile, hold
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
    assert run.weights["pde"].index.tolist() == [0, 10, 20]
    assert run.weights["walls"].values[-1] > 1 > run.weights["pde"].values[-1]
    assert error == {"u": pytest.approx(0.5)}
    assert run.errors["u"].values == pytest.approx([0.25, 0.25, 0.5], rel=1e-5)
    assert run.fields["u"].predicted == pytest.approx(1.5 * EXACT)
    assert run.notes == ()


def test_what_natural_gradients_say_of_their_steps_is_recorded(tmp_path):
    write_hydra(tmp_path)
    network = torch.nn.Linear(1, 1)
    optimizer = NaturalGradient(network.parameters())
    batch = Pointwise(Terms(network), [torch.rand(5, 1)], {"u": 1.0})
    with contextlib.closing(Records(tmp_path)) as records:
        for step in range(2):
            optimizer.step([batch])
            records.optimizer(step, optimizer)
        records.optimizer(2, torch.optim.Adam(network.parameters()))
    found = read_run(tmp_path).natural_gradients
    assert {name: series.tolist() for name, series in found.items()} == {
        "rows": [5, 5],
        "parameters": [2, 2],
        "primal": [1, 1],
        "damping": pytest.approx([1e-2 / 3, 1e-2 / 9]),
        "accepted": [1, 2],
        "refused": [0, 0],
    }


class Terms(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return {"u": self.network(x) - x}


def test_a_resumed_run_goes_on_in_its_records(tmp_path):
    write_hydra(tmp_path, "relobralo", max_steps=20)
    record(tmp_path, (0, 10, 20), ReLoBRaLo([], 2))
    record(tmp_path, (10, 20), ReLoBRaLo([], 2), scale=7.0)
    run = read_run(tmp_path)
    assert run.losses["walls"].values.tolist() == [1.0, 7.0, 7.0]
    assert run.weights["walls"].index.tolist() == [0, 10, 20]


def test_weights_of_a_part_that_was_taken_back_do_not_count(tmp_path):
    write_hydra(tmp_path, "sum", max_steps=20)
    record(tmp_path, (0, 10, 20), ReLoBRaLo([], 2))
    record(tmp_path, (10, 20))
    assert read_run(tmp_path).weights["walls"].index.tolist() == [0]


def test_the_weights_of_a_run_with_other_terms_are_kept_whole(tmp_path):
    record(tmp_path, (0, 10, 20), ReLoBRaLo([], 2))
    before = (tmp_path / "monitors" / "weights.csv").read_text()
    other = ReLoBRaLo([], 1)
    other({"pde": torch.tensor(1.0)})
    Records(tmp_path).weights(0, other)
    assert (tmp_path / "monitors" / "weights.old.csv").read_text() == before


def test_a_term_may_be_called_step(tmp_path):
    for step in range(2):
        WeightsFile(tmp_path / "weights.csv").write(step, {"a": torch.tensor(0.5), "step": torch.tensor(1.5)})
    assert (tmp_path / "weights.csv").read_text().split() == ["step,a,step", "0,0.5,1.5", "1,0.5,1.5"]


def test_without_a_balancing_there_are_no_weights(tmp_path):
    write_hydra(tmp_path, "sum", max_steps=20)
    record(tmp_path, (0, 20))
    assert read_run(tmp_path).weights == {}
    assert not (tmp_path / "monitors").exists()


def test_an_unfinished_run_is_seen_as_one(tmp_path):
    write_hydra(tmp_path, "sum", max_steps=200)
    record(tmp_path, (0, 20))
    assert read_run(tmp_path).status == "unfinished"


@pytest.mark.parametrize(
    "damage",
    [
        b"one,0.5,1.5\n",
        b",0.5,1.5\n",
        b"5,half,1.5\n",
        b"5,0.5\n",
        b"\n",
        b"\x00\xff\xfe,1,1\n",
        b'"5,0.5,1.5\n',
        b"5" * 200_000 + b",0.5,1.5\n",
        b"12,0.5,1.",
    ],
    ids=["no step", "empty step", "no number", "short", "empty", "no text", "quote", "long", "torn"],
)
def test_a_row_that_cannot_be_read_is_dropped_and_said(tmp_path, damage, caplog):
    record(tmp_path, (0, 10, 20), ReLoBRaLo([], 2))
    path = tmp_path / "monitors" / "weights.csv"
    header, first, *rest = path.read_bytes().splitlines(keepends=True)
    torn = not damage.endswith(b"\n")
    path.write_bytes(b"".join([header, first, *([] if torn else [damage]), *rest, *([damage] if torn else [])]))
    record(tmp_path, (20, 30), ReLoBRaLo([], 2))
    assert [line.split(",")[0] for line in path.read_text().splitlines()] == ["step", "0", "10", "20", "30"]
    # What a kill tears off at the end is no damage.
    assert ("1 rows cannot be read and are dropped" in caplog.text) != torn
    assert [file.name for file in path.parent.iterdir()] == ["weights.csv"]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00"])
def test_a_file_without_a_header_is_begun_anew(tmp_path, content):
    path = tmp_path / "monitors" / "weights.csv"
    path.parent.mkdir()
    path.write_bytes(content)
    record(tmp_path, (10, 20), ReLoBRaLo([], 2))
    assert [line.split(",")[0] for line in path.read_text().splitlines()] == ["step", "10", "20"]


def test_without_weights_a_file_without_rows_is_cut_as_well(tmp_path):
    path = tmp_path / "monitors" / "weights.csv"
    path.parent.mkdir()
    path.write_bytes(b"")
    record(tmp_path, (10, 20))
    assert path.read_text().strip() == ""


PROGRAM = """
import sys
from modulus_relobralo.loops.records import hold
lock = hold(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held_by_another(tmp_path):
    with start([sys.executable, "-c", PROGRAM, tmp_path / "run"], tmp_path) as process:
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_process_is_refused_until_the_first_is_killed(held_by_another, tmp_path):
    for use in (hold, Records):
        with pytest.raises(RuntimeError, match=f"Another process trains in {tmp_path / 'run'}: it holds {NAME}"):
            use(tmp_path / "run")
    hold(tmp_path / "another run").release()
    held_by_another.send_signal(signal.SIGKILL)
    held_by_another.wait()
    hold(tmp_path / "run").release()


def test_one_process_can_hold_a_folder_several_times(tmp_path):
    first, second = hold(tmp_path), hold(tmp_path)
    second.release()
    assert first.is_locked
    first.release()
    assert not first.is_locked


def test_records_hold_their_folder_until_they_are_closed(tmp_path):
    records = Records(tmp_path)
    lock = FileLock(tmp_path / NAME, thread_local=False, is_singleton=True)
    assert lock.is_locked
    records.close()
    assert not lock.is_locked


def test_a_file_system_without_locks_is_said_and_not_in_the_way(tmp_path, monkeypatch, caplog):
    def acquire(self, **options):
        raise NotImplementedError("no flock here")

    monkeypatch.setattr(FileLock, "acquire", acquire)
    lock = hold(tmp_path)
    assert "cannot be locked against a second process: no flock here" in caplog.text
    lock.release()
