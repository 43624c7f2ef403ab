"""Runs side by side."""

import re
from dataclasses import replace

import numpy as np
import pytest
from written_runs import EXACT, START, write_hydra, write_run, write_training

from modulus_relobralo.report.reading import read_run
from modulus_relobralo.report.run_table import print_table


def table(printed):
    """Return the printed cells by the name of the row."""
    lines = [re.split("[┃│]", line)[1:-1] for line in printed.splitlines() if re.match("[┃│]", line)]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


def test_every_thing_has_a_row(tmp_path, capsys):
    runs = [
        read_run(write_run(tmp_path / "a", "sum", seed=0, errors=(0.5,), last_loss=0.5)),
        read_run(write_run(tmp_path / "b", seed=0, exact={"v": EXACT}, terms=("pde", "other"), steps=(0, 10))),
    ]
    print_table(runs)
    printed = capsys.readouterr().out
    assert table(printed) == {
        "": ["sum, seed 0", "relobralo, seed 0"],
        "steps": ["20", "10"],
        "relative L2 error of w": ["5.000e-01", "-"],
        "relative L2 error of v": ["-", "2.500e-01"],
        "loss term pde": ["5.000e-01", "5.000e-01"],
        "loss term walls": ["1.000e+00", "-"],
        "loss term other": ["-", "1.000e+00"],
        "wall time [s]": ["12.0", "7.0"],
        "status": ["finished", "unfinished"],
    }
    assert "relobralo, seed 0: unfinished, at step 10 of 20" in printed


def test_eight_terms_fit(tmp_path, capsys):
    terms = [f"boundary_of_the_domain_{number}" for number in range(8)]
    print_table([read_run(write_run(tmp_path / "a", terms=terms))])
    printed = capsys.readouterr().out
    assert {f"loss term {term}" for term in terms} < table(printed).keys()
    assert max(map(len, printed.splitlines())) <= 80


def test_after_lbfgs_what_is_not_known_is_not_shown(tmp_path, capsys):
    folder = write_run(tmp_path / "run", errors=(1.0, 0.5, 0.25))
    write_hydra(folder, "relobralo", optimizer="lbfgs")
    write_training(folder, steps=(20,), errors=(0.01,), start=START + 100, step_seconds=0, setup=30, optimizer="lbfgs")
    print_table([read_run(folder)])
    printed = capsys.readouterr().out
    rows = table(printed)
    assert rows["relative L2 error of w"] == ["1.000e-02"]
    assert rows["loss term pde"] == rows["loss term walls"] == ["-"]
    assert rows["wall time [s]"] == ["42.0"]
    assert rows["status"] == ["finished"]
    assert "the host records those before L-BFGS" in printed


def test_runs_of_one_name_are_told_apart(tmp_path, capsys):
    runs = [read_run(write_run(tmp_path / name / "run", "sum", seed=0)) for name in ("a", "b")]
    print_table(runs)
    assert table(capsys.readouterr().out)[""] == ["sum, seed 0 (a/run)", "sum, seed 0 (b/run)"]


def test_many_runs_take_several_tables(tmp_path, capsys):
    run = read_run(write_run(tmp_path / "run"))
    print_table([replace(run, scheme=f"scheme {number}") for number in range(8)])
    printed = capsys.readouterr().out
    assert all(f"scheme {number}, seed 3" in printed for number in range(8))
    assert max(map(len, printed.splitlines())) <= 180


@pytest.mark.parametrize("exact", [np.full_like(EXACT, 0.5), np.zeros_like(EXACT)], ids=["constant", "zero"])
def test_a_run_without_a_history_of_errors(tmp_path, exact, capsys):
    print_table([read_run(write_run(tmp_path / "run", exact={"w": exact}))])
    printed = capsys.readouterr().out
    found = table(printed).get("relative L2 error of w")
    assert found == (["2.500e-01"] if exact.any() else None)
    assert "w (exact)" in printed


def test_a_run_that_recorded_nothing(tmp_path, capsys):
    write_hydra(tmp_path / "run")
    print_table([read_run(tmp_path / "run")])
    rows = table(capsys.readouterr().out)
    assert (rows["steps"], rows["wall time [s]"], rows["status"]) == (["-"], ["-"], ["unfinished"])
