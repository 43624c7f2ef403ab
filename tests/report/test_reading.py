"""Runs as they are read, against what was written by the host's means."""

import numpy as np
import pytest
from torch.utils.tensorboard import SummaryWriter
from written_runs import (
    EXACT,
    SETUP,
    START,
    X,
    Y,
    host_error,
    predict,
    write_fields,
    write_hydra,
    write_inferencer,
    write_log,
    write_run,
    write_training,
)

from modulus_relobralo.report.folders import find_trainings
from modulus_relobralo.report.reading import read_run, read_runs

STOP = "stop_criterion: {{metric: loss, min_delta: {}, patience: 20, mode: min, freq: 10}}"


def test_a_run_is_read_as_it_was_written(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    assert (run.problem, run.scheme, run.label) == ("bending", "relobralo", "relobralo, seed 3")
    assert (run.status, run.last_step, run.optimizers, run.notes) == ("finished", 20, ("Adam",), ())
    assert set(run.losses) == {"pde", "walls"}
    np.testing.assert_allclose(run.losses["pde"].values, [4.0, 2.0, 0.5])
    np.testing.assert_array_equal(run.losses["pde"].steps, [0, 10, 20])
    np.testing.assert_allclose(run.weights["walls"].values, [1, 0.5, 0.25])
    # |1.25 w - w| / |w|, which the host's own number is not.
    assert host_error(EXACT, predict(EXACT, 0.25)) > 0.5
    np.testing.assert_allclose(run.errors["w"].values, 0.25, rtol=1e-6)
    np.testing.assert_allclose(run.fields["w"].exact, EXACT.ravel())
    assert run.seconds == pytest.approx(20 * 0.5 + SETUP, abs=1e-6)
    assert run.step_seconds == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"max_steps": 25}, "finished"),
        ({"max_steps": 40}, "unfinished"),
        ({"last_loss": float("nan")}, "diverged"),
        ({"max_steps": 40, "log": "[step:  23] loss went to INFs/NaNs"}, "diverged"),
        ({"max_steps": 40, "log": "[step:  23] loss went to INFs/NaNs\n[step:  30] loss: 1e-3"}, "unfinished"),
        ({"max_steps": 40, "log": "[step:  20] loss: 1e+30"}, "unfinished"),
        ({"max_steps": 40, "log": "[step:  20] stopping criterion is met, finished training!"}, "finished"),
        # Without a log the criterion is counted again: the aggregated loss is 12, 6, 1.5 at the steps 0, 10, 20.
        ({"max_steps": 40, "top": STOP.format(9)}, "finished"),
        ({"max_steps": 40, "top": STOP.format(1)}, "unfinished"),
        ({"max_steps": 40, "optimizer": "lbfgs"}, "finished"),
        ({"max_steps": 40, "optimizer": "lbfgs", "log": "[step: 20] lbfgs optimization in running"}, "unfinished"),
        ({"terms": (), "steps": ()}, "unfinished"),
    ],
)
def test_status(tmp_path, changes, status):
    run = read_run(write_run(tmp_path / "run", **changes))
    assert run.status == status
    assert bool(run.reason) == (status == "unfinished")


def test_what_needs_no_reference_is_read_by_its_name(tmp_path):
    scalars = {
        "Monitors/residuals/pde": [4.0, 2.0, 1.0],
        "Monitors/forces/lift": [1.0, -2.0, 3.0],
        "Monitors/grad_norm": [1.0, 1.0, 1.0],
        "Monitors/weights/pde": [1.0, 1.5, 1.75],
    }
    folder = write_run(tmp_path / "run", exact={}, scalars=scalars)
    for name, sign in (("a", 1), ("b", -1)):
        write_inferencer(folder, name, x=X, y=Y, w=sign * EXACT)
    write_inferencer(folder, "c", x=X, y=Y, M_x=3 * EXACT)
    (folder / "inferencers" / "d.npz").write_bytes((folder / "inferencers" / "c.npz").read_bytes())
    run = read_run(folder)
    assert (run.errors, run.fields, run.status) == ({}, {}, "finished")
    assert {name: series.values.tolist() for name, series in run.residuals.items()} == {"pde": [4.0, 2.0, 1.0]}
    assert {name: series.values.tolist() for name, series in run.monitors.items()} == {
        "forces/lift": [1.0, -2.0, 3.0],
    }
    assert sorted(run.predictions) == ["a.w", "b.w", "c.M_x", "d.M_x"]
    np.testing.assert_array_equal(run.predictions["b.w"].predicted, -EXACT.ravel())


