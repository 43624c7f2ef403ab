import json
from pathlib import Path

import numpy as np
import oracle
import pytest
import torch
from kinds import eager, scripted

from modulus_relobralo import ReLoBRaLo
from modulus_relobralo.balancing.relobralo import FIRST, LATER, SECOND, infer_phase
from modulus_relobralo.hosts.sym import host

NAMES = ["init_losses", "prev_losses", "lmbda_ema"]
OPTIONS = {"rho": 0.5, "alpha": 0.9}


def make(seed=0, terms=3, **options):
    torch.manual_seed(seed)
    return ReLoBRaLo([], terms, **{**OPTIONS, **options})


def drive(aggregator, losses, first_step=0):
    history = []
    for step, row in enumerate(losses, start=first_step):
        aggregator({f"term_{i}": torch.tensor(float(v)) for i, v in enumerate(row)}, step)
        history.append(aggregator.lmbda_ema.clone())
    return torch.stack(history)


def through_file(state_dict, path):
    torch.save({"aggregator_state_dict": state_dict}, path / "checkpoint.pth")
    return torch.load(path / "checkpoint.pth", weights_only=True)["aggregator_state_dict"]


def buffers(first=(1.0, 2.0, 3.0), previous=(0.5, 2.0, 3.0), weights=(0.2, 1.4, 1.4)):
    return {name: torch.tensor(value) for name, value in zip(NAMES, (first, previous, weights), strict=True)}


class Upstream(torch.nn.Module):
    """The host's own, called as its trainer does: by PhysicsNeMo Sym with a tensor for a step."""

    def __init__(self, kind, **options):
        super().__init__()
        self.own = kind(host.load("loss.aggregator").Relobralo([torch.zeros(1)], 3, **options))
        self.as_step = {"modulus.sym": int, "physicsnemo.sym": torch.tensor}[host.name()]

    def forward(self, losses, step):
        return self.own(losses, self.as_step(step))

    @property
    def lmbda_ema(self):
        return self.own.lmbda_ema


kinds = pytest.mark.parametrize("kind", [eager, scripted])

# ----- round trips


@kinds
@pytest.mark.parametrize("calls", [0, 3])
def test_a_checkpoint_holds_what_the_hosts_own_holds(kind, calls):
    aggregator = kind(make())
    if calls:
        drive(aggregator, oracle.random_losses(calls, 3))
    assert list(aggregator.state_dict()) == NAMES
    assert all(buffer.shape == (3,) for buffer in aggregator.state_dict().values())


@pytest.mark.parametrize("writer", [eager, scripted])
@pytest.mark.parametrize("reader", [eager, scripted])
@pytest.mark.parametrize("calls", [0, 1, 2, 20])
def test_a_restart_goes_on_bit_for_bit(writer, reader, calls, tmp_path):
    losses = oracle.random_losses(60, 3)
    unbroken = drive(make(), losses)
    first = writer(make())
    if calls:
        drive(first, losses[:calls])
    # Another seed: the draws must come from the checkpoint.
    second = reader(make(seed=99))
    second.load_state_dict(through_file(first.state_dict(), tmp_path))
    # The host repeats the label of the step at which it saved.
    resumed = drive(second, losses[calls:], first_step=max(calls - 1, 0))
    assert torch.equal(resumed, unbroken[calls:])


def test_a_restart_with_other_draws_is_seen():
    """The control of the test above: without the metadata the draws start anew."""
    losses = oracle.random_losses(60, 3)
    first, second = make(), make(seed=99)
    drive(first, losses[:20])
    second.load_state_dict(dict(first.state_dict()))
    assert not torch.equal(drive(second, losses[20:]), drive(make(), losses)[20:])


def test_a_checkpoint_inside_a_larger_module_goes_on(tmp_path):
    losses = oracle.random_losses(40, 3)
    unbroken = drive(make(), losses)
    whole, other = torch.nn.ModuleDict({"loss": make()}), torch.nn.ModuleDict({"loss": make(seed=9)})
    drive(whole["loss"], losses[:20])
    assert list(whole.state_dict()) == [f"loss.{name}" for name in NAMES]
    other.load_state_dict(through_file(whole.state_dict(), tmp_path))
    assert torch.equal(drive(other["loss"], losses[20:]), unbroken[20:])


