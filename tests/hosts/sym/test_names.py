"""Loss terms are known by name: trainings of the host's Solver that hand them over in another order when resumed."""

import shutil
import sys
from pathlib import Path

import pytest
from programs import HOST, ROOT, found, run_script, write_files
from programs import run as run_program

pytestmark = pytest.mark.host
SCRIPT = Path(__file__).with_name("train_by_name.py")
CONFIG = """
defaults:
  - modulus_default
  - scheduler: tf_exponential_lr
  - optimizer: adam
  - loss: relobralo
  - _self_
cuda_graphs: false
save_filetypes: ""
training:
  max_steps: 5
  rec_monitor_freq: 1
  rec_constraint_freq: 1000
  save_network_freq: 5
  print_stats_freq: 10
  summary_freq: 1000
custom:
  problem: flow
  derivatives: autodiff
  # what is given on the wall
  value: u
hydra:
  run:
    dir: outputs
"""
STATE = ("init_losses", "prev_losses", "lmbda_ema")


def train(folder, *overrides, hash_seed=0, succeeds=True):
    """Train in `folder`, or go on there; return what was printed and the state after each step."""
    write_files(folder, config_DOT_yaml=CONFIG)
    arguments = [f"--config-dir={folder}", *overrides]
    if hash_seed:  # it is of a process: one of its own
        variables = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(hash_seed)}
        output = run_program([sys.executable, SCRIPT, *arguments], folder, succeeds, **variables)
    else:
        output = run_script(SCRIPT, arguments, folder, succeeds)
    return output, found(output)


def by_name(state, key):
    return dict(zip(state["names"], state[key], strict=True))


def check_goes_on(before, after):
    """Check that a run in another order of the loss terms goes on, each with its own past."""
    last, first = before[-1], after[0]
    assert [state["step"] for state in after] == [5, 6, 7]
    assert first["order"] != last["order"], "the control: the host's order is another"
    assert first["names"] == last["names"] == sorted(first["order"])
    assert by_name(first, "init_losses") == by_name(last, "init_losses") == by_name(before[0], "init_losses")
    assert len(set(last["init_losses"])) == len(last["names"])
    # The host computes step 5 again, with the network that came out of it.
    assert by_name(first, "prev_losses") == pytest.approx(by_name(last, "prev_losses"), rel=0.1)


def test_under_another_hash_seed(tmp_path):
    options = ("custom.problem=poisson",)
    _, before = train(tmp_path, *options)
    _, after = train(tmp_path, *options, "training.max_steps=7", hash_seed=1)
    check_goes_on(before, after)
    header, *rows = (tmp_path / "outputs" / "monitors" / "weights.csv").read_text().splitlines()
    assert header == "step,poisson,poisson__x,poisson__y,u"
    assert [int(row.split(",")[0]) for row in rows] == list(range(8))


def test_with_derivatives_made_in_another_way(tmp_path):
    _, before = train(tmp_path)
    _, after = train(tmp_path, "custom.derivatives=taylor", "training.max_steps=7")
    check_goes_on(before, after)


@pytest.fixture(scope="module")
def builtin(tmp_path_factory):
    """Return the folder of a run of `relobralo_builtin`, and its states."""
    folder = tmp_path_factory.mktemp("builtin")
    return folder, train(folder, "loss=relobralo_builtin")[1]


@pytest.mark.parametrize("loss", ["relobralo_builtin", "relobralo"])
def test_of_the_hosts_own_relobralo(builtin, loss, tmp_path):
    folder, before = builtin
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    output, after = train(tmp_path, f"loss={loss}", "custom.derivatives=taylor", "training.max_steps=7")
    check_goes_on(before, after)
    assert "does not name its loss terms" not in output


@pytest.mark.parametrize("loss", ["relobralo_builtin", "relobralo"])
def test_what_the_hosts_class_alone_saved_goes_by_position_and_the_log_says_so(builtin, loss, tmp_path):
    alone = f"loss._target_={HOST}.loss.aggregator.Relobralo"
    _, before = train(tmp_path, "loss=relobralo_builtin", alone)
    named = builtin[1]
    # Without us the state is in the host's order, another than that of the names.
    assert dict(zip(before[0]["order"], before[0]["init_losses"], strict=True)) == by_name(named[0], "init_losses")
    assert before[0]["init_losses"] != named[0]["init_losses"]
    output, after = train(tmp_path, f"loss={loss}", "training.max_steps=7")
    assert by_name(after[0], "init_losses") == by_name(named[0], "init_losses")
    assert f"They are taken to be {before[0]['order']}, in this order. That cannot be checked" in output


def test_other_loss_terms_are_refused(builtin, tmp_path):
    shutil.copytree(builtin[0], tmp_path, dirs_exist_ok=True)
    output, after = train(tmp_path, "loss=relobralo_builtin", "custom.value=v", "training.max_steps=7", succeeds=False)
    assert after == []
    assert (
        "The checkpoint holds the balancing of the loss terms ['continuity', 'momentum_x', 'momentum_y', 'u']" in output
    )