@pytest.mark.parametrize(
    ("scheme", "overrides", "tuned"),
    [
        ("relobralo", (), False),
        ("relobralo", ("loss=relobralo", "custom.seed=1", "optimizer.lr=1e-3"), False),
        ("relobralo", ("loss.temperature=0.2",), True),
        ("relobralo", ("+loss.alpha=0.9",), True),
        ("relobralo_tuned", (), True),
    ],
)
def test_values_of_its_own_make_a_loss_tuned(tmp_path, scheme, overrides, tuned):
    assert read_run(write_run(tmp_path / "run", scheme, overrides=overrides)).tuned == tuned


def test_lbfgs_after_adam(tmp_path):
    folder = write_run(tmp_path / "run", errors=(1.0, 0.5, 0.25))
    # In the same folder, for 30 seconds. The host records the losses of before, and the error of after.
    write_hydra(folder, "relobralo", optimizer="lbfgs")
    again = {"steps": (20,), "last_loss": 0.4, "errors": (0.01,), "step_seconds": 0}
    write_training(folder, **again, start=START + 1000, setup=30, optimizer="lbfgs")
    run = read_run(folder)
    assert (run.status, run.optimizers, run.by_lbfgs, run.last_step) == ("finished", ("Adam", "LBFGS"), True, 20)
    np.testing.assert_allclose(run.errors["w"].values, [1.0, 0.5, 0.01], rtol=1e-6)
    assert run.last_loss("pde") is None
    assert run.seconds == pytest.approx(20 * 0.5 + SETUP + 30, abs=1e-6)
    assert np.isnan(run.step_seconds)


def test_lbfgs_that_was_killed_is_unfinished(tmp_path):
    folder = write_run(tmp_path / "run")
    write_hydra(folder, optimizer="lbfgs")
    write_training(folder, steps=(), start=START + 1000, optimizer="lbfgs")
    run = read_run(folder)
    assert (run.status, run.reason) == ("unfinished", "it recorded nothing of L-BFGS")


def test_a_resumed_run_counts_its_last_values_and_no_pause(tmp_path):
    folder = write_run(tmp_path / "run", steps=(0, 10, 20), last_loss=9.0, max_steps=30)
    write_training(folder, steps=(10, 20, 30), start=START + 3600)
    run = read_run(folder)
    assert run.losses["pde"].steps.tolist() == [0, 10, 20, 30]
    np.testing.assert_allclose(run.losses["pde"].values, [4.0, 4.0, 2.0, 0.5], rtol=1e-6)
    assert run.seconds == pytest.approx((10 + SETUP) + (15 + SETUP), abs=1e-6)
    assert (run.status, run.optimizers) == ("finished", ("Adam",))


def test_two_validators_of_a_variable_are_told_apart(tmp_path):
    folder = write_run(tmp_path / "run")
    write_fields(folder, "line", {"w": (2 * EXACT, 3 * EXACT)})
    writer = SummaryWriter(log_dir=str(folder), filename_suffix=".line")
    logged = host_error(2 * EXACT, 3 * EXACT)
    writer.add_scalar("Validators/line/l2_relative_error_w", logged, 20, new_style=True)
    writer.close()
    run = read_run(folder)
    assert run.errors["exact.w"].values[-1] == pytest.approx(0.25, rel=1e-6)
    assert run.errors["line.w"].values[-1] == pytest.approx(0.5, rel=1e-6)
    np.testing.assert_allclose(run.fields["line.w"].predicted, 3 * EXACT.ravel())
    assert set(run.fields) == set(run.errors) == {"exact.w", "line.w"}


def test_a_constant_exact_field(tmp_path):
    run = read_run(write_run(tmp_path / "run", exact={"w": EXACT, "c": np.full_like(EXACT, 0.5)}, errors=(1.0, 0.25)))
    assert run.errors["w"].steps.tolist() == [0, 10, 20]
    assert run.errors["c"].steps.tolist() == [20]
    assert run.errors["c"].values[0] == pytest.approx(0.25)
    assert any("the error of c (exact) is of the last field only" in note for note in run.notes)


