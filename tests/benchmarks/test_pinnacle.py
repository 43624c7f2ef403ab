"""Cases of PINNacle: files as COMSOL exports them, errors of all fields together, and a run from end to end."""

import json
import sys

import numpy as np
import pytest

from benchmarks import records
from benchmarks.protocols import pinnacle
from benchmarks.references import evolution

HEAD = "% Model: burgers1d.mph\n% Dimension: 1\n% X   u (1) @ t=0   u (1) @ t=0.5   u (1) @ t=1\n"
X, TIMES = np.linspace(-1, 1, 21), np.array([0, 0.5, 1])


@pytest.fixture
def folder(tmp_path):
    """A folder with a file of Burgers' equation that is a tenth too large."""
    x, t = np.meshgrid(X, TIMES)
    columns = 1.1 * evolution.burgers(x, t)
    lines = (" ".join(map(repr, map(float, row))) for row in np.column_stack([X, columns.T]))
    (tmp_path / "burgers1d.dat").write_text(HEAD + "\n".join(lines) + "\n")
    return tmp_path


def test_a_file_is_read_by_place_and_time(folder):
    inputs, values = pinnacle.read(folder / "burgers1d.dat")
    assert {*inputs} == {"x", "t"}
    assert {*values} == {"u"}
    np.testing.assert_allclose(values["u"], 1.1 * evolution.burgers(inputs["x"], inputs["t"]))
    np.testing.assert_allclose(np.unique(inputs["t"]), TIMES)


def test_several_fields_are_read_and_points_without_a_number_are_left_out(tmp_path):
    (tmp_path / "flow.dat").write_text("% x y u (m/s) v (m/s) p (Pa)\n0 1 2 3 4\n5 6 NaN 8 9\n10 11 12 13 14\n")
    inputs, values = pinnacle.read(tmp_path / "flow.dat", fields=3)
    assert {name: column.tolist() for name, column in inputs.items()} == {"x": [0, 10], "y": [1, 11]}
    assert {name: column.tolist() for name, column in values.items()} == {"u": [2, 12], "v": [3, 13], "p": [4, 14]}


def test_an_error_is_of_all_fields_together():
    known = {"u": np.array([3.0, 0.0]), "v": np.array([0.0, 4.0])}
    assert pinnacle.distance({"u": np.array([3.0, 0.0]), "v": np.array([0.0, 3.0])}, known) == pytest.approx(0.2)


def test_a_run_says_what_is_the_files_error(folder, monkeypatch, tmp_path, capsys):
    written = {}
    monkeypatch.setattr(pinnacle, "write_rows", lambda name, rows: written.update({name: list(rows)}))
    options = ["burgers", "--data", str(folder), "--steps", "2", "--points", "40", "--width", "4"]
    monkeypatch.setattr(sys, "argv", ["pinnacle", *options])
    monkeypatch.setattr(sys, "path", [*sys.path])
    pinnacle.main()
    (row,) = written["pinnacle"]
    assert written["gallery"] == []
    assert row["its file against our reference"] == pytest.approx(0.1)
    assert row["against our reference"] != row["against its file"]
    assert {*records.KEYS["pinnacle"]} <= {*json.loads(json.dumps(row))}


def test_a_folder_without_the_files_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["pinnacle", "burgers", "wave", "--data", str(tmp_path)])
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit):
        pinnacle.main()
    assert "burgers1d.dat" in capsys.readouterr().err
