"""Event files of one start and of several, whole and damaged."""

import numpy as np
import pytest
from torch.utils.tensorboard import SummaryWriter
from written_runs import SETUP, START, write_training

from modulus_relobralo.report.events import merge, read_parts


def event_file(folder):
    (path,) = folder.glob("*tfevents*")
    return path


def test_scalars_and_times_are_those_that_were_written(tmp_path):
    write_training(tmp_path, steps=(0, 10, 20), last_loss=0.5, step_seconds=0.25)
    (part,) = read_parts(tmp_path)
    series = merge([part])["Train/loss_walls"]
    assert (series.steps.tolist(), series.values.tolist()) == ([0, 10, 20], [8.0, 4.0, 1.0])
    assert part.seconds == pytest.approx(20 * 0.25 + SETUP, abs=1e-6)
    np.testing.assert_allclose(part.step_seconds, 0.25, rtol=1e-6)
    assert (part.optimizer, part.by_lbfgs, part.trains, part.last_step) == ("Adam", False, True, 20)


def test_without_the_hosts_config_time_begins_with_the_first_loss(tmp_path):
    writer = SummaryWriter(log_dir=str(tmp_path))
    for step in (0, 10):
        writer.add_scalar("Train/loss_pde", 1.0, step, walltime=START + step, new_style=True)
    writer.add_text("config", "{[", walltime=START + 60)
    writer.close()
    (part,) = read_parts(tmp_path)
    assert (part.optimizer, part.by_lbfgs) == ("", False)
    writer = SummaryWriter(log_dir=str(tmp_path / "other"))
    for step in (0, 10):
        writer.add_scalar("Train/loss_pde", 1.0, step, walltime=START + step, new_style=False)
    writer.close()
    (part,) = read_parts(tmp_path / "other")
    assert part.seconds == pytest.approx(10, abs=1e-6)
    assert merge([part])["Train/loss_pde"].values.tolist() == [1.0, 1.0]


def test_a_resumed_run_keeps_what_came_before_and_counts_no_pause(tmp_path):
    write_training(tmp_path, steps=(0, 10, 20, 30), last_loss=9.0)
    # Killed, and resumed from step 20 an hour later. The host writes from which step on earlier events are void, and
    # means step 11, always.
    write_training(tmp_path, steps=(20, 30, 40), start=START + 3600)
    parts = read_parts(tmp_path)
    series = merge(parts)["Train/loss_pde"]
    assert series.steps.tolist() == [0, 10, 20, 30, 40]
    np.testing.assert_allclose(series.values, [4.0, 2.0, 4.0, 2.0, 0.5])
    assert sum(part.seconds for part in parts) == pytest.approx((15 + SETUP) + (20 + SETUP), abs=1e-6)


def test_lbfgs_is_told_from_what_came_before_it(tmp_path):
    write_training(tmp_path)
    write_training(tmp_path, steps=(20,), optimizer="lbfgs", start=START + 100, step_seconds=0, setup=7)
    first, second = read_parts(tmp_path)
    assert (first.optimizer, second.optimizer) == ("Adam", "LBFGS")
    assert (first.by_lbfgs, second.by_lbfgs) == (False, True)
    # One record, after its end.
    assert (second.seconds, second.step_seconds) == (pytest.approx(7, abs=1e-6), [])


def test_an_evaluation_is_no_training(tmp_path):
    writer = SummaryWriter(log_dir=str(tmp_path))
    writer.add_scalar("Validators/exact/l2_relative_error_u", 0.5, 20, new_style=True)
    writer.close()
    (part,) = read_parts(tmp_path)
    assert not part.trains
    assert merge([part])["Validators/exact/l2_relative_error_u"].values.tolist() == [0.5]


@pytest.mark.parametrize("kept", [0, 5, 1000, -3])
def test_what_was_cut_off_ends_there(tmp_path, kept):
    write_training(tmp_path)
    path = event_file(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    (part,) = read_parts(tmp_path)
    whole = {0: -1, 5: -1, 1000: 10, -3: 20}
    assert part.last_step == whole[kept]


def test_noise_is_no_event(tmp_path):
    (tmp_path / "events.out.tfevents.1.x").write_bytes(np.random.default_rng(0).bytes(1000))
    assert [part.scalars for part in read_parts(tmp_path)] == [{}]


def test_a_folder_of_that_name_is_named(tmp_path):
    (tmp_path / "events.out.tfevents.1.x").mkdir()
    with pytest.raises(ValueError, match=r"events.out.tfevents.1.x cannot be read: \w+"):
        read_parts(tmp_path)


def test_a_folder_without_events_has_none(tmp_path):
    assert read_parts(tmp_path) == []


def test_two_records_of_a_step_are_no_interval(tmp_path):
    write_training(tmp_path, steps=(0, 10, 10, 20))
    (part,) = read_parts(tmp_path)
    np.testing.assert_allclose(part.step_seconds, 0.5, rtol=1e-6)
    assert len(part.step_seconds) == 2
