"""The report on runs whose numbers are known, written by the host's means: TensorBoard, Hydra's files and npz."""

import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from pictures import has_colour
from torch.utils.tensorboard import SummaryWriter
from written_runs import EXACT, X, write_run

from modulus_relobralo.report import plot_run, print_table, read_run
from modulus_relobralo.report.cli import main
from modulus_relobralo.report.run import Series


def test_a_run_is_read_as_it_was_written(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    assert (run.problem, run.scheme, run.label) == ("bending", "relobralo", "relobralo, seed 3")
    assert (run.status, run.last_step) == ("finished", 20)
    assert set(run.losses) == {"pde", "walls"}
    np.testing.assert_allclose(run.losses["pde"].values, [4.0, 2.0, 0.5])
    np.testing.assert_array_equal(run.losses["pde"].steps, [0, 10, 20])
    np.testing.assert_allclose(run.weights["walls"].values, [1, 0.5, 0.25])
    # |1.25 w - w| / |w|, which the host's own number is not.
    np.testing.assert_allclose(run.errors["w"].values, 0.25, rtol=1e-6)
    np.testing.assert_allclose(run.fields["w"].exact, EXACT.ravel())
    assert 0 <= run.seconds < 60


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"max_steps": 25}, "finished"),
        ({"max_steps": 40}, "unfinished"),
        ({"last_loss": float("nan")}, "diverged"),
        ({"max_steps": 40, "log": "[step:  23] loss went to INFs/NaNs"}, "diverged"),
        ({"max_steps": 40, "log": "[step:  23] loss went to INFs/NaNs\n[step:  30] loss: 1e-3"}, "unfinished"),
        ({"max_steps": 40, "log": "[step:  20] loss: 1e+30"}, "unfinished"),
    ],
)
def test_status(tmp_path, changes, status):
    assert read_run(write_run(tmp_path / "run", **changes)).status == status


def test_two_validators_of_a_variable_are_told_apart(tmp_path):
    folder = write_run(tmp_path / "run")
    np.savez(folder / "validators" / "line", {"x": X, "y": X, "true_w": 2 * EXACT, "pred_w": 3 * EXACT})
    writer = SummaryWriter(log_dir=str(folder), filename_suffix=".line")
    logged = 0.5 * np.sqrt(np.mean(EXACT**2)) / np.std(EXACT, ddof=1)
    writer.add_scalar("Validators/line/l2_relative_error_w", logged, 20, new_style=True)
    writer.close()
    run = read_run(folder)
    assert run.errors["exact.w"].values[-1] == pytest.approx(0.25, rel=1e-6)
    assert run.errors["line.w"].values[-1] == pytest.approx(0.5, rel=1e-6)
    np.testing.assert_allclose(run.fields["line.w"].predicted, 3 * EXACT.ravel())
    assert set(run.fields) == set(run.errors) == {"exact.w", "line.w"}


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"is no Hydra run directory: it has no .hydra.hydra.yaml"):
        read_run(tmp_path)


@pytest.mark.parametrize("config", [None, "custom: {seed: 1}", "training: {max_steps: 10}"])
def test_a_program_that_trains_nothing_is_no_training(tmp_path, config):
    run = write_run(tmp_path / "run")
    path = run / ".hydra" / "config.yaml"
    path.unlink() if config is None else path.write_text(config)
    with pytest.raises(ValueError, match=r"run is no training: .hydra.config.yaml has no training\.\w+"):
        read_run(run)


def test_a_run_that_recorded_nothing_is_unfinished(tmp_path):
    folder = write_run(tmp_path / "run")
    for path in [*folder.glob("events*"), *folder.glob("validators/*"), *folder.glob("monitors/*")]:
        path.unlink()
    run = read_run(folder)
    assert (run.status, run.last_step, plot_run(run)) == ("unfinished", -1, [])
    print_table([run])


def test_a_resumed_run_counts_its_last_values_and_no_pause(tmp_path):
    folder = write_run(tmp_path / "run", steps=(0, 10, 20), last_loss=9.0)
    before = read_run(folder).seconds
    later = time.time() + 3600
    writer = SummaryWriter(log_dir=str(folder), filename_suffix=".resumed")
    for step, loss in ((10, 0.7), (20, 0.6), (30, 0.5)):
        writer.add_scalar("Train/loss_pde", loss, step, walltime=later + step, new_style=True)
    writer.close()
    run = read_run(folder)
    assert run.losses["pde"].steps.tolist() == [0, 10, 20, 30]
    np.testing.assert_allclose(run.losses["pde"].values, [4.0, 0.7, 0.6, 0.5], rtol=1e-6)
    assert run.seconds == pytest.approx(before + 20, abs=0.1)


@pytest.mark.parametrize(("text", "steps"), [("", []), ("step,pde\n", []), ("step,pde\n0,1\n10,1\n20", [0, 10])])
def test_torn_weights_do_no_harm(tmp_path, text, steps):
    folder = write_run(tmp_path / "run")
    (folder / "monitors" / "weights.csv").write_text(text)
    weights = read_run(folder).weights
    assert [series.steps.tolist() for series in weights.values()] == ([steps] if steps else [])


def test_a_field_over_one_coordinate_is_left_out_of_the_figures(tmp_path):
    folder = write_run(tmp_path / "run")
    np.savez(folder / "validators" / "exact", {"x": X, "true_w": EXACT, "pred_w": EXACT})
    assert [path.name for path in plot_run(read_run(folder))] == ["losses.png", "weights.png"]


def test_figures_show_something(tmp_path):
    paths = plot_run(read_run(write_run(tmp_path / "run")))
    assert [path.name for path in paths] == ["losses.png", "weights.png", "w.png"]
    assert all(has_colour(path) for path in paths)
    # The check can fail: without values only the axes are left.
    bare = replace(
        read_run(tmp_path / "run"), losses={"pde": Series(np.array([]), np.array([]))}, weights={}, fields={}
    )
    assert not has_colour(plot_run(bare, tmp_path / "bare")[0])


def test_the_command_shows_one_run_as_a_table_and_figures(tmp_path, monkeypatch, capsys):
    write_run(tmp_path / "run")
    monkeypatch.setattr(sys, "argv", ["relobralo-report", str(tmp_path / "run"), "--out", str(tmp_path / "out")])
    main()
    printed = capsys.readouterr().out
    assert "2.500e-01" in printed
    assert "5.000e-01" in printed
    assert str(tmp_path / "out" / "weights.png") in printed.replace("\n", "")
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"losses.png", "w.png", "weights.png"}
    assert "relobralo" in (tmp_path / "out" / "report.md").read_text()
    assert "steps to 0.5" not in printed


def test_the_command_gives_the_steps_to_a_target_of_one_run(tmp_path, monkeypatch, capsys):
    write_run(tmp_path / "run", errors=(1.0, 0.5, 0.25))
    monkeypatch.setattr(sys, "argv", ["relobralo-report", str(tmp_path / "run"), "--target", "0.6"])
    main()
    printed = capsys.readouterr().out
    assert "steps to 0.6" in printed
    assert "10 (1 of 1)" in printed


def test_the_command_names_folders_without_runs(tmp_path, monkeypatch):
    write_run(tmp_path / "run")
    monkeypatch.setattr(sys, "argv", ["relobralo-report", str(tmp_path / "run"), str(tmp_path / "ruin")])
    with pytest.raises(SystemExit, match=r"No Hydra run directory was found in .*ruin"):
        main()
