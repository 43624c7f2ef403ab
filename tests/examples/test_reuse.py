"""Problems that the plugin knows nothing of, with the plain sum and balanced, and the example without a host."""

import ast
import csv
import subprocess
import sys

import numpy as np
import pytest
from programs import ROOT, environment

REUSE = ROOT / "examples" / "reuse"
TERMS = {
    "cavity": {"continuity", "momentum_x", "momentum_y", "u", "v"},
    "heat": {"diffusion_T", "T", "T__x"},
    "conductivity": {"diffusion_u", "u"},
}
SMALL = [
    "arch.fully_connected.layer_size=8",
    "batch_size.interior=32",
    "batch_size.boundary=16",
    "training.max_steps=20",
    "training.print_stats_freq=10",
    "training.rec_monitor_freq=1",
    "training.rec_validation_freq=20",
]


@pytest.mark.host
@pytest.mark.parametrize("loss", ["sum", "relobralo"])
@pytest.mark.parametrize("problem", TERMS)
def test_a_few_steps(problem, loss, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", REUSE / f"{problem}.py", *SMALL, f"loss={loss}", "hydra.run.dir=run"],
        cwd=tmp_path,
        env={**environment(), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reached maximum training steps" in done.stdout
    weights = tmp_path / "run" / "monitors" / "weights.csv"
    if loss == "sum":
        assert not weights.exists()
        return
    with weights.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert set(header) == {"step", *TERMS[problem]}
    weights = np.array(rows, dtype=float)[:, 1:]
    np.testing.assert_allclose(weights.sum(axis=1), len(TERMS[problem]), rtol=1e-5)
    assert np.ptp(weights) > 1e-2


@pytest.mark.parametrize("problem", TERMS)
def test_they_take_nothing_of_ours_but_what_has_no_problem(problem):
    tree = ast.parse((REUSE / f"{problem}.py").read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {module for module in modules if module.startswith("modulus_relobralo")}
    assert ours == {"modulus_relobralo.hosts.sym", "modulus_relobralo.report"}
