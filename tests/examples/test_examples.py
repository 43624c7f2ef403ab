"""The examples, run as a person runs them: through the host's Solver, in a process of their own."""

import re
import shlex

import numpy as np
import pytest
from example_runs import AUTODIFF, FIELD, SMALL, TERMS, run_example, train
from pictures import has_colour
from programs import ROOT, read_csv, run_script

from modulus_relobralo.report import read_run

pytestmark = pytest.mark.host
PAGE = (ROOT / "docs" / "how-to" / "restarts.md").read_text()


def read_weights(folder):
    header, rows = read_csv(folder / "monitors" / "weights.csv")
    return header, np.array(rows, dtype=float)


def error_of(folder, name):
    """Return the relative L2 error of the last field that the validator wrote, by NumPy."""
    field = read_run(folder).fields[name]
    return np.linalg.norm(field.predicted - field.exact) / np.linalg.norm(field.exact)


@pytest.mark.parametrize("example", TERMS)
def test_a_run_leaves_error_figures_and_weights(example, tmp_path):
    output = train(tmp_path, example, "training.max_steps=10")
    folder, name = tmp_path / "run", FIELD[example]

    header, rows = read_weights(folder)
    assert header == ["step", *sorted(TERMS[example])]
    assert rows[:, 0].tolist() == [0, 5, 10]
    np.testing.assert_allclose(rows[:, 1:].sum(axis=1), len(TERMS[example]), rtol=1e-5)
    assert np.ptp(rows[:, 1:]) > 1e-3

    printed = float(re.search(rf"relative L2 error of {name} +│ +([\d.e+-]+) │", output)[1])
    assert printed == pytest.approx(error_of(folder, name), rel=2e-3)

    for figure in ("losses", "weights", name):
        assert has_colour(folder / f"{figure}.png")
    assert "[step:          5] loss:" in output


def test_per_edge_terms_and_uniform_load(tmp_path):
    # an odd grid, with a point in the middle of the plate
    plate = ["custom.per_edge=true", "custom.load=uniform", "custom.grid=11"]
    output = train(tmp_path, "kirchhoff", "training.max_steps=5", "loss=sum", *plate)
    assert "weights.csv: not written" in output
    found = read_run(tmp_path / "run")
    edges = ("left", "right", "bottom", "top")
    assert set(found.losses) == {"kirchhoff", *(f"{term}_{edge}" for term in ("w", "M_n") for edge in edges)}
    # Navier: the middle of a square plate under a uniform load, p0 = 0.015, a = 10, D = 20.83.
    assert found.fields["w"].exact.max() == pytest.approx(0.00406235 * 0.015 * 10**4 / 20.8333333333, rel=1e-4)


def test_seed_decides_the_run(tmp_path):
    place = ["hydra.sweep.dir=runs", "hydra.sweep.subdir=${hydra:job.num}", "--multirun"]
    short = [AUTODIFF, "training.max_steps=5", "loss=relobralo_tuned"]
    run_example(tmp_path, "helmholtz", *SMALL, *short, "custom.seed=1,2,1", *place)
    first, other, again = (read_weights(tmp_path / "runs" / str(job))[1] for job in range(3))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_adam_then_lbfgs_by_the_documented_commands(tmp_path):
    """With the example's own learning rate, which is Adam's, in the config of both."""
    adam, lbfgs = re.findall(
        r"^python (examples/helmholtz/helmholtz.py .*hydra.run.dir=outputs/wave\b(?!-).*)$", PAGE, re.MULTILINE
    )
    (run_dir,) = {re.search(r"hydra.run.dir=(\S+)", line)[1] for line in (adam, lbfgs)}
    assert set(lbfgs.split()) - set(adam.split()) == {"optimizer=lbfgs"}
    short = [*SMALL, AUTODIFF, "training.max_steps=50", "custom.m=1", "custom.n=1"]

    def follow(line, *overrides):
        script, *documented = shlex.split(line)
        return run_script(ROOT / script, [*documented, *short, *overrides], tmp_path)

    folder = tmp_path / run_dir
    follow(adam)
    before, weights = error_of(folder, "u"), read_weights(folder)[1]
    output = follow(lbfgs, "optimizer.max_iter=300")
    assert "The checkpoint is of Adam or AdamW: LBFGS starts without its state" in output
    assert "lr=0.003, meant for another optimizer, is not used" in output
    assert "Success loading model" in output
    # 0.57 to 0.77 of it, by what rounding makes of 300 iterations; Adam's 50 steps alone leave all of it.
    assert error_of(folder, "u") < 0.9 * before
    np.testing.assert_allclose(read_weights(folder)[1][-1, 1:], weights[-1, 1:], rtol=0.1)
