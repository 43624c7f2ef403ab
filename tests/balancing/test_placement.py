"""The state is where the losses are, in their dtype, whatever the module is moved to."""

import numpy as np
import oracle
import pytest
import torch
from kinds import eager, scripted

from modulus_relobralo import ReLoBRaLo
from modulus_relobralo.balancing.base import follow

both = pytest.mark.parametrize("kind", [eager, scripted])
CONVERSIONS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


def make():
    torch.manual_seed(0)
    return ReLoBRaLo([], 3, rho=0.5)


def drive(aggregator, rows, dtype=torch.float32):
    history = []
    for row in rows:
        aggregator({f"term_{i}": torch.tensor(float(value), dtype=dtype) for i, value in enumerate(row)})
        history.append(aggregator.lmbda_ema.clone())
    return torch.stack(history)


@both
@pytest.mark.parametrize("conversion", CONVERSIONS)
@pytest.mark.parametrize("calls", [0, 1, 2, 10])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_conversion_changes_no_number(kind, conversion, calls, dtype):
    # Small ones: in half precision 0.1 times them, and eps, are 0.
    rows = oracle.random_losses(30, 3) * 1e-6
    aggregator = kind(make())
    if calls:
        drive(aggregator, rows[:calls], dtype)
    aggregator.to(conversion)
    assert torch.equal(drive(aggregator, rows[calls:], dtype), drive(make(), rows, dtype)[calls:])


@both
def test_a_conversion_of_a_larger_module_changes_no_number(kind):
    rows = oracle.random_losses(20, 3)
    whole = torch.nn.ModuleDict({"network": torch.nn.Linear(1, 1), "loss": kind(make())})
    drive(whole["loss"], rows[:10])
    whole.half()
    assert whole["network"].weight.dtype == torch.float16
    assert torch.equal(drive(whole["loss"], rows[10:]), drive(make(), rows)[10:])


@both
def test_to_another_device_takes_everything(kind):
    aggregator = kind(make())
    drive(aggregator, oracle.random_losses(3, 3))
    moved = aggregator.to("meta", torch.float16)
    assert {buffer.device.type for buffer in moved.buffers()} == {"meta"}
    assert moved.lmbda_ema.dtype == torch.float32


@both
def test_losses_that_become_wider_are_balanced_in_their_dtype(kind):
    """A network and its aggregator go to float64 in the middle of a training."""
    rows = oracle.random_losses(30, 3)
    aggregator = kind(make())
    drive(aggregator, rows[:10])
    weights = drive(aggregator.double(), rows[10:], torch.float64)
    assert weights.dtype == torch.float64
    # What is remembered of float32 has its digits, what follows those of float64.
    expected = oracle.trajectory(rows.astype(np.float32), oracle.keeps(0, 0.5, 30))[10:]
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-3, atol=1e-6)
    assert float(aggregator.prev_losses[0]) == rows[-1][0]
    assert float(aggregator._temperature) == 0.1


@both
def test_parameters_on_the_meta_device_are_no_obstacle(kind):
    """A network may be made there and filled later; the losses say where the state belongs."""
    aggregator = kind(ReLoBRaLo(iter([torch.zeros(2, device="meta")]), 3))
    assert torch.isfinite(drive(aggregator, oracle.random_losses(3, 3))).all()


def without_float64(tensor):
    """Move as Module.to("mps") does: to a device that has no float64, for which meta stands here."""
    if tensor.dtype == torch.float64:
        raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64.")
    return tensor.to("meta")


@both
@pytest.mark.parametrize("calls", [0, 2])
def test_a_device_without_float64_takes_the_state(kind, calls):
    aggregator = kind(make())
    if calls:
        drive(aggregator, oracle.random_losses(calls, 3), torch.float64)
    aggregator._apply(without_float64)
    assert {buffer.device.type for buffer in aggregator.buffers()} == {"meta"}
    assert torch.float64 not in {buffer.dtype for buffer in aggregator.buffers()}


def test_follow_keeps_dtype_and_what_the_move_did():
    shared = follow(torch.tensor([1.0, 2.0]), torch.Tensor.share_memory_)
    assert shared.is_shared()
    assert torch.equal(follow(torch.tensor([1e-9]), torch.Tensor.half), torch.tensor([1e-9]))
    assert follow(torch.tensor([True]), lambda tensor: tensor.to("meta")).dtype == torch.bool
    with pytest.raises(TypeError, match="another reason"):
        follow(torch.tensor(1.0), lambda tensor: (_ for _ in ()).throw(TypeError("another reason")))


# ----- the state dict in all its forms

NAMES = ["init_losses", "prev_losses", "lmbda_ema"]


@both
def test_every_form_of_a_state_dict(kind):
    aggregator = kind(make())
    drive(aggregator, oracle.random_losses(3, 3))
    plain = {}
    assert aggregator.state_dict(destination=plain) is plain
    assert list(plain) == NAMES
    assert list(aggregator.state_dict(prefix="loss.")) == [f"loss.{name}" for name in NAMES]
    both_given = aggregator.state_dict(destination={"other": 1}, prefix="a.b.")
    assert list(both_given) == ["other", *(f"a.b.{name}" for name in NAMES)]
    with pytest.warns((FutureWarning, UserWarning), match="Positional args"):
        assert list(aggregator.state_dict({}, "loss.", False)) == [f"loss.{name}" for name in NAMES]
    # What is saved is the state itself, as PyTorch has it: who wants to keep it copies it.
    for keep_vars in (True, False):
        saved = aggregator.state_dict(keep_vars=keep_vars)["lmbda_ema"]
        assert saved.data_ptr() == aggregator.lmbda_ema.data_ptr()
    assert aggregator.state_dict(prefix="loss.")._metadata["loss"]["names"] == ["term_0", "term_1", "term_2"]


@both
def test_a_plain_dictionary_resumes_but_for_the_draws(kind):
    rows = oracle.random_losses(30, 3)
    first, second = kind(ReLoBRaLo([], 3, rho=1.0)), kind(ReLoBRaLo([], 3, rho=1.0))
    drive(first, rows[:10])
    second.load_state_dict(first.state_dict(destination={}))
    assert torch.equal(drive(second, rows[10:]), drive(first, rows[10:]))
