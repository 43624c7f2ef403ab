"""Event files of one start and of several, whole and damaged."""

import math

import numpy as np
import pytest
from torch.utils.tensorboard import SummaryWriter
from written_runs import SETUP, START, write_training

from modulus_relobralo.report.events import read_events


def event_file(folder):
    (path,) = folder.glob("*tfevents*")
    return path


def test_scalars_and_times_are_those_that_were_written(tmp_path):
    write_training(tmp_path, steps=(0, 10, 10, 20), last_loss=0.5, step_seconds=0.25)
    events = read_events(tmp_path)
    assert events.scalars()["Train/loss_walls"].to_dict() == {0: 8.0, 10: pytest.approx(8 / 3), 20: 1.0}
    assert events.seconds == pytest.approx(20 * 0.25 + SETUP, abs=1e-6)
    # Two records of a step are no interval.
    assert events.step_seconds == pytest.approx(0.25, rel=1e-6)
    assert (events.optimizers, events.by_lbfgs, len(events.trained), events.last_step) == (("Adam",), False, 1, 20)


@pytest.mark.parametrize(("new_style", "text"), [(True, "{["), (False, "")])
def test_without_the_hosts_config_time_begins_with_the_first_loss(tmp_path, new_style, text):
    writer = SummaryWriter(log_dir=str(tmp_path))
    for step in (0, 10):
        writer.add_scalar("Train/loss_pde", 1.0, step, walltime=START + step, new_style=new_style)
        if text:
            writer.add_text("config", text, walltime=START - 60)
    writer.close()
    events = read_events(tmp_path)
    assert (events.optimizers, events.by_lbfgs) == ((), False)
    assert events.seconds == pytest.approx(70 if text else 10, abs=1e-6)
    assert events.scalars()["Train/loss_pde"].tolist() == [1.0, 1.0]


def test_a_resumed_run_keeps_what_came_before_and_counts_no_pause(tmp_path):
    write_training(tmp_path, steps=(0, 10, 20, 30), last_loss=9.0)
    # Killed, and resumed from step 20 an hour later. The host writes from which step on earlier events are void, and
    # means step 11, always.
    write_training(tmp_path, steps=(20, 30, 40), start=START + 3600)
    events = read_events(tmp_path)
    assert events.scalars()["Train/loss_pde"].to_dict() == {0: 4.0, 10: 2.0, 20: 4.0, 30: 2.0, 40: 0.5}
    assert events.seconds == pytest.approx((15 + SETUP) + (20 + SETUP), abs=1e-6)


def test_an_evaluation_is_no_training(tmp_path):
    writer = SummaryWriter(log_dir=str(tmp_path))
    writer.add_scalar("Validators/exact/l2_relative_error_u", 0.5, 20, new_style=True)
    writer.close()
    events = read_events(tmp_path)
    assert (len(events.starts), len(events.trained)) == (1, 0)
    assert events.scalars()["Validators/exact/l2_relative_error_u"].tolist() == [0.5]


@pytest.mark.parametrize(("kept", "last"), [(0, -1), (5, -1), (1000, 10), (-3, 20)])
def test_what_was_cut_off_ends_there(tmp_path, kept, last):
    write_training(tmp_path)
    path = event_file(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    assert read_events(tmp_path).last_step == last


def test_noise_is_no_event_and_a_folder_without_events_has_none(tmp_path):
    for name in ("noise", "nothing"):
        (tmp_path / name).mkdir()
    (tmp_path / "noise" / "events.out.tfevents.1.x").write_bytes(np.random.default_rng(0).bytes(1000))
    for name in ("noise", "nothing"):
        events = read_events(tmp_path / name)
        assert (events.scalars(), events.last_step, events.optimizers) == ({}, -1, ())
        assert math.isnan(events.seconds)
