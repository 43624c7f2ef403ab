"""A problem of a person's own, in time, through the host's Solver with natural gradients."""

from pathlib import Path

import pytest
from programs import found, run_script, write_files

pytestmark = pytest.mark.host
SCRIPT = Path(__file__).with_name("train_burgers.py")
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


def test_an_error_of_a_program_without_a_folder_of_configs_is_the_last_word(tmp_path):
    write_files(tmp_path, config_DOT_yaml=CONFIG.replace("training:", "training:\n  grad_agg_freq: 2"))
    printed = run_script(SCRIPT, [f"--config-dir={tmp_path}"], tmp_path, succeeds=False)
    assert "needs `training.grad_agg_freq: 1`" in printed
    assert "TypeError" not in printed
