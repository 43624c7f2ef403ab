"""The examples, run as a person runs them: through the host's Solver, in a process of their own."""

import csv
import os
import re
import signal
import subprocess
import time

import numpy as np
import pytest
from example_runs import FIELD, LIMIT, TERMS, command, train
from pictures import has_colour

from modulus_relobralo.report import read_run

pytestmark = pytest.mark.host


def read_weights(folder):
    with (folder / "run" / "monitors" / "weights.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    return header, np.array(rows, dtype=float)


@pytest.mark.parametrize("example", TERMS)
def test_a_run_leaves_error_figures_and_weights(example, tmp_path):
    output = train(tmp_path, example, "training.max_steps=10")
    run, name = tmp_path / "run", FIELD[example]

    header, rows = read_weights(tmp_path)
    assert header == ["step", *TERMS[example]]
    assert rows[:, 0].tolist() == [0, 5, 10]
    np.testing.assert_allclose(rows[:, 1:].sum(axis=1), len(TERMS[example]), rtol=1e-5)
    assert np.ptp(rows[:, 1:]) > 1e-3

    field = read_run(run).fields[name]
    exact, predicted = field.exact, field.predicted
    error = np.linalg.norm(predicted - exact) / np.linalg.norm(exact)
    printed = float(re.search(rf"relative L2 error of {name} +│ +([\d.e+-]+) │", output)[1])
    assert printed == pytest.approx(error, rel=2e-3)

    for figure in ("losses", "weights", name):
        assert has_colour(run / f"{figure}.png")
    assert "[step:          5] loss:" in output


def test_per_edge_terms_and_uniform_load(tmp_path):
    # an odd grid, with a point in the middle of the plate
    plate = ["custom.per_edge=true", "custom.load=uniform", "custom.grid=11"]
    output = train(tmp_path, "kirchhoff", "training.max_steps=5", "loss=sum", *plate)
    assert "weights.csv: not written" in output
    run = read_run(tmp_path / "run")
    edges = ("left", "right", "bottom", "top")
    assert set(run.losses) == {"kirchhoff", *(f"{term}_{edge}" for term in ("w", "M_n") for edge in edges)}
    # Navier: the middle of a square plate under a uniform load, p0 = 0.015, a = 10, D = 20.83.
    assert run.fields["w"].exact.max() == pytest.approx(0.00406235 * 0.015 * 10**4 / 20.8333333333, rel=1e-4)


def test_seed_decides_the_run(tmp_path):
    rows = []
    for seed, name in ((1, "a"), (1, "b"), (2, "c")):
        (tmp_path / name).mkdir()
        train(tmp_path / name, "helmholtz", "training.max_steps=5", f"custom.seed={seed}")
        rows.append(read_weights(tmp_path / name)[1])
    np.testing.assert_array_equal(rows[0], rows[1])
    assert not np.array_equal(rows[0], rows[2])


@pytest.mark.parametrize("example", TERMS)
def test_a_killed_run_resumes_where_it_was(example, tmp_path):
    log = tmp_path / "killed.log"
    # Killed between two checkpoints: the host writes them in place, and starts anew from a torn one.
    rare = "training.save_network_freq=60"
    with log.open("w") as file:
        process = subprocess.Popen(
            command(example, rare, "training.max_steps=1000000", "hydra.run.dir=run"),
            cwd=tmp_path,
            stdout=file,
            stderr=file,
        )
        try:
            wait_for(log, r"\[step: +70\] record monitor", process)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(timeout=LIMIT)
    killed = max(int(step) for step in re.findall(r"\[step: +(\d+)\] saved checkpoint", log.read_text()))
    assert killed >= 60

    output = train(tmp_path, example, rare, f"training.max_steps={killed + 10}")
    assert "Success loading optimizer" in output
    assert int(re.search(r"\[step: +(\d+)\] record monitor", output)[1]) == killed
    steps = read_weights(tmp_path)[1][:, 0].astype(int).tolist()
    assert steps == list(range(0, killed + 11, 5))


def wait_for(log, pattern, process):
    deadline = time.monotonic() + LIMIT
    while not re.search(pattern, log.read_text()):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
