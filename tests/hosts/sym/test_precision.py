"""float64 to the end: by one line of a config, through the host's Solver, and what is refused."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from programs import begin_script, found, write_files
from sympy import Symbol, pi, sin

from modulus_relobralo.hosts.sym import (
    Key,
    PointwiseInteriorConstraint,
    constraints,
    equation_nodes,
    host,
    plate_network,
    plate_results,
    precision,
)
from modulus_relobralo.hosts.sym.dtypes import check_precision, configured_precision
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate
from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave

pytestmark = pytest.mark.host
PROGRAM = Path(__file__).with_name("train_in_precisions.py")
FLOAT64 = "+custom.precision=float64"
X, Y = Symbol("x"), Symbol("y")


def constants():
    """Return torch's default dtype, and what every module of the host has for points."""
    held = [vars(module)["tf_dt"] for module in list(sys.modules.values()) if "tf_dt" in vars(module)]
    return torch.get_default_dtype(), set(held), host.load("constants").np_dt


# ----- what it sets


def test_it_holds_within_and_is_undone_behind():
    before = constants()
    assert before == (torch.float32, {torch.float32}, np.float32)
    with precision("float64"):
        assert constants() == (torch.float64, {torch.float64}, np.float64)
        with precision("float32"):
            assert constants() == before
        assert constants() == (torch.float64, {torch.float64}, np.float64)
    assert constants() == before


def test_it_is_undone_behind_an_error():
    before = constants()
    with pytest.raises(ZeroDivisionError), precision("float64"):
        1 / (constants() == before)
    assert constants() == before


@pytest.mark.parametrize("name", ["float16", "double", 64])
def test_another_precision_is_refused(name):
    with pytest.raises(ValueError, match=rf"`custom.precision` must be one of float32, float64. Found `{name}`\."):
        configured_precision(OmegaConf.create({"custom": {"precision": name}})).__enter__()


@pytest.mark.parametrize("custom", [{}, {"custom": "???"}, {"custom": {}}, {"custom": {"precision": None}}])
def test_a_config_without_it_leaves_things_as_they_are(custom):
    with precision("float64"), configured_precision(OmegaConf.create(custom)):
        assert constants()[0] == torch.float64


def test_mixed_precision_contradicts_it():
    with pytest.raises(ValueError, match=r"`custom.precision: float64` needs `amp.enabled: false`. Found `true`."):
        configured_precision(OmegaConf.create({"custom": {"precision": "float64"}, "amp": {"enabled": True}}))


def trainer(network, **custom):
    network.name = "wave"
    return SimpleNamespace(cfg=OmegaConf.create({"custom": custom}), get_saveable_models=lambda: [network])


def test_what_does_not_fit_together_is_refused_by_name():
    check_precision(trainer(torch.nn.Linear(1, 1)))
    with pytest.raises(ValueError, match=r"network `wave` of float64, and points of float32. `custom.precision` sets"):
        check_precision(trainer(torch.nn.Linear(1, 1).double()))
    with pytest.raises(
        ValueError, match=r"read by `main` of modulus_relobralo.hosts.sym. Found .* points are of float32"
    ):
        check_precision(trainer(torch.nn.Linear(1, 1).double(), precision="float64"))
    with precision("float64"):
        check_precision(trainer(torch.nn.Linear(1, 1), precision="float64"))
        with pytest.raises(ValueError, match="network `wave` of float32, and points of float64"):
            check_precision(trainer(torch.nn.Linear(1, 1).float(), precision="float64"))


# ----- points and targets


def loaded(kind):
    """Return the points and the target of what is loaded for a first step: exp(x) * x / 3."""
    target = X / 3 + sin(pi * Y)
    network = host.load("models.fully_connected").FullyConnectedArch([Key("x"), Key("y")], [Key("u")], layer_size=4)
    nodes = [network.make_node("network")]
    if kind in ("host", "importance"):
        measure = {"importance_measure": lambda points: np.ones_like(points["x"])} if kind == "importance" else {}
        square = host.Rectangle((0, 0), (1, 1))
        made = PointwiseInteriorConstraint(nodes, square, {"u": target}, 32, batch_per_epoch=2, **measure)
    else:
        wave = HelmholtzRectangle(1, 1, HelmholtzWave(k=3), edges=target)
        made = constraints(wave, [*nodes, *equation_nodes(wave)], 32, 8, points=kind, batch_per_epoch=2)["edges"]
    made.load_data()
    x, y = (made._input_vars[name].detach().numpy() for name in "xy")
    return made, made._target_vars["u"].numpy(), x / 3 + np.sin(np.pi * y)


