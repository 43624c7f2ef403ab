"""A problem of a person's own, in time, through the host's Solver with natural gradients."""

import sys
from pathlib import Path

import pytest
from programs import ROOT, found, write_files
from programs import run as run_program

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
    (run,) = found(run_program([sys.executable, SCRIPT, f"--config-dir={tmp_path}"], tmp_path, PYTHONPATH=str(ROOT)))
    assert run["losses"] == ["burgers", "u", "u__x", "u_initial"]
    before, after = run["errors"]
    assert after < 1e-4 < 0.1 < before
