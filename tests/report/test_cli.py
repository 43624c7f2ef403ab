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
    assert "2.500e-01" in printed
    assert "5.000e-01" in printed
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


@pytest.mark.usefixtures("without_figures")
def test_what_is_not_compared_is_listed(tmp_path, command):
    write_seeds(tmp_path / "a", "sum", SUM)
    write_run(tmp_path / "b" / "killed", "sum", seed=9, steps=(0, 10), errors=(1e-3,))
    validated = write_run(tmp_path / "b" / "blind", "sum", seed=10)
    (validated / "validators" / "exact.npz").unlink()
    write_run(tmp_path / "c" / "other", "sum", problem="waves")
    printed = command(tmp_path, "--out", tmp_path / "out")
    for text in (printed, (tmp_path / "out" / "report.md").read_text()):
        assert "0.3 [0.2, 0.4]" in text
        assert "bending: sum, seed 9: unfinished, at step 10 of 20" in text
        assert "bending: sum, seed 10: recorded no error" in text
        assert "waves" in text


def test_a_file_that_cannot_be_read_is_listed(tmp_path, command):
    write_seeds(tmp_path, "sum", SUM[:4])
    torn = tmp_path / "sum-2" / "validators" / "exact.npz"
    torn.write_bytes(torn.read_bytes()[:100])
    printed = command(tmp_path)
    assert f"not counted: {torn} cannot be read" in printed
    assert "sum, seed 2" not in printed
    assert "sum, seed 3" in printed


def test_folders_without_runs_are_named(tmp_path, command):
    write_run(tmp_path / "run")
    with pytest.raises(SystemExit, match=r"No Hydra run directory was found in .*ruin"):
        command(tmp_path / "run", tmp_path / "ruin")
    (tmp_path / "run" / ".hydra" / "config.yaml").unlink()
    with pytest.raises(SystemExit, match="No run could be read"):
        command(tmp_path / "run")