@pytest.mark.parametrize("kind", ["fixed", "resampled", "host", "importance"])
def test_points_and_targets_have_all_digits(kind):
    with precision("float64"):
        made, target, exact = loaded(kind)
        assert {str(v.dtype) for v in [*made._input_vars.values(), *made._lambda_weighting.values()]} == {
            "torch.float64"
        }
        np.testing.assert_allclose(target, exact, rtol=0, atol=1e-15)
        # Not drawn in float32 and widened.
        points = np.concatenate([made._input_vars[name].detach().numpy() for name in "xy"])
        assert (points != points.astype(np.float32)).mean() > 0.4
    made, target, exact = loaded(kind)
    assert target.dtype == np.float32


# ----- the results of a plate


def test_the_network_of_a_run_is_read_as_it_was_trained(tmp_path):
    plate = RectangularPlate(1.1, 0.7, KirchhoffPlate(D=2.0, nu=0.3, p=0.5), edges="clamped")
    arch = OmegaConf.create({"arch_type": "fully_connected", "layer_size": 6, "nr_layers": 2})
    (tmp_path / ".hydra").mkdir()
    OmegaConf.save({"arch": {"fully_connected": arch}}, tmp_path / ".hydra" / "config.yaml")
    deflections = {}
    for name in ("float64", "float32"):
        with precision(name):
            network = plate_network(plate, arch)
        if deflections:
            network.load_state_dict(torch.load(tmp_path / "plate_network.0.pth"))
        torch.save(network.state_dict(), tmp_path / "plate_network.0.pth")
        deflections[name] = [plate_results(plate, trained).at(x=0.3, y=0.2)["w"] for trained in (network, tmp_path)]
    assert deflections["float64"][0] == deflections["float64"][1] != deflections["float32"][0]


# ----- trainings

CONFIG = """
    defaults:
      - modulus_default
      - scheduler: tf_exponential_lr
      - optimizer: natural_gradient
      - loss: relobralo
      - _self_
    cuda_graphs: false
    save_filetypes: np
    training:
      max_steps: 6
      rec_constraint_freq: 1000
      rec_validation_freq: 6
      rec_monitor_freq: 6
      save_network_freq: 3
      print_stats_freq: 6
      summary_freq: 6
    custom:
      neurons: 8
      points: fixed
      hosts_solver: false
    hydra:
      run:
        dir: outputs
"""
ADAM = ("optimizer=adam", "optimizer._target_=modulus_relobralo.optimizers.Adam")
# The host takes the step of the checkpoint once more, under its number: steps 0 to 3, and 3 to 5, are seven.
HALF, REST = "training.max_steps=3", "training.max_steps=5"
LONG = ("loss=sum", "training.max_steps=15", "custom.neurons=1")
# By name: whose `main` it has, what its network is converted to, its overrides. What ends in 1 and 2 shares a folder.
TRAININGS = {
    "whole": ("ours", "", FLOAT64),
    "halves 1": ("ours", "", FLOAT64, HALF),
    "halves 2": ("ours", "", FLOAT64, REST),
    "whole by adam": ("ours", "", FLOAT64, *ADAM),
    "halves by adam 1": ("ours", "", FLOAT64, *ADAM, HALF),
    "halves by adam 2": ("ours", "", FLOAT64, *ADAM, REST),
    "gradients": ("ours", "", FLOAT64, *ADAM, "loss=relobralo_grad", "custom.points=resampled"),
    "not asked for": ("host", ""),
    "up 1": ("ours", "", HALF),
    "up 2": ("ours", "", FLOAT64),
    "down 1": ("ours", "", FLOAT64, HALF),
    "down 2": ("ours", "", "+custom.precision=float32"),
    "long": ("ours", "", FLOAT64, *LONG),
    "long in float32": ("ours", "", *LONG),
    "main": ("host", "", FLOAT64, "loss=sum", *ADAM),
    "main, solver and optimizer": ("host", "", FLOAT64, "loss=sum", "custom.hosts_solver=true"),
    "main, solver and loss": ("host", "", FLOAT64, *ADAM, "custom.hosts_solver=true"),
    "converted": ("ours", "float32", FLOAT64, "loss=sum", *ADAM),
    "another word": ("ours", "", "+custom.precision=double"),
}
MAIN = "`custom.precision: float64` is read by `main` of modulus_relobralo.hosts.sym. Found a program with another one"
REFUSED = {
    "main": MAIN,
    "main, solver and optimizer": MAIN,
    "main, solver and loss": MAIN,
    "converted": "Found network `network` of float32, and points of float64.",
    "another word": "`custom.precision` must be one of float32, float64. Found `double`.",
}


