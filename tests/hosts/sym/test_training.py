"""Short trainings through the host's Solver, killed and resumed."""

import json
import math
import re
import shutil
from pathlib import Path

import pytest
from programs import HOST, ROOT, found, on_host, run_script, write_files

from modulus_relobralo.report import read_run

pytestmark = pytest.mark.host

CONFIG = """
    defaults:
      - modulus_default
      - arch:
          - fully_connected
      - scheduler: tf_exponential_lr
      - optimizer: adam
      - loss: relobralo
      - _self_
    hydra:
      run:
        dir: outputs
    cuda_graphs: false
    jit: false
    save_filetypes: np
    arch:
      fully_connected:
        layer_size: 16
        nr_layers: 2
    training:
      max_steps: 30
      save_network_freq: 10
      rec_monitor_freq: 1
      rec_constraint_freq: 1000
      print_stats_freq: 10
      summary_freq: 10
    custom:
      kill_at: -1
      loss: pointwise
      seed: 0
      hidden: ""
      geometry: ours
"""
PROGRAM = Path(__file__).with_name("train_wave.py")
# A run of the version before, at step 10.
STORED = ROOT / "tests" / "data" / "checkpoint-0.1.0"
# An alpha that lets the weights move within few steps, and lookbacks: a resumed run must have their draws.
LIVELY = ("loss.alpha=0.9", "loss.rho=0.5")
THEIRS = ("loss=relobralo_builtin", "jit=true")
SUM = ("loss=sum", "training.max_steps=10")
BFLOAT16 = ("amp.enabled=true", "amp.dtype=bfloat16")
# A few steps of a resumed run, at other points than it would draw.
SOON = ("training.max_steps=14", "custom.seed=7")
# Of L-BFGS: to see that it works.
SHORT = ("optimizer.max_iter=20",)


@pytest.fixture(scope="module")
def train(wheel_python, tmp_path_factory):
    """Return a function that trains in a folder, and returns what was printed and the state after each step."""
    program = tmp_path_factory.mktemp("program")
    write_files(program, conf__config_DOT_yaml=CONFIG, program_DOT_py=PROGRAM.read_text())

    def train(folder, *overrides, succeeds=True):
        output = run_script(program / "program.py", overrides, folder, succeeds, python=wheel_python)
        return output, found(output)

    return train


@pytest.fixture(scope="module")
def unbroken(train, tmp_path_factory):
    return train(tmp_path_factory.mktemp("unbroken"), *LIVELY)


@pytest.fixture(scope="module")
def begun(train, tmp_path_factory):
    """Return a function that copies a run that was begun with the overrides into a folder."""
    runs = {}

    def begun(folder, *overrides, succeeds=True):
        if overrides not in runs:
            runs[overrides] = tmp_path_factory.mktemp("begun")
            _, steps = train(runs[overrides], *overrides, succeeds=succeeds)
            assert [state["step"] for state in steps] == list(range(11 if succeeds else 16))
        shutil.copytree(runs[overrides], folder, dirs_exist_ok=True)

    return begun


@pytest.fixture
def resume(train, begun, tmp_path):
    """Return a function that goes on, with further overrides, where a run was killed: at step 15, saved at step 10."""

    def resume(begin, *overrides):
        begun(tmp_path, *begin, "custom.kill_at=15", succeeds=False)
        output, steps = train(tmp_path, *begin, *overrides)
        assert "Success loading optimizer" in output
        assert "without its state" not in output
        return output, steps

    return resume


def without_steps(states):
    return [{name: value for name, value in state.items() if name != "step"} for state in states]


def rows(folder):
    header, *rows = (folder / "outputs" / "monitors" / "weights.csv").read_text().splitlines()
    assert header == "step,helmholtz,u"
    return [[float(value) for value in row.split(",")] for row in rows]


