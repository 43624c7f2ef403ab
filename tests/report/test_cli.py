"""The command, as it is typed."""

import sys

import pytest
from several_runs import SUM, write_seeds
from written_runs import write_run

from modulus_relobralo.report import cli, page
from modulus_relobralo.report.cli import main


@pytest.fixture
def command(monkeypatch, capsys):
    """Return a function that runs the command and returns what it printed."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["relobralo-report", *map(str, arguments)])
        main()
        return capsys.readouterr().out

    return run


@pytest.fixture
def without_figures(monkeypatch):
    """Leave out the figures, which have tests of their own."""
    monkeypatch.setattr(cli, "plot_run", lambda run, folder: [])
    monkeypatch.setattr(page, "plot_comparison", lambda comparison, folder: [])


def test_one_run_is_shown_as_a_table_and_figures(tmp_path, command):
    write_run(tmp_path / "run")
    printed = command(tmp_path / "run", "--out", tmp_path / "out")
    assert "0.25" in printed
    assert "0.5" in printed
    assert str(tmp_path / "out" / "weights.png") in printed.splitlines()
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {
        "error.png",
        "losses.png",
        "w.png",
        "weights.png",
    }
    assert "relobralo" in (tmp_path / "out" / "report.md").read_text()
    assert "steps to 0.5" not in printed


@pytest.mark.usefixtures("without_figures")
def test_the_steps_to_a_target_of_one_run(tmp_path, command):
    write_run(tmp_path / "run", errors=(1.0, 0.5, 0.25))
    printed = command(tmp_path / "run", "--target", "0.6")
    assert "steps to 0.6" in printed
    assert "10 (1 of 1)" in printed


@pytest.mark.usefixtures("without_figures")
def test_a_page_stands_alone(tmp_path, command):
    write_run(tmp_path / "sum", "sum", terms=("pde", "nothing"), last_loss=0.0)
    write_run(tmp_path / "ours")
    printed = command(tmp_path, "--html", tmp_path / "new" / "page.html")
    assert printed.splitlines()[-1] == str(tmp_path / "new" / "page.html")
    text = (tmp_path / "new" / "page.html").read_text()
    for shown in (printed, text):
        assert "suspicious: sum: loss term nothing is exactly 0" in shown
        # The table of the runs, and that of the comparison.
        assert "wall time [s]" in shown
        assert "ms per step" in shown
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["page.html"]


def test_files_that_cannot_be_read_are_listed(tmp_path, command):
    write_seeds(tmp_path, "sum", SUM[:4])
    torn = tmp_path / "sum-2" / "validators" / "exact.npz"
    torn.write_bytes(torn.read_bytes()[:100])
    (tmp_path / "sum-3" / ".hydra" / "config.yaml").write_text("training: {")
    write_run(tmp_path / "other", "sum", seed=7, problem="waves")
    printed = command(tmp_path)
    assert "waves" in printed
    (fields,) = (line for line in printed.splitlines() if line.startswith("not counted: bending: sum, seed 2: "))
    assert f"recorded no error: it had no validator, or none saved as np; {torn} cannot be read" in fields
    assert f"not counted: {tmp_path / 'sum-3' / '.hydra' / 'config.yaml'} cannot be read" in printed
    assert "sum, seed 3" not in printed
    assert "sum, seed 1" in printed


def test_folders_without_runs_are_named(tmp_path, command):
    write_run(tmp_path / "run")
    with pytest.raises(SystemExit, match=r"No Hydra run directory was found in .*ruin"):
        command(tmp_path / "run", tmp_path / "ruin")
    (tmp_path / "run" / ".hydra" / "config.yaml").unlink()
    with pytest.raises(SystemExit, match="No run could be read"):
        command(tmp_path / "run")