class Trained:
    """What a training left."""

    def __init__(self, folder, status, output):
        self.folder, self.status, self.output = folder, status, output

    def dtypes(self):
        """Return what the training was made of last, by kind."""
        return found(self.output)[-1]

    def network(self):
        return torch.load(self.folder / "outputs" / "network.0.pth")

    def rest(self):
        return torch.load(self.folder / "outputs" / "optim_checkpoint.0.pth")

    def error(self):
        """Return the relative L2 error at the validator's points."""
        with np.load(self.folder / "outputs" / "validators" / "exact.npz", allow_pickle=True) as file:
            predicted = file["arr_0"].item()["pred_u"].astype(np.float64).ravel()
        exact = np.tanh(2 * np.linspace(0, 1, 101) - 0.5)
        return np.linalg.norm(predicted - exact) / np.linalg.norm(exact)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return all trainings by name."""
    base = tmp_path_factory.mktemp("trainings")
    write_files(base, config_DOT_yaml=CONFIG)
    made = {}
    for name, (whose, converted, *overrides) in TRAININGS.items():
        folder = base / name.removesuffix(" 1").removesuffix(" 2")
        folder.mkdir(exist_ok=True)
        arguments = [whose, converted, f"--config-dir={base}", *overrides]
        made[name] = Trained(folder, *begin_script(PROGRAM, arguments, folder)())
    return made


@pytest.mark.parametrize("name", TRAININGS)
def test_a_training_ends_or_is_refused_by_name(trained, name):
    run = trained[name]
    assert (run.status != "0") == (name in REFUSED), run.output
    assert REFUSED.get(name, "") in " ".join(run.output.split())
    assert name not in REFUSED or "natural gradients: 1 steps" not in run.output


@pytest.mark.parametrize("name", ["whole", "halves 2", "whole by adam", "gradients", "up 2", "long"])
def test_everything_is_of_float64(trained, name):
    kinds = {kind: each for kind, each in trained[name].dtypes().items() if each}
    assert len(kinds) >= (9 if name == "long" else 10)
    assert set(map(tuple, kinds.values())) == {("torch.float64",)}
    assert {tensor.dtype for tensor in trained[name].network().values()} == {torch.float64}


@pytest.mark.parametrize("name", ["not asked for", "down 2", "long in float32"])
def test_and_elsewhere_of_float32(trained, name):
    kinds = {kind: each for kind, each in trained[name].dtypes().items() if each}
    # The balancing keeps the losses of a checkpoint with all their digits until it has losses of its own.
    assert set(map(tuple, kinds.values())) == {("torch.float32",)}


@pytest.mark.parametrize("names", [("whole", "halves 2"), ("whole by adam", "halves by adam 2")])
def test_a_resumed_run_is_the_uninterrupted_one_to_the_last_digit(trained, names):
    whole, halves = (trained[name] for name in names)
    torch.testing.assert_close(halves.network(), whole.network(), rtol=0, atol=0)
    one, other = (run.rest() for run in (halves, whole))
    for state in ("aggregator_state_dict", "optimizer_state_dict"):
        kept = (rest[state].get("state", rest[state]) for rest in (one, other))
        torch.testing.assert_close(*kept, rtol=0, atol=0)
    # It has trained on, and not in float32.
    assert any((value != value.float()).any() for value in whole.network().values())


@pytest.mark.parametrize(("name", "line"), [("up 2", ("float32", "float64")), ("down 2", ("float64", "float32"))])
def test_a_checkpoint_of_another_precision_goes_on_and_the_log_says_so(trained, name, line):
    output = trained[name].output
    for owner in ("NaturalGradient", "the balancing"):
        assert f"The checkpoint of {owner} is of torch.{line[0]}, the network of torch.{line[1]}." in output
    assert "[step:          3] restored" in output or "attempting to restore" in output


def test_the_error_goes_below_what_float32_can_reach(trained):
    assert trained["long"].error() < 1e-14
    assert trained["long in float32"].error() > 1e-8