def test_training_balances(unbroken):
    _, steps = unbroken
    assert [state["step"] for state in steps] == list(range(31))
    assert steps[0]["lmbda_ema"] == [1.0, 1.0]
    assert steps[0]["init_losses"] == steps[0]["prev_losses"]
    assert all(sum(state["lmbda_ema"]) == pytest.approx(2.0, rel=1e-5) for state in steps)
    assert all(state["init_losses"] == steps[0]["init_losses"] for state in steps)
    assert max(abs(state["lmbda_ema"][0] - 1.0) for state in steps) > 0.1


def test_training_under_jit_gives_the_same_numbers(train, unbroken, tmp_path):
    output, steps = train(tmp_path, *LIVELY, "jit=true", "training.max_steps=10")
    assert "TorchScript" in output
    for scripted, plain in zip(steps, unbroken[1][:11], strict=True):
        assert scripted["lmbda_ema"] == pytest.approx(plain["lmbda_ema"], rel=1e-3)


def test_resumed_training_is_the_unbroken_one_bit_for_bit(resume, unbroken, tmp_path):
    _, steps = resume(LIVELY, "training.max_steps=29", "custom.seed=7")
    # The host repeats the label of the step at which it saved.
    assert [state["step"] for state in steps] == list(range(10, 30))
    assert without_steps(steps) == without_steps(unbroken[1][11:])
    # One file over both parts: without what the killed one wrote beyond its checkpoint.
    assert [row[0] for row in rows(tmp_path)] == list(range(30))
    weights = [state["lmbda_ema"] for state in [*unbroken[1][:10], *unbroken[1][11:]]]
    assert [row[1:] for row in rows(tmp_path)] == [pytest.approx(row, rel=1e-8) for row in weights]


def test_a_checkpoint_of_version_0_1_0_resumes(train, tmp_path):
    """The stored states are of the resumed run under the version that wrote the checkpoint, at the points it drew."""
    if HOST != "modulus.sym":
        pytest.skip("the checkpoint was written by Modulus Sym")
    shutil.copytree(STORED, tmp_path / "outputs", ignore=shutil.ignore_patterns("*.jsonl"))
    output, steps = train(tmp_path, *LIVELY, "scheduler.decay_steps=100", "custom.geometry=host")
    assert "Success loading optimizer" in output
    assert "Success loading model" in output
    states = [json.loads(line) for line in (STORED / "states.jsonl").read_text().splitlines()]
    assert [state["step"] for state in steps] == [state["step"] for state in states] == list(range(10, 31))
    for state, expected in zip(steps, states, strict=True):
        for name in ("init_losses", "prev_losses", "lmbda_ema"):
            assert state[name] == pytest.approx(expected[name], rel=1e-3), (state["step"], name)


def test_resumed_under_jit(resume, unbroken):
    _, steps = resume(LIVELY, "jit=true", "training.max_steps=14")
    assert steps[0]["step"] == 10
    for state, expected in zip(steps, unbroken[1][11:16], strict=True):
        assert state["lmbda_ema"] == pytest.approx(expected["lmbda_ema"], rel=1e-3)


def ratios(state):
    """Return each loss term as a part of its first value."""
    return [now / first for now, first in zip(state["prev_losses"], state["init_losses"], strict=True)]


def test_units_that_change_on_resume_are_no_progress(resume, unbroken):
    """Static weights, and the number of micro-batches by which the host divides, multiply the first losses too."""
    changed = ("training.grad_agg_freq=2", "loss.weights={u: 10}")
    output, (state,) = resume(LIVELY, *changed, "training.max_steps=10", "jit=true")
    assert "Static weights or micro-batches changed: the saved losses are multiplied, " in output
    (helmholtz, u), expected = unbroken[1][0]["init_losses"], unbroken[1][11]
    assert state["init_losses"] == pytest.approx([0.5 * helmholtz, 5 * u], rel=1e-5)
    # The network, and so the progress and the weights of this step, are those of the run without the change.
    assert ratios(state) == pytest.approx(ratios(expected), rel=1e-3)
    assert state["lmbda_ema"] == pytest.approx(expected["lmbda_ema"], rel=1e-3)