@pytest.fixture
def sequence(tmp_path):
    """Return a run of a SequentialSolver: a first domain, and two windows of which the second was killed."""
    run = tmp_path / "sequence"
    write_hydra(run, "relobralo", problem="advection")
    for number, (name, steps) in enumerate({"ic": (0, 10, 20), "w_0000": (0, 10, 20), "w_0001": (0, 10)}.items()):
        write_training(run / name, steps=steps, errors=(0.1 * (number + 1),), start=START + 100 * number)
    return run


def test_every_window_is_a_run(sequence):
    runs, failures = read_runs(find_trainings(sequence))
    assert failures == []
    assert [run.label for run in runs] == [f"relobralo, seed 3, {name}" for name in ("ic", "w_0000", "w_0001")]
    assert [run.problem for run in runs] == ["advection"] * 3
    assert [run.status for run in runs] == ["finished", "finished", "unfinished"]
    assert [run.errors["w"].values[-1] for run in runs] == pytest.approx([0.1, 0.2, 0.3], rel=1e-6)
    # The log of the whole run tells of each.
    begin, done = "attempting to restore from: out", "[step:   20] reached maximum training steps, finished training!"
    killed = "[step:          10] loss went to INFs/NaNs"
    log = [f"{begin}/ic", done, f"{begin}/w_0000", killed, f"{begin}/w_0001", done]
    write_log(sequence, "advection", "\n".join(log))
    assert [run.status for run in read_runs(find_trainings(sequence))[0]] == ["finished", "finished", "finished"]


def test_the_directory_of_several_trainings_names_them(sequence):
    with pytest.raises(ValueError, match=r"sequence holds a training in each of these folders.*: ic, w_0000, w_0001"):
        read_run(sequence)
    assert read_run(sequence / "w_0000").window == "w_0000"


@pytest.mark.parametrize("name", ["", "missing", "run/validators"])
def test_a_folder_that_is_no_run_is_named(tmp_path, name):
    write_run(tmp_path / "run")
    with pytest.raises(FileNotFoundError, match=r"is no Hydra run directory: it has no .hydra.hydra.yaml"):
        read_run(tmp_path / name)


def test_a_folder_that_may_not_be_read_costs_itself(tmp_path, monkeypatch):
    good, secret = write_run(tmp_path / "good"), write_run(tmp_path / "secret")
    is_file = type(good).is_file

    def guard(path):
        if secret in path.parents:
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(type(good), "is_file", guard)
    runs, (failure,) = read_runs([secret, good])
    assert [run.folder for run in runs] == [good]
    assert "Permission denied" in failure


def test_a_run_that_recorded_nothing_is_unfinished(tmp_path):
    write_hydra(tmp_path / "run")
    run = read_run(tmp_path / "run")
    assert (run.status, run.reason, run.last_step) == ("unfinished", "it recorded nothing", -1)
    assert (run.losses, run.errors, run.fields, run.weights) == ({}, {}, {}, {})


def damage_fields(run):
    path = run / "validators" / "exact.npz"
    path.write_bytes(path.read_bytes()[:100])


def damage_config(run):
    (run / ".hydra" / "config.yaml").write_text("training: {")


def damage_events(run):
    (run / "events.out.tfevents.1.a_folder").mkdir()


def damage_log(run):
    (run / "bending.log").mkdir()
    (run / "other.log").mkdir()


@pytest.mark.parametrize("damage", [damage_fields, damage_config, damage_events, damage_log])
def test_a_run_that_cannot_be_read_costs_itself(tmp_path, damage):
    good, bad = write_run(tmp_path / "a good run"), write_run(tmp_path / "bad")
    damage(bad)
    runs, (failure,) = read_runs([bad, good, tmp_path / "missing"][:2])
    assert [run.folder for run in runs] == [good]
    assert "bad" in failure
    assert "cannot be read" in failure


def test_what_is_lost_of_a_run_is_said(tmp_path):
    folder = write_run(tmp_path / "run")
    (folder / "monitors" / "weights.csv").write_text("0,1,1\n")
    np.savez(folder / "validators" / "mine", x=X, y=Y)
    write_fields(folder, "odd", {"w": (EXACT, EXACT[:3])})
    run = read_run(folder)
    assert (run.status, run.weights, set(run.errors)) == ("finished", {}, {"w"})
    assert [note.partition(" is left out: ")[0] for note in run.notes] == [
        "mine.npz",
        "w in odd.npz",
        "monitors/weights.csv",
    ]


def test_a_run_counts_once(tmp_path, monkeypatch):
    run = write_run(tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    assert len(read_runs([type(run)("run"), run])[0]) == 1
