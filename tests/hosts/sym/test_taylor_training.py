"""A real training through the host's Solver: the same losses by either method, and checkpoints that go both ways."""

import json
from pathlib import Path

import pytest
from programs import run_script, write_files

pytestmark = pytest.mark.host
SCRIPT = Path(__file__).with_name("train_by_both_methods.py")
CONFIG = """
defaults:
  - modulus_default
  - scheduler: tf_exponential_lr
  - optimizer: adam
  - loss: sum
  - _self_
cuda_graphs: false
save_filetypes: ""
training:
  rec_validation_freq: 5
  rec_constraint_freq: 1000
  save_network_freq: 10
  print_stats_freq: 10
  summary_freq: 1000
hydra:
  run:
    dir: outputs
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    write_files(folder, config_DOT_yaml=CONFIG)
    run_script(SCRIPT, [f"--config-dir={folder}"], folder)
    return folder / "outputs", json.loads((folder / "outputs" / "losses.json").read_text())


def test_both_methods_train_alike(run):
    _, losses = run
    assert [row[0] for row in losses["taylor"]] == list(range(11))
    for found, expected in zip(losses["taylor"], losses["autodiff"], strict=True):
        assert found == pytest.approx(expected, rel=1e-4)
    assert losses["taylor"][-1][1] < losses["taylor"][0][1]


def test_checkpoints_continue_by_the_other_method(run):
    _, losses = run
    one, other = losses["autodiff, then taylor"], losses["taylor, then autodiff"]
    assert one[0][0] == other[0][0] == 10
    for found, expected in zip(one, other, strict=True):
        assert found == pytest.approx(expected, rel=1e-3)
    # It went on from where it was, it did not start again.
    assert one[0][1:] == pytest.approx(losses["autodiff"][-1][1:], rel=0.2)


def test_checkpoint_files_are_named_after_the_network(run):
    folder, _ = run
    for name in ("first", "second"):
        assert sorted(p.name for p in (folder / name).glob("*.pth")) == ["optim_checkpoint.0.pth", "plate.0.pth"]