def test_gradient_balancing_takes_the_units_of_now_too(resume, gradients):
    options = ("training.grad_agg_freq=2", "loss.weights={u: 100}", "training.max_steps=10")
    _, (state,) = resume(GRADIENTS, *options)
    before = gradients[1][11]
    assert state["init_losses"] == pytest.approx([loss / 2 for loss in before["init_losses"]], rel=1e-5)
    # The gradients are looked at in the first step: the norms are those of the terms as they are now.
    shift = [new - old for new, old in zip(state["log_norms"], gradients[1][12]["log_norms"], strict=True)]
    assert shift == pytest.approx([math.log(0.5), math.log(50)], abs=0.1)


def test_our_checkpoint_resumes_under_the_hosts_own(train, begun, unbroken, tmp_path):
    begun(tmp_path, *LIVELY, "custom.kill_at=15", succeeds=False)
    output, steps = train(tmp_path, *THEIRS, "training.max_steps=12")
    assert "Success loading optimizer" in output
    assert [state["step"] for state in steps] == [10, 11, 12]
    assert steps[0]["init_losses"] == unbroken[1][0]["init_losses"]


def test_a_checkpoint_of_the_hosts_own_resumes_under_ours(train, tmp_path):
    _, theirs = train(tmp_path, *THEIRS, "training.max_steps=10")
    output, ours = train(tmp_path, "loss.alpha=0.9", "jit=true", "training.max_steps=12")
    assert "Success loading optimizer" in output
    assert [state["step"] for state in ours] == [10, 11, 12]
    assert ours[0]["init_losses"] == theirs[-1]["init_losses"]
    # Not a first call (weights 1) nor a second one: 90 % of the weights are remembered.
    step = [new - 0.9 * old for new, old in zip(ours[0]["lmbda_ema"], theirs[-1]["lmbda_ema"], strict=True)]
    assert sum(step) == pytest.approx(0.2, abs=1e-4)
    assert min(step) >= -1e-6


def test_a_checkpoint_of_another_aggregator_stops_the_training(train, tmp_path):
    train(tmp_path, "loss=soft_adapt", "training.max_steps=10")
    output, steps = train(tmp_path, "training.max_steps=12", succeeds=False)
    assert steps == []
    assert output.count("The checkpoint's aggregator state does not fit ReLoBRaLo") >= 2
    assert "Remove the checkpoint to start anew" in output


def test_a_checkpoint_without_balancing_starts_it_and_says_so(train, begun, tmp_path):
    begun(tmp_path, *SUM)
    output, steps = train(tmp_path, "training.max_steps=12")
    assert "has no state: ReLoBRaLo starts anew" in output
    assert [state["step"] for state in steps] == [10, 11, 12]
    assert steps[0]["lmbda_ema"] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("loss.temperature=-1", "ValueError: Parameter `temperature` must be in (0, inf). Found `temperature = -1.0`."),
        (
            "loss.weights=3",
            "TypeError: Parameter `weights` must map names of loss terms to numbers. Found `weights = 3`.",
        ),
    ],
)
def test_a_value_out_of_range_is_the_last_thing_that_the_program_says(train, override, message, tmp_path):
    output, steps = train(tmp_path, override, "jit=true", succeeds=False)
    assert steps == []
    *_, error, _, hydra = output.rstrip().splitlines()
    assert error == message
    assert "HYDRA_FULL_ERROR" in hydra


def test_a_negative_loss_is_named_by_the_program(train, tmp_path):
    output, steps = train(tmp_path, "custom.loss=negative", "jit=true", succeeds=False)
    assert steps == []
    assert re.search(r"Loss terms must not be negative.* Found `helmholtz` = -\d", output)


def test_the_log_says_what_is_at_work(unbroken):
    output, _ = unbroken
    (line,) = re.findall("ReLoBRaLo of modulus_relobralo .*", output)
    assert line.endswith("alpha=0.9, temperature=0.1, rho=0.5, eps=1e-12; terms: helmholtz, u")