def test_a_used_aggregator_may_go_back_to_a_checkpoint():
    losses = oracle.random_losses(30, 3)
    aggregator = make()
    drive(aggregator, losses[:10])
    saved = {name: buffer.clone() for name, buffer in aggregator.state_dict().items()}
    state_dict = aggregator.state_dict()
    state_dict.update(saved)
    first = drive(aggregator, losses[10:], first_step=10)
    aggregator.load_state_dict(state_dict)
    assert torch.equal(drive(aggregator, losses[10:], first_step=10), first)


@kinds
@pytest.mark.parametrize("as_step", [int, torch.tensor], ids=["int", "tensor"])
def test_the_step_of_the_last_call_counts_anew_after_loading(kind, as_step):
    """The host repeats the step at which it saved, and that must not look like a closure of it."""
    aggregator, losses = kind(make(rho=1.0)), {"a": torch.tensor(1.0), "b": torch.tensor(2.0), "c": torch.tensor(3.0)}
    for step in range(3):
        aggregator(losses, as_step(step))
    aggregator.load_state_dict(aggregator.state_dict())
    aggregator({**losses, "a": torch.tensor(5.0)}, as_step(2))
    assert aggregator.prev_losses.tolist() == [5.0, 2.0, 3.0]


def test_loading_copies():
    state_dict = buffers()
    aggregator = make()
    aggregator.load_state_dict(state_dict)
    drive(aggregator, oracle.random_losses(3, 3))
    assert all(torch.equal(state_dict[name], value) for name, value in buffers().items())


@kinds
def test_float64_state_stays_float64(kind):
    first = make()
    losses = {f"term_{i}": torch.tensor(1 / (i + 3), dtype=torch.float64) for i in range(3)}
    first(losses)
    second = kind(make())
    second.load_state_dict(first.state_dict())
    second(losses, 1)
    assert second.init_losses.tolist() == [1 / 3, 1 / 4, 1 / 5]


@kinds
def test_what_began_with_zero_is_not_forgotten(kind, tmp_path):
    rows = oracle.random_losses(40, 3)
    rows[0, 1] = 0.0
    unbroken = drive(make(), rows)
    first, second = kind(make()), kind(make(seed=9))
    drive(first, rows[:20])
    second.load_state_dict(through_file(first.state_dict(), tmp_path))
    # It grows further than it had: only a term that began with zero takes that as its reference.
    rows[20:, 1] *= 100
    resumed = drive(second, rows[20:])
    assert torch.equal(resumed, drive(make(), rows)[20:])
    assert not torch.equal(resumed, unbroken[20:])
    assert float(second.init_losses[1]) == pytest.approx(rows[:, 1].max(), rel=1e-6)


# ----- checkpoints of the version before

STORED = Path(__file__).parents[1] / "data" / "checkpoint-0.1.0"


@kinds
def test_a_checkpoint_of_version_0_1_0_goes_on(kind):
    """Its run was resumed by the version that wrote it: the losses of its steps give the weights of its steps."""
    saved = torch.load(STORED / "optim_checkpoint.0.pth", weights_only=False)["aggregator_state_dict"]
    states = [json.loads(line) for line in (STORED / "states.jsonl").read_text().splitlines()]
    aggregator = kind(ReLoBRaLo([], 2, alpha=0.9, rho=0.5))
    aggregator.load_state_dict(saved)
    assert aggregator.init_losses.tolist() == states[0]["init_losses"]
    for state in states:
        losses = zip(("helmholtz", "u"), state["prev_losses"], strict=True)
        aggregator({name: torch.tensor(loss) for name, loss in losses}, state["step"])
        assert aggregator.lmbda_ema.tolist() == pytest.approx(state["lmbda_ema"], rel=1e-5)
    assert aggregator.init_losses.tolist() == states[-1]["init_losses"]


# ----- the host's own Relobralo


