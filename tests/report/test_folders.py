"""Which folders are trainings."""

import os

import pytest
from written_runs import START, write_hydra, write_run, write_training

from modulus_relobralo.report.folders import find_home, find_trainings, find_windows, unique


@pytest.fixture
def sequence(tmp_path):
    """Return a run of a SequentialSolver: the second domain is begun first."""
    run = tmp_path / "sequence"
    write_hydra(run)
    for number, name in enumerate(("start", "a_window_0000", "a_window_0001")):
        write_training(run / name, start=START + 100 * number)
        (events,) = (run / name).glob("*tfevents*")
        # All three in one second, by one process.
        events.rename(run / name / f"events.out.tfevents.1700000000.host.77.{number}")
    (run / "current_step.txt").write_text("1 1")
    return run


def test_windows_come_in_the_order_of_their_times(sequence):
    windows = [sequence / name for name in ("start", "a_window_0000", "a_window_0001")]
    assert find_windows(sequence) == windows
    assert find_trainings(sequence.parent) == windows
    assert find_trainings(windows[1]) == [windows[1]]
    assert find_home(windows[1]) == sequence


def test_run_directories_come_in_the_order_of_their_names(tmp_path):
    runs = [write_run(tmp_path / name) for name in ("a run, ünïcode", "b/inside", "c")]
    assert find_trainings(tmp_path) == runs
    assert all(find_windows(run) == [] for run in runs)


def test_a_run_inside_of_a_run_is_no_window(tmp_path):
    write_hydra(tmp_path / "outer")
    inner = write_run(tmp_path / "outer" / "inner")
    assert find_trainings(tmp_path) == [tmp_path / "outer", inner]


@pytest.mark.parametrize("name", ["missing", "empty", "run/validators"])
def test_what_is_none_is_none(tmp_path, name):
    (tmp_path / "empty").mkdir()
    write_run(tmp_path / "run")
    assert find_trainings(tmp_path / name) == []


def test_one_folder_by_several_paths_counts_once(tmp_path, monkeypatch):
    run, other = write_run(tmp_path / "run"), write_run(tmp_path / "other")
    (tmp_path / "link").symlink_to(run)
    monkeypatch.chdir(tmp_path)
    relative = type(run)("run")
    given = [relative, run, other, tmp_path / "link", tmp_path / "other" / ".." / "run"]
    assert unique(given) == [relative, other]
    assert os.path.samefile(relative, run)