def test_gradient_accumulation_moves_the_weights_once_per_step(train, tmp_path):
    # Without lookbacks: where the step is a tensor, as in PhysicsNeMo Sym, every micro-batch draws, one counts.
    overrides = ("loss.alpha=0.9", "loss.rho=1", "training.max_steps=5")
    runs = [tmp_path / "whole", tmp_path / "in two"]
    for folder in runs:
        folder.mkdir()
    _, whole = train(runs[0], *overrides)
    _, steps = train(runs[1], *overrides, "training.grad_agg_freq=2")
    # The last ones may be back where they began.
    assert max(abs(weight - 1.0) for state in whole for weight in state["lmbda_ema"]) > 0.01
    # Each micro-batch's losses are halved by the host: ratios and so weights stay, as long as a step is one move.
    for state, expected in zip(steps, whole, strict=True):
        assert [2 * loss for loss in state["prev_losses"]] == pytest.approx(expected["prev_losses"], rel=1e-3)
        assert state["lmbda_ema"] == pytest.approx(expected["lmbda_ema"], rel=1e-3)


def test_lbfgs_minimises_one_objective(train, tmp_path):
    output, steps = train(tmp_path, "optimizer=bfgs", *SHORT, "jit=true")
    assert re.search("lbfgs optimization completed after [1-9]", output)
    (state,) = steps
    assert state["lmbda_ema"] == [1.0, 1.0]


def test_one_optimizer_after_another_in_one_folder(train, tmp_path):
    """Network, step and weights are kept; the state of an optimizer is kept for its own kind only."""
    _, before = train(tmp_path, *LIVELY, "training.max_steps=20")
    assert sum(before[-1]["prev_losses"]) < 0.98 * sum(before[0]["prev_losses"])
    new = before[0]["prev_losses"]
    for options, last, said in (
        (("optimizer=lbfgs", *SHORT, "optimizer.lr=3e-3"), 20, "of Adam or AdamW: LBFGS starts without its state"),
        (("optimizer=lbfgs", *SHORT), 20, None),
        # The host's option with our class.
        (("optimizer._target_=modulus_relobralo.optimizers.Adam",), 30, "of LBFGS: Adam starts without its state"),
        (("optimizer=soap", "optimizer.lr=1e-3"), 40, "of Adam: SOAP starts without its state"),
        (("optimizer=natural_gradient",), 50, "of SOAP: NaturalGradient starts without its state"),
        (("optimizer=soap",), 60, "of NaturalGradient: SOAP starts without its state"),
    ):
        output, steps = train(tmp_path, *LIVELY, *options, f"training.max_steps={last}")
        assert "Success loading optimizer" in output
        assert (said or "") in output
        assert ("without its state" in output) == (said is not None)
        assert ("lr=0.003, meant for another optimizer, is not used" in output) == ("optimizer.lr=3e-3" in options)
        if "optimizer=lbfgs" in options:
            assert re.search("lbfgs optimization completed after [1-9]", output)
        assert [state["step"] for state in steps] == list(range(before[-1]["step"], last + 1))
        assert steps[0]["init_losses"] == before[-1]["init_losses"]
        # The network of the one before, too: its last losses, or those that L-BFGS left of a weighted sum.
        if "of LBFGS" in (said or ""):
            for others in (new, before[-1]["prev_losses"]):
                assert steps[0]["prev_losses"] != pytest.approx(others, rel=0.1)
        else:
            assert sum(steps[0]["prev_losses"]) < 1.02 * sum(before[-1]["prev_losses"])
        before = steps
    assert max(before[0]["lmbda_ema"]) > 1.001


def test_the_hosts_own_adam_after_another_stops(train, tmp_path):
    """What the documents say of it; a host that mends this needs another sentence."""
    train(tmp_path, "optimizer=lbfgs", *SHORT, "training.max_steps=10")
    output, steps = train(tmp_path, "training.max_steps=12", succeeds=False)
    assert steps == []
    assert "KeyError: 'betas'" in output