@pytest.mark.host
@pytest.mark.parametrize("writer", [eager, scripted])
@pytest.mark.parametrize("reader", [eager, scripted])
@pytest.mark.parametrize("calls", [0, 1, 2, 20])
def test_a_checkpoint_of_the_hosts_own_goes_on_under_ours(writer, reader, calls, tmp_path):
    """With rho = 1 nothing is drawn, and both must compute the same numbers from there on."""
    losses = oracle.random_losses(40, 3)
    theirs = Upstream(writer, alpha=0.9, beta=1.0, tau=0.1, eps=1e-12)
    if calls:
        drive(theirs, losses[:calls])
    ours = reader(make(rho=1.0))
    ours.load_state_dict(through_file(theirs.own.state_dict(), tmp_path))
    resumed = drive(ours, losses[calls:], first_step=calls)
    # The article's second call does not remember the weights of the first, upstream's does.
    expected = oracle.trajectory(losses, [True] * 40, alpha=0.9)
    if calls <= 1:
        np.testing.assert_allclose(resumed.numpy(), expected[calls:], rtol=1e-4, atol=1e-6)
    else:
        unbroken = drive(theirs, losses[calls:], first_step=calls)
        np.testing.assert_allclose(resumed.numpy(), unbroken.numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.host
@pytest.mark.parametrize("writer", [eager, scripted])
@pytest.mark.parametrize("reader", [eager, scripted])
def test_our_checkpoint_goes_on_under_the_hosts_own(writer, reader, tmp_path):
    losses = oracle.random_losses(40, 3)
    ours = writer(make(rho=1.0))
    drive(ours, losses[:20])
    theirs = Upstream(reader, alpha=0.9, beta=1.0, tau=0.1, eps=1e-12)
    theirs.own.load_state_dict(through_file(ours.state_dict(), tmp_path), strict=True)
    resumed = drive(theirs, losses[20:], first_step=20)
    unbroken = drive(ours, losses[20:], first_step=20)
    np.testing.assert_allclose(resumed.numpy(), unbroken.numpy(), rtol=1e-4, atol=1e-6)


# ----- foreign checkpoints


@pytest.mark.host
@kinds
@pytest.mark.parametrize("name", ["SoftAdapt", "LRAnnealing"])
def test_a_checkpoint_of_another_aggregator_stops_the_training(kind, name):
    foreign = getattr(host.load("loss.aggregator"), name)([torch.zeros(1)], 3).state_dict()
    assert foreign
    aggregator = kind(make())
    with pytest.raises(RuntimeError, match="Missing key"):
        aggregator.load_state_dict(foreign)
    with pytest.raises((ValueError, RuntimeError), match="does not fit ReLoBRaLo"):
        drive(aggregator, [[1.0, 2.0, 3.0]])


@kinds
def test_renamed_terms_are_named(kind):
    first, second = kind(make()), kind(make())
    losses = {"a": torch.tensor(1.0), "b": torch.tensor(2.0), "c": torch.tensor(3.0)}
    first(losses, 0)
    second.load_state_dict(first.state_dict())
    # Not lost by saving what was only loaded.
    third = kind(make())
    third.load_state_dict(second.state_dict())
    renamed = {"d" if name == "a" else name: loss for name, loss in losses.items()}
    with pytest.raises(
        (ValueError, RuntimeError), match=r"loss terms \['a', 'b', 'c'\], but there are 3: \['b', 'c', 'd'\]"
    ):
        third(renamed, 1)
    assert torch.isfinite(second(losses, 1))


@kinds
def test_another_number_of_terms_is_named(kind):
    aggregator = kind(make(terms=2))
    aggregator.load_state_dict(buffers())
    message = r"holds the balancing of 3 loss terms, but there are 2: \['term_0', 'term_1'\]"
    with pytest.raises((ValueError, RuntimeError), match=message):
        drive(aggregator, [[1.0, 2.0]])


# ----- the functions


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        (buffers((0.0,) * 3, (0.0,) * 3, (1.0,) * 3), FIRST),
        (buffers((1.0, 2.0, 3.0), (1.0, 2.0, 3.0), (1.0,) * 3), SECOND),
        (buffers((1.0, 2.0, 3.0), (1.0, 2.0, 3.0), (0.9, 1.0, 1.1)), LATER),
        (buffers((1.0, 2.0, 3.0), (1.0, 2.0, 2.9), (1.0,) * 3), LATER),
        (buffers((0.0, 0.0, 0.0), (1.0, 2.0, 2.9), (1.0,) * 3), LATER),
    ],
)
def test_phase_follows_from_the_buffers(state, phase):
    assert infer_phase(*state.values()) == phase
