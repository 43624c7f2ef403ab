"""Problems that the plugin knows nothing of, with the plain sum and balanced, and the example without a host."""

import ast
import re

import numpy as np
import pytest
from programs import ROOT, read_csv, run_script

REUSE = ROOT / "examples" / "reuse"
TERMS = {
    "cavity": {"continuity", "momentum_x", "momentum_y", "u", "v"},
    "composite_wall": {"T_1", "T_2", "T_1__y", "T_2__y", "diffusion_T_1", "diffusion_T_2"}
    | {f"diffusion_interface_{kind}_T_1_T_2" for kind in ("dirichlet", "neumann")},
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
@pytest.mark.parametrize("problem", TERMS)
def test_a_few_steps(problem, tmp_path):
    place = ["hydra.sweep.dir=runs", "hydra.sweep.subdir=${hydra:runtime.choices.loss}"]
    options = ["--config-name", "first_order", *SMALL, "loss=sum,relobralo", *place, "--multirun"]
    output = run_script(REUSE / f"{problem}.py", options, tmp_path)
    assert output.count("reached maximum training steps") == 2
    assert not (tmp_path / "runs" / "sum" / "monitors" / "weights.csv").exists()
    header, rows = read_csv(tmp_path / "runs" / "relobralo" / "monitors" / "weights.csv")
    assert set(header) == {"step", *TERMS[problem]}
    weights = np.array(rows, dtype=float)[:, 1:]
    np.testing.assert_allclose(weights.sum(axis=1), len(TERMS[problem]), rtol=1e-5)
    assert np.ptp(weights) > 1e-2


@pytest.mark.host
@pytest.mark.parametrize("problem", ["conductivity", "heat"])
def test_natural_gradients_take_their_steps_under_the_hosts_jit(problem, tmp_path):
    options = [*SMALL, "custom.derivatives=autodiff", "jit=true", "training.print_stats_freq=1"]
    options += ["training.max_steps=5", "loss=sum", "hydra.run.dir=run"]
    output = run_script(REUSE / f"{problem}.py", options, tmp_path)
    accepted = re.findall(r"natural gradients: (\d+) steps accepted", output)
    assert accepted == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.host
@pytest.mark.parametrize("problem", TERMS)
def test_their_own_config_puts_the_conditions_first(problem, tmp_path):
    output = run_script(REUSE / f"{problem}.py", [*SMALL, "training.max_steps=2", "hydra.run.dir=run"], tmp_path)
    assert "natural gradients: 1 steps accepted" in output
    header, rows = read_csv(tmp_path / "run" / "monitors" / "weights.csv")
    weights = dict(zip(header, map(float, rows[0]), strict=True))
    equations = [name for name in header if name.startswith(("diffusion_u", "diffusion_T", "continuity", "momentum"))]
    conditions = [weights[name] for name in header if name not in ("step", *equations)]
    assert min(conditions) > max(weights[name] for name in equations)


@pytest.mark.parametrize("problem", TERMS)
def test_they_take_nothing_of_ours_but_what_has_no_problem(problem):
    tree = ast.parse((REUSE / f"{problem}.py").read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {module for module in modules if module.startswith("modulus_relobralo")}
    assert ours == {"modulus_relobralo.hosts.sym", "modulus_relobralo.report"}