def test_amp_balances_as_full_precision_does(train, unbroken, tmp_path):
    # On a CPU the host casts to bfloat16, with about 3 digits.
    _, steps = train(tmp_path, *LIVELY, "training.max_steps=10", *BFLOAT16, "jit=true")
    assert steps[0]["lmbda_ema"] == [1.0, 1.0]
    for state, expected in zip(steps, unbroken[1][:11], strict=True):
        assert state["lmbda_ema"] == pytest.approx(expected["lmbda_ema"], rel=0.15)
    assert steps[-1]["lmbda_ema"] != unbroken[1][10]["lmbda_ema"]


def test_terms_that_the_host_does_not_count(train, tmp_path):
    """A custom loss makes four terms of two; the host counts two and tells the aggregator so."""
    output, steps = train(tmp_path, *LIVELY, "training.max_steps=10", "custom.loss=halves", "jit=true")
    header = (tmp_path / "outputs" / "monitors" / "weights.csv").read_text().splitlines()[0]
    assert header == "step,helmholtz_a,helmholtz_b,u_a,u_b"
    weights = steps[-1]["lmbda_ema"]
    assert len(weights) == 4
    assert sum(weights) == pytest.approx(4)
    assert weights[0] == pytest.approx(weights[1])
    assert abs(weights[0] - weights[2]) > 1e-3
    # And a checkpoint of them is one to go on from.
    output, more = train(tmp_path, *LIVELY, "training.max_steps=12", "custom.loss=halves", "jit=true")
    assert "Success loading optimizer" in output
    assert [state["step"] for state in more] == [10, 11, 12]


@pytest.fixture(scope="module")
def soap(train, tmp_path_factory):
    return train(tmp_path_factory.mktemp("soap"), *LIVELY, "optimizer=soap")


def test_soap_takes_the_trainers_steps_and_not_those_of_adam(soap, unbroken):
    _, steps = soap
    assert [state["step"] for state in steps] == list(range(31))
    assert steps[0] == unbroken[1][0]
    # SOAP's first step moves nothing: at the second the losses are those of the first, of the same points.
    assert steps[1]["prev_losses"] == steps[0]["prev_losses"]
    losses = [sum(state["prev_losses"]) for state in (steps[-1], unbroken[1][-1], steps[0])]
    assert losses[0] < 0.99 * losses[1] < losses[2]


def test_resumed_soap_is_the_unbroken_one_bit_for_bit(resume, soap):
    _, steps = resume((*LIVELY, "optimizer=soap"), *SOON)
    assert without_steps(steps) == without_steps(soap[1][11:16])


def test_soap_in_bfloat16_is_near_that_in_full_precision(train, soap, tmp_path):
    # The eigenvectors of small gradients are those of their rounding: the smaller loss differs by 6 % in these steps.
    _, steps = train(tmp_path, *LIVELY, "optimizer=soap", "training.max_steps=10", *BFLOAT16)
    for state, expected in zip(steps, soap[1][:11], strict=True):
        assert state["prev_losses"] == pytest.approx(expected["prev_losses"], rel=0.1)
    assert steps[-1]["prev_losses"] != soap[1][10]["prev_losses"]


def test_soap_says_what_it_needs_before_the_first_step(train, tmp_path):
    output, steps = train(tmp_path, "optimizer=soap", "custom.hidden=pytorch_optimizer", succeeds=False)
    assert steps == []
    assert "SOAP (`optimizer: soap`) needs the library pytorch-optimizer" in output


@pytest.fixture(scope="module")
def natural_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("natural")


@pytest.fixture(scope="module")
def natural(train, natural_folder):
    return train(natural_folder, *LIVELY, "optimizer=natural_gradient")


