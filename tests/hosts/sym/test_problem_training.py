"""A problem of a person's own, in time, through the host's Solver with natural gradients."""

from pathlib import Path

import pytest
import torch
from programs import found, run_script, write_files

pytestmark = pytest.mark.host
SCRIPT = Path(__file__).with_name("train_burgers.py")
RING = Path(__file__).with_name("train_ring.py")
CONFIG = """
defaults:
  - modulus_default
  - scheduler: tf_exponential_lr
  - optimizer: natural_gradient
  - loss: sum
  - _self_
cuda_graphs: false
save_filetypes: ""
training:
  max_steps: 30
  rec_constraint_freq: 1000
  save_network_freq: 1000
  print_stats_freq: 30
  summary_freq: 1000
custom:
  ring: true
hydra:
  run:
    dir: outputs
"""


def test_burgers_is_solved_in_the_solver(tmp_path):
    write_files(tmp_path, config_DOT_yaml=CONFIG)
    printed = run_script(SCRIPT, [f"--config-dir={tmp_path}"], tmp_path)
    assert "requires_grad=True to a scalar" not in printed
    (run,) = found(printed)
    assert run["losses"] == ["burgers", "u", "u__x", "u_initial"]
    before, after = run["errors"]
    assert after < 1e-4 < 0.1 < before


@pytest.mark.parametrize(("optimizer", "steps"), [("natural_gradient", 40)])
def test_a_speed_is_found_from_sensors_on_a_ring(tmp_path, optimizer, steps):
    write_files(tmp_path, config_DOT_yaml=CONFIG)
    overrides = [f"--config-dir={tmp_path}", f"optimizer={optimizer}", f"training.max_steps={steps}"]
    (run,) = found(run_script(RING, overrides, tmp_path))
    assert run["losses"] == run["terms"] == ["advection", "u_sensors"]
    assert run["speed"] == pytest.approx(0.7, abs=2e-3)
    before, after = run["errors"]
    assert after < 2e-3 < 0.1 < before
    # What was trained is saved beside the network.
    saved = torch.load(tmp_path / "outputs" / "unknown_coefficients.0.pth", weights_only=True)
    assert float(saved["unknown.c"]) == pytest.approx(run["speed"])


def test_a_network_that_is_not_periodic_is_refused(tmp_path):
    write_files(tmp_path, config_DOT_yaml=CONFIG.replace("ring: true", "ring: false"))
    printed = run_script(RING, [f"--config-dir={tmp_path}"], tmp_path, succeeds=False)
    assert "The network of u must be periodic in x, as the problem is" in printed


def test_an_error_of_a_program_without_a_folder_of_configs_is_the_last_word(tmp_path):
    write_files(tmp_path, config_DOT_yaml=CONFIG.replace("training:", "training:\n  grad_agg_freq: 2"))
    printed = run_script(SCRIPT, [f"--config-dir={tmp_path}"], tmp_path, succeeds=False)
    assert "needs `training.grad_agg_freq: 1`" in printed
    assert "TypeError" not in printed
