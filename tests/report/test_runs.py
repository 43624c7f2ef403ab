"""Runs as they are read, against what was written by the host's means."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from pandas import Series
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

from modulus_relobralo.report.fields import Field
from modulus_relobralo.report.runs import (
    Run,
    find_trainings,
    read_run,
    read_runs,
    relative_errors,
)

STOP = "stop_criterion: {metric: loss}"


def test_a_run_is_read_as_it_was_written(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    assert (run.problem, run.scheme, run.label) == ("bending", "relobralo", "relobralo, seed 3")
    assert (run.status, run.last_step, run.optimizers, run.notes) == ("finished", 20, ("Adam",), ())
    assert set(run.losses) == {"pde", "walls"}
    np.testing.assert_allclose(run.losses["pde"].values, [4.0, 2.0, 0.5])
    np.testing.assert_array_equal(run.losses["pde"].index, [0, 10, 20])
    np.testing.assert_allclose(run.weights["walls"].values, [1, 0.5, 0.25])
    # |1.25 w - w| / |w|, which the host's own number is not.
    assert host_error(EXACT, predict(EXACT, 0.25)) > 0.5
    np.testing.assert_allclose(run.errors["w"].values, 0.25, rtol=1e-6)
    np.testing.assert_allclose(run.fields["w"].exact, EXACT.ravel())
    assert run.seconds == pytest.approx(20 * 0.5 + SETUP, abs=1e-6)
    assert run.step_seconds == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"max_steps": 25}, "finished", ""),
        ({"max_steps": 40}, "unfinished", "at step 20 of 40"),
        ({"last_loss": float("nan")}, "diverged", ""),
        ({"max_steps": 40, "log": "[step:  23] loss went to INFs/NaNs"}, "diverged", ""),
        (
            {"max_steps": 40, "log": "[step:  23] loss went to INFs/NaNs\n[step:  30] loss: 1e-3"},
            "unfinished",
            "30 of 40",
        ),
        ({"max_steps": 40, "top": STOP}, "unfinished", "only a log tells"),
        ({"max_steps": 40, "optimizer": "lbfgs"}, "finished", ""),
    ],
)
def test_status(tmp_path, changes, status, reason):
    run = read_run(write_run(tmp_path / "run", **changes))
    assert run.status == status
    assert reason in run.reason
    assert bool(run.reason) == bool(reason)


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


def test_lbfgs_after_adam(tmp_path):
    folder = write_run(tmp_path / "run", errors=(1.0, 0.5, 0.25))
    # In the same folder, for 30 seconds. The host records the losses of before, and the error of after.
    write_hydra(folder, "relobralo", optimizer="lbfgs")
    again = {"steps": (20,), "last_loss": 0.4, "errors": (0.01,), "step_seconds": 0}
    write_training(folder, **again, start=START + 1000, setup=30, optimizer="lbfgs")
    run = read_run(folder)
    assert (run.status, run.optimizers, run.by_lbfgs, run.last_step) == ("finished", ("Adam", "LBFGS"), True, 20)
    np.testing.assert_allclose(run.errors["w"].values, [1.0, 0.5, 0.01], rtol=1e-6)
    assert run.seconds == pytest.approx(20 * 0.5 + SETUP + 30, abs=1e-6)
    assert np.isnan(run.step_seconds)


def test_lbfgs_that_was_killed_is_unfinished(tmp_path):
    folder = write_run(tmp_path / "run")
    write_hydra(folder, optimizer="lbfgs")
    write_training(folder, steps=(), start=START + 1000, optimizer="lbfgs")
    run = read_run(folder)
    assert (run.status, run.reason) == ("unfinished", "it recorded nothing of L-BFGS")


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


def test_what_is_lost_of_a_run_is_said(tmp_path):
    folder = write_run(tmp_path / "run")
    np.savez(folder / "validators" / "mine", x=X, y=Y)
    write_fields(folder, "odd", {"w": (EXACT, EXACT[:3])})
    run = read_run(folder)
    assert (run.status, set(run.errors)) == ("finished", {"w"})
    lost, odd = run.notes
    assert "mine.npz cannot be read: ValueError: it holds x.npy, y.npy, not the host's dictionary of arrays" in lost
    assert odd.startswith("w in odd.npz is left out: its arrays have lengths")


# ----- run


def run_with(config="{}", **changes):
    return Run(Path("run"), "bending", "relobralo", yaml.safe_load(config), "finished", **changes)


@pytest.mark.parametrize(
    ("config", "seed"),
    [
        ("{}", None),
        ("custom: {seed: 3}", 3),
        ("custom: {seed: '3'}", "3"),
        ("custom: {seed: null}", None),
        ("custom: {seed: [1, 2]}", "[1, 2]"),
        ("custom: {seed: '${custom.other}', other: 5}", 5),
        # Known in the program only that ran.
        ("custom: {seed: '${hydra:job.num}'}", "${hydra:job.num}"),
        ("custom: text", None),
        ("custom:", None),
    ],
)
def test_a_seed_may_be_anything(config, seed):
    run = run_with(config)
    assert run.seed == seed
    assert hash(run.seed) is not None
    assert run.label == ("relobralo" if seed is None else f"relobralo, seed {seed}")


def test_the_last_step_is_of_losses_or_errors():
    assert run_with().last_step == -1
    series = {step: Series({0: 1.0, step: 0.5}) for step in (10, 20)}
    assert run_with(losses={"pde": series[10]}, errors={"u": series[20]}).last_step == 20
    # Or one that was not recorded.
    assert run_with(losses={"pde": series[10]}, end=15).last_step == 15


def test_the_error_of_a_field_is_in_the_norm_of_its_points():
    field = Field({}, np.array([3.0, 4.5]), np.array([3.0, 4.0]))
    assert field.relative_error == pytest.approx(0.1)
    assert np.isinf(Field({}, np.ones(2), np.zeros(2)).relative_error)


# ----- errors


KEY = ("exact", "w")
TAG = "Validators/exact/l2_relative_error_w"


def errors_of(exact, *parts, logged=None):
    """Return the errors and notes of fields that are off by `parts` at the steps 0, 10, ..."""
    values = [host_error(exact, predict(exact, part)) for part in parts] if logged is None else logged
    series = Series({10 * number: value for number, value in enumerate(values)})
    field = Field({}, predict(exact, parts[-1]).ravel(), exact.ravel(), step=int(series.index[-1]))
    errors, _, notes = relative_errors({TAG: series, "Train/loss_pde": series}, {KEY: field})
    return errors.get(KEY), notes


@pytest.mark.parametrize("exact", [EXACT, X - 0.5, 1e4 + EXACT], ids=["mean", "no mean", "mostly mean"])
def test_what_the_host_logs_becomes_the_relative_error(exact):
    series, notes = errors_of(exact, 1.0, 0.5, 0.25)
    assert series.index.tolist() == [0, 10, 20]
    np.testing.assert_allclose(series.values, [1, 0.5, 0.25], rtol=1e-9)
    assert notes == []


@pytest.mark.parametrize("constant", [0.1, 7.0])
@pytest.mark.parametrize("logged", [[np.inf, np.inf], [np.nan, np.nan], [3e5, 2e5]], ids=["inf", "nan", "rounding"])
def test_of_a_constant_field_the_last_error_is_the_fields(constant, logged):
    # In single precision the host's variance is 0, or what rounding leaves of it.
    exact = np.full_like(EXACT, constant).astype(np.float32).astype(np.float64)
    series, (note,) = errors_of(exact, 1.0, 0.25, logged=logged)
    assert series.index.tolist() == [10]
    assert series.values[0] == pytest.approx(0.25)
    assert "the error of w (exact) is of the last field only" in note


def test_a_field_whose_spread_single_precision_loses_counts_as_constant():
    series, (note,) = errors_of(7 + 1e-6 * X, 1.0, 0.25, logged=[2e5, 3e5])
    assert series.values.tolist() == pytest.approx([0.25])
    assert "of the last field only" in note


def test_of_a_field_that_is_zero_there_is_no_relative_error():
    series, (note,) = errors_of(np.zeros_like(EXACT), 0.25)
    assert series is None
    assert note == "no relative error of w (exact): the exact field is 0, so its size is shown"


def test_the_size_of_what_should_be_zero_is_its_root_mean_square():
    zero = np.zeros(4)
    known = Field({}, np.array([1.0, 1.0, 1.0, 5.0]), zero, step=20)
    logged = {tag: Series({10: np.inf, 20: np.inf}) for tag in (TAG, TAG[:-1] + "u")}
    _, sizes, _ = relative_errors(logged, {KEY: known, ("exact", "u"): Field({}, zero, zero + 1, step=20)})
    assert {key: (series.index.tolist(), series.values.tolist()) for key, series in sizes.items()} == {
        KEY: ([20], [pytest.approx(7**0.5)])
    }


def test_a_field_that_an_evaluation_wrote_is_of_its_step(tmp_path):
    """The host evaluates the last network that was saved, which may be older than the last error."""
    folder = write_run(tmp_path / "run", exact={"w": EXACT, "c": np.full_like(EXACT, 0.5)}, errors=(1.0, 0.25))
    assert read_run(folder).fields["w"].step == 20
    evaluated = {"w": (EXACT, predict(EXACT, 0.75)), "c": (EXACT**0, predict(EXACT**0, 0.75))}
    write_fields(folder, "exact", evaluated)
    writer = SummaryWriter(log_dir=str(folder), filename_suffix=".eval")
    for name in evaluated:
        writer.add_scalar(f"Validators/exact/l2_relative_error_{name}", 7.0, 10, new_style=True)
    writer.close()
    run = read_run(folder)
    assert run.fields["w"].step == 10
    # What was logged at the last step is of the last step; of a constant field the file is all there is.
    assert (run.errors["w"].index[-1], run.errors["w"].values[-1]) == (20, pytest.approx(0.25, rel=1e-6))
    assert (run.errors["c"].index.tolist(), run.errors["c"].values.tolist()) == ([10], [pytest.approx(0.75)])


def test_what_was_not_logged_or_not_saved_has_none():
    assert relative_errors({}, {KEY: Field({}, EXACT, EXACT)}) == ({}, {}, [])
    assert relative_errors({TAG: Series({0: 1.0})}, {}) == ({}, {}, [])


# ----- folders


def test_windows_come_in_the_order_of_their_times(tmp_path):
    run = tmp_path / "sequence"
    write_hydra(run)
    windows = [run / name for name in ("start", "a_window_0000", "a_window_0001")]
    for number, window in enumerate(windows):
        write_training(window, start=START + 100 * number)
        (events,) = window.glob("*tfevents*")
        # All three in one second, by one process.
        events.rename(window / f"events.out.tfevents.1700000000.host.77.{number}")
    (run / "current_step.txt").write_text("1 1")
    assert find_trainings(tmp_path) == windows
    assert find_trainings(windows[1]) == [windows[1]]


def test_run_directories_come_in_the_order_of_their_names(tmp_path):
    runs = [write_run(tmp_path / name) for name in ("a run, ünïcode", "b/inside", "c")]
    assert find_trainings(tmp_path) == runs


def test_a_run_inside_of_a_run_is_no_window(tmp_path):
    write_hydra(tmp_path / "outer")
    inner = write_run(tmp_path / "outer" / "inner")
    assert find_trainings(tmp_path) == [tmp_path / "outer", inner]


@pytest.mark.parametrize("name", ["missing", "empty", "run/validators"])
def test_what_is_none_is_none(tmp_path, name):
    (tmp_path / "empty").mkdir()
    write_run(tmp_path / "run")
    assert find_trainings(tmp_path / name) == []
    with pytest.raises(FileNotFoundError, match=r"is no Hydra run directory: it has no .hydra.hydra.yaml"):
        read_run(tmp_path / name)


def test_one_folder_by_several_paths_counts_once(tmp_path, monkeypatch):
    run, other = write_run(tmp_path / "run"), write_run(tmp_path / "other")
    (tmp_path / "link").symlink_to(run)
    monkeypatch.chdir(tmp_path)
    relative = type(run)("run")
    given = [relative, run, other, tmp_path / "link", tmp_path / "other" / ".." / "run"]
    assert [found.folder for found in read_runs(given)[0]] == [relative, other]


# ----- hydra


def test_without_a_choice_of_a_loss_the_scheme_is_unknown(tmp_path):
    write_hydra(tmp_path)
    (tmp_path / ".hydra" / "hydra.yaml").write_text("hydra: {runtime: {choices: {}}}\n")
    run = read_run(tmp_path)
    assert (run.problem, run.scheme) == (tmp_path.name, "unknown")


def test_a_number_that_refers_to_another_is_that(tmp_path):
    write_hydra(tmp_path, max_steps="'${custom.many}'", options="many: 30")
    write_training(tmp_path)
    assert read_run(tmp_path).reason == "at step 20 of 30"


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (None, r"is no training: .hydra/config.yaml has no training.max_steps"),
        ("", r"is no training: .hydra/config.yaml has no training.max_steps"),
        ("custom: {seed: 1}", r"has no training.max_steps"),
        ("training: {max_steps: 10}", r"has no training.summary_freq"),
        ("training: text", r"has no training.max_steps"),
        ("training: {max_steps: '???', summary_freq: 1}", r"has no training.max_steps"),
        ("training: {max_steps: '${hydra:job.num}', summary_freq: 1}", r"Found '\$\{hydra:job.num\}'"),
        ("training: {max_steps: many, summary_freq: 1}", r"must be a number of steps. Found 'many'"),
        ("training: {max_steps: -1, summary_freq: 1}", r"must be a number of steps. Found -1"),
        ("- a list", r"config.yaml cannot be read: it is no mapping"),
        ("training: {", r"config.yaml cannot be read: \w+"),
        ("!!python/object/apply:os.system [exit 1]", r"config.yaml cannot be read: it is no mapping"),
    ],
)
def test_what_is_no_training_is_named(tmp_path, config, reason):
    write_hydra(tmp_path)
    path = tmp_path / ".hydra" / "config.yaml"
    path.unlink() if config is None else path.write_text(config)
    with pytest.raises(ValueError, match=reason):
        read_run(tmp_path)