def test_natural_gradients_take_a_step_of_the_optimizer_in_each_of_the_solver(natural, natural_folder, unbroken):
    output, steps = natural
    assert [state["step"] for state in steps] == list(range(31))
    assert steps[0]["init_losses"] == pytest.approx(unbroken[1][0]["init_losses"], rel=1e-6)
    # Adam, in as many steps, is nowhere near.
    first, last, adam = (sum(state["prev_losses"]) for state in (steps[0], steps[-1], unbroken[1][-1]))
    assert last < 1e-3 * first
    assert last < 1e-2 * adam
    said = r"step: +30\] natural gradients: \d+ steps accepted, \d+ tries refused, damping \S+, 0% of the points where"
    assert re.search(said, output)
    recorded = read_run(natural_folder / "outputs").natural_gradients
    assert {name: series.index.tolist() for name, series in recorded.items()} == {
        name: [0, 10, 20, 30] for name in ("rows", "parameters", "primal", "damping", "accepted", "refused", "adaptive")
    }
    assert [recorded[name].iloc[-1] for name in ("rows", "parameters", "primal")] == [32, 369, 0]


def test_natural_gradients_are_the_same_under_jit(train, natural, tmp_path):
    _, steps = train(tmp_path, *LIVELY, "optimizer=natural_gradient", "jit=true", "training.max_steps=6")
    for state, expected in zip(steps, natural[1], strict=False):
        assert state["prev_losses"] == pytest.approx(expected["prev_losses"], rel=1e-2)


def test_resumed_natural_gradients_are_the_unbroken_ones_bit_for_bit(resume, natural):
    _, steps = resume((*LIVELY, "optimizer=natural_gradient"), *SOON)
    assert without_steps(steps) == without_steps(natural[1][11:16])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("amp.enabled=true", "needs `amp.enabled: false`. Found `True`"),
        ("training.ntk.use_ntk=true", "needs `training.ntk.use_ntk: false`. Found `True`"),
        (
            "loss=homoscedastic",
            on_host("needs a `loss` without parameters of its own. Found `modulus.sym.loss"),
        ),
        (
            "custom.loss=halves",
            "takes constraints with `PointwiseLossNorm` of order 2 or `MeanSquareLoss`. Found `interior` with Halves",
        ),
        ("optimizer.momentum=1", "Parameter `momentum` must be in [0, 1)"),
    ],
)
def test_natural_gradients_refuse_what_would_not_be_theirs(train, tmp_path, override, message):
    output, steps = train(tmp_path, "optimizer=natural_gradient", override, succeeds=False)
    assert steps == []
    assert message in output


# Some looks at the gradients within few steps.
GRADIENTS = ("loss=relobralo_grad", "loss.every=4", "loss.bound=1000")


@pytest.fixture(scope="module")
def gradients(train, tmp_path_factory):
    return train(tmp_path_factory.mktemp("gradients"), *GRADIENTS)


def test_gradient_balancing_pulls_equally_at_first_and_moves_every_step(gradients):
    output, steps = gradients
    assert re.search(
        r"ReLoBRaLoGrad of .*: equations=\['helmholtz'\], every=4, bound=1000.0; terms: helmholtz, u",
        output,
    )
    assert [state["moves"] for state in steps] == list(range(1, 32))
    weights, norms = steps[0]["lmbda_ema"], [math.exp(norm) for norm in steps[0]["log_norms"]]
    assert weights[0] * norms[0] == pytest.approx(weights[1] * norms[1], rel=1e-3)
    assert all(sum(state["lmbda_ema"]) == pytest.approx(2.0, rel=1e-5) for state in steps)
    assert [steps[i]["log_norms"] == steps[i + 1]["log_norms"] for i in range(8)] == [True] * 3 + [False] + [
        True
    ] * 3 + [False]


@pytest.mark.parametrize("jit", ["true", "false"])
def test_resumed_gradient_balancing_is_the_unbroken_one(resume, gradients, jit):
    _, steps = resume(GRADIENTS, *SOON, f"jit={jit}")
    expected = without_steps(gradients[1][11:16])
    if jit == "false":
        assert without_steps(steps) == expected
    for state, other in zip(steps, expected, strict=True):
        assert state["lmbda_ema"] == pytest.approx(other["lmbda_ema"], rel=1e-3)


@pytest.mark.parametrize(
    "changed",
    [("training.grad_agg_freq=2",), BFLOAT16],
    ids=["accumulation", "bfloat16"],
)
def test_gradient_balancing_is_near_that_of_whole_batches_in_full_precision(train, gradients, changed, tmp_path):
    _, steps = train(tmp_path, *GRADIENTS, "training.max_steps=8", *changed)
    assert [state["moves"] for state in steps] == list(range(1, 10))
    for state, expected in zip(steps, gradients[1], strict=False):
        assert state["lmbda_ema"] == pytest.approx(expected["lmbda_ema"], rel=0.1)


@pytest.mark.parametrize("optimizer", [("soap",), ("lbfgs", *SHORT)], ids=lambda it: it[0])
def test_gradient_balancing_with_other_optimizers(train, gradients, optimizer, tmp_path):
    name, *options = optimizer
    _, steps = train(tmp_path, *GRADIENTS, "training.max_steps=6", f"optimizer={name}", *options)
    assert [state["moves"] for state in steps] == list(range(1, 8 if name != "lbfgs" else 2))
    assert steps[0]["lmbda_ema"] == pytest.approx(gradients[1][0]["lmbda_ema"], rel=1e-3)


@pytest.fixture(scope="module")
def by_traces(train, tmp_path_factory):
    """What raises the walls, whose values move less with the parameters than the equation's second derivatives."""
    folder = tmp_path_factory.mktemp("traces")
    return train(folder, "loss=relobralo_grad", "optimizer=natural_gradient", "training.max_steps=20")


def test_gradient_balancing_weighs_by_traces_under_natural_gradients(by_traces):
    _, steps = by_traces
    weights = [dict(zip(("helmholtz", "u"), state["lmbda_ema"], strict=True)) for state in steps]
    assert all(found["u"] > 1.5 and sum(found.values()) == pytest.approx(2, rel=1e-6) for found in weights)
    assert weights[0] == weights[19] != weights[20]
    # No gradients are looked at.
    assert all(math.isnan(norm) for norm in steps[-1]["log_norms"])


def test_natural_gradients_with_traces_are_the_same_under_jit(train, by_traces, tmp_path):
    options = ("loss=relobralo_grad", "optimizer=natural_gradient", "jit=true", "training.max_steps=3")
    _, steps = train(tmp_path, *options)
    for state, expected in zip(steps, by_traces[1], strict=False):
        assert state["lmbda_ema"] == pytest.approx(expected["lmbda_ema"], rel=1e-2)


def test_resumed_natural_gradients_with_traces_are_the_unbroken_ones(resume, by_traces):
    _, steps = resume(("loss=relobralo_grad", "optimizer=natural_gradient"), *SOON)
    assert [state["step"] for state in steps] == list(range(10, 15))
    assert [state["lmbda_ema"] for state in steps] == [state["lmbda_ema"] for state in by_traces[1][11:16]]


def test_gradient_balancing_after_another_scheme(train, begun, tmp_path):
    begun(tmp_path, *SUM)
    output, steps = train(tmp_path, *GRADIENTS, "training.max_steps=20")
    assert "The checkpoint's aggregator has no state: ReLoBRaLoGrad starts anew" in output
    assert [state["moves"] for state in steps] == list(range(1, 12))
    output, steps = train(tmp_path, *LIVELY, succeeds=False)
    assert "The checkpoint's aggregator state does not fit ReLoBRaLo: " in output
    assert steps == []


def test_gradient_balancing_names_an_equation_that_does_not_exist(train, tmp_path):
    output, steps = train(tmp_path, "loss=relobralo_grad", "loss.equations=[laplace]", succeeds=False)
    assert "`equations` names unknown loss terms ['laplace']. The loss terms are ['helmholtz', 'u']" in output
    assert steps == []
