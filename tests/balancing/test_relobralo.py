import copy
import gc
import math

import numpy as np
import oracle
import pytest
import torch
from kinds import eager, scripted
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from modulus_relobralo import ReLoBRaLo
from modulus_relobralo.balancing import draws

TERMS = ("pde", "walls", "x_moment")


def named(values, dtype=torch.float32, grad=False):
    return {
        name: torch.tensor(float(v), dtype=dtype, requires_grad=grad) for name, v in zip(TERMS, values, strict=False)
    }


def make(seed=0, terms=3, **options):
    torch.manual_seed(seed)
    return ReLoBRaLo([], terms, **options)


def drive(aggregator, losses, steps=None, dtype=torch.float32):
    """Return the weights after every call, [calls, terms]; `steps` are what each call is given as its step."""
    history = []
    for call, row in enumerate(losses):
        aggregator(named(row, dtype), *([] if steps is None else [steps[call]]))
        history.append(aggregator.lmbda_ema.clone())
    return torch.stack(history) if history else torch.empty(0)


def state(aggregator):
    return {name: buffer.clone() for name, buffer in aggregator.state_dict().items()}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


both = pytest.mark.parametrize("compiled", [eager, scripted], ids=["eager", "scripted"])

# ----- the method


@both
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("terms", [1, 2, 3])
def test_weights_are_those_of_the_article(compiled, rho, terms):
    losses = oracle.random_losses(300, terms)
    weights = drive(compiled(make(seed=3, terms=terms, rho=rho)), losses, range(300), torch.float64)
    expected = oracle.trajectory(losses, oracle.keeps(3, rho, 300))
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize("terms", [2, 3])
def test_weights_in_float32_are_those_of_the_article_to_its_rounding(terms):
    losses = oracle.random_losses(300, terms)
    expected = oracle.trajectory(losses, oracle.keeps(3, 0.9, 300))
    weights = drive(make(seed=3, terms=terms, rho=0.9), losses)
    # A rounding of 6e-8 in a ratio L / (T L'), here up to 200, is 1e-5 of the weight.
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("options", [{"alpha": 0.5}, {"temperature": 2.0}, {"eps": 0.3}, {"tau": 2.0}, {"beta": 0.2}])
def test_every_hyperparameter_reaches_the_method(options):
    losses = oracle.random_losses(100, 3, seed=2)
    rho = options.get("beta", 0.9)
    aggregator = make(**options) if "beta" in options else make(rho=0.9, **options)
    names = {"tau": "temperature"}
    method = {names.get(name, name): value for name, value in options.items() if name != "beta"}
    expected = oracle.trajectory(losses, oracle.keeps(0, rho, 100), **method)
    np.testing.assert_allclose(drive(aggregator, losses, dtype=torch.float64).numpy(), expected, rtol=1e-10)
    plain = oracle.trajectory(losses, oracle.keeps(0, 0.9, 100))
    assert np.abs(expected - plain).max() > 0.01


@both
def test_first_two_calls_whatever_the_step(compiled):
    """The first call sums and the second takes the weights against the first, also if training starts at step 700."""
    aggregator = compiled(make(terms=2, rho=0.0))
    assert float(aggregator(named([1.0, 2.0]), 700)) == 3.0
    assert aggregator.lmbda_ema.tolist() == [1.0, 1.0]
    aggregator(named([0.5, 2.0]), 701)
    share = 1 / (1 + math.exp(5.0))  # ratios 5 and 10
    assert aggregator.lmbda_ema.tolist() == pytest.approx([2 * share, 2 * (1 - share)], rel=1e-5)
    assert aggregator.init_losses.tolist() == [1.0, 2.0]
    assert aggregator.prev_losses.tolist() == [0.5, 2.0]


@both
def test_a_term_that_begins_with_nothing_by_hand(compiled):
    """Losses (0, 1), (1/2, 1), (1, 1) and (1/2, 1) with T = 1, alpha = 1/2 and a lookback in every step.

    In the second call, against (0, 1), the first term counts as unchanged. In the third its first loss is the largest
    so far, 1; against (1/2, 1) its ratio is 2. In the fourth both references are (1, 1).
    """
    aggregator = compiled(make(terms=2, temperature=1.0, alpha=0.5, rho=0.0))
    weights = drive(aggregator, [[0.0, 1.0], [0.5, 1.0], [1.0, 1.0], [0.5, 1.0]], range(4), torch.float64)
    grown, fallen = 2 * math.e / (math.e + 1), 2 / (1 + math.exp(0.5))
    expected = [1.0, 1.0, (1.0 + grown) / 2, fallen]
    np.testing.assert_allclose(weights[:, 0].numpy(), expected, rtol=1e-10)
    np.testing.assert_allclose(weights.sum(1).numpy(), 2.0)
    assert aggregator.init_losses.tolist() == [1.0, 1.0]


@both
@pytest.mark.parametrize("as_step", [int, torch.tensor], ids=["int", "tensor"])
def test_a_step_with_a_smaller_number_is_one_too(compiled, as_step):
    """A loop may count anew, as the host does in every time window; the same number twice is one step."""
    rows = oracle.random_losses(6, 3)
    steps = [as_step(step) for step in (5, 6, 2, 3, 0, 1)]
    assert torch.equal(drive(compiled(make(rho=1.0)), rows, steps), drive(make(rho=1.0), rows))


@both
@pytest.mark.parametrize("kind", ["int", "tensor", "omitted"])
def test_step_may_be_int_tensor_or_omitted(compiled, kind):
    losses = oracle.random_losses(60, 3)
    steps = {"int": list(range(60)), "tensor": [torch.tensor(s) for s in range(60)], "omitted": None}[kind]
    weights = drive(compiled(make(rho=0.8)), losses, steps)
    assert torch.equal(weights, drive(make(rho=0.8), losses, range(60)))


def test_gradient_of_an_earlier_call_survives_a_later_one():
    """The weights that a total holds for its backward pass are not those that a later call moves."""
    aggregator, rows = make(), oracle.random_losses(4, 3)
    drive(aggregator, rows[:3])
    losses = named(rows[3], grad=True)
    total, weights = aggregator(losses, 3), aggregator.lmbda_ema.clone()
    aggregator(named(rows[0]), 4)
    total.backward()
    assert torch.equal(torch.stack([loss.grad for loss in losses.values()]), weights)


def test_static_weights_multiply_before_balancing():
    losses = oracle.random_losses(50, 3)
    static = {"pde": 0.1, "x_moment": 7.0}
    weights = drive(make(rho=0.5, weights=static), losses, dtype=torch.float64)
    factors = [0.1, 1.0, 7.0]
    np.testing.assert_allclose(
        weights.numpy(), oracle.trajectory(losses * factors, oracle.keeps(0, 0.5, 50)), rtol=1e-10
    )
    aggregator = make(weights=static)
    assert float(aggregator(named([1.0, 2.0, 3.0]))) == pytest.approx(0.1 + 2.0 + 21.0)


@both
def test_nothing_that_is_handed_in_changes(compiled):
    static = {"walls": 2.0}
    aggregator = compiled(make(weights=static))
    losses = named([1.0, 2.0, 3.0])
    before = {name: (value, value.clone()) for name, value in losses.items()}
    for step in range(4):
        aggregator(losses, step)
    assert list(losses) == list(before)
    for name, (value, copied) in before.items():
        assert losses[name] is value
        assert torch.equal(value, copied)
    assert static == {"walls": 2.0}


# ----- the draws


def lookbacks(aggregator, calls):
    """Return which calls looked back: with alpha = 1 a kept weight is the one before, to the last bit.

    Each call's losses differ, so that a lookback is never equal to the weights that it replaces.
    """
    losses = np.random.default_rng(0).uniform(0.5, 1.5, (calls + 2, 2))
    weights = drive(aggregator, losses)
    return (weights[2:] != weights[1:-1]).any(1).numpy()


def test_seed_decides_the_draws():
    one, same, other = (lookbacks(make(seed, terms=2, alpha=1.0, rho=0.5), 64) for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


@both
def test_global_generators_are_left_alone(compiled):
    aggregator = compiled(make(rho=0.5))
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    drive(aggregator, oracle.random_losses(10, 3), range(10))
    ReLoBRaLo([], 2)
    assert torch.equal(torch.get_rng_state(), before)
    assert (np.random.get_state()[1] == numpy_before).all()


# ----- steps that call more than once


@both
def test_closures_of_a_line_search_see_one_objective(compiled):
    """L-BFGS on a quadratic: without one objective per step its strong Wolfe search would not see the minimum."""
    aggregator = compiled(make(terms=2, rho=0.0))
    drive(aggregator, [[3.0, 1.0], [1.0, 2.0], [2.0, 1.0]], range(3))
    x = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([x], max_iter=20, line_search_fn="strong_wolfe", tolerance_grad=1e-6)
    seen = []

    def closure():
        optimizer.zero_grad()
        total = aggregator({"pde": ((x - 1) ** 2).sum(), "walls": ((x + 1) ** 2).sum()}, 3)
        total.backward()
        seen.append(aggregator.lmbda_ema.clone())
        return total

    optimizer.step(closure)
    assert len(seen) > 2
    assert all(torch.equal(weights, seen[0]) for weights in seen)
    expected = (seen[0][0] - seen[0][1]) / 2
    torch.testing.assert_close(x.detach(), expected.reshape(1), rtol=1e-3, atol=1e-4)


# ----- bad numbers


@both
@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("call", [0, 1, 2, 5])
def test_a_step_that_is_not_finite_leaves_the_state(compiled, bad, call):
    rows = oracle.random_losses(8, 3)
    aggregator, reference = compiled(make(rho=1.0)), make(rho=1.0)
    drive(reference, rows)
    drive(aggregator, rows[:call], range(call))
    before = state(aggregator)
    assert not torch.isfinite(aggregator(named([1.0, bad, 2.0]), call))
    assert_same(state(aggregator), before)
    # Training recovers: what follows is as if the bad step had not been.
    drive(aggregator, rows[call:], range(call + 1, 9))
    assert_same(state(aggregator), state(reference))


@both
@pytest.mark.parametrize("first", [0.0, 1e-30, 1e30])
@pytest.mark.parametrize("later", [0.0, 1e-30, 1e30])
def test_extreme_losses_leave_weights_finite(compiled, first, later):
    aggregator = compiled(make(rho=0.5))
    for step in range(12):
        row = [first if step < 3 else later, 1.0 + step, later if step % 2 else first]
        assert torch.isfinite(aggregator(named(row), step))
        weights = aggregator.lmbda_ema
        assert torch.isfinite(weights).all()
        assert (weights >= 0).all()
        assert float(weights.sum()) == pytest.approx(3.0, rel=1e-5)


# ----- dtypes


@both
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_losses_are_balanced_in_float32(compiled, dtype):
    rows = torch.tensor(oracle.random_losses(40, 3)).to(dtype)
    weights = drive(compiled(make(rho=0.5)), rows.tolist(), range(40), dtype)
    assert weights.dtype == torch.float32
    assert torch.equal(weights, drive(make(rho=0.5), rows.tolist()))
    losses = named([1.0, 2.0, 3.0], dtype, grad=True)
    make()(losses).backward()
    assert losses["pde"].grad.dtype == dtype


def test_the_wider_of_mixed_dtypes_wins():
    losses = {"pde": torch.tensor(1.0), "walls": torch.tensor(1 / 3, dtype=torch.float64)}
    aggregator = make(terms=2)
    assert aggregator(losses).dtype == torch.float64
    assert float(aggregator.init_losses[1]) == 1 / 3


@both
def test_autocast_changes_no_weight(compiled):
    rows = oracle.random_losses(40, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        weights = drive(compiled(make(rho=0.5)), rows, range(40))
    assert torch.equal(weights, drive(make(rho=0.5), rows))


# ----- what a CUDA graph would freeze


class Recorder(TorchDispatchMode):
    """Records the operations of one call and replays them on the same memory, as a CUDA graph does.

    Python does not run at replay: its state, its branches and its numbers are those of the recording.
    """

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        # Detached: the same memory, without the autograd graph of the recording.
        frozen = tree_map_only(torch.Tensor, torch.Tensor.detach, (args, kwargs or {}, result))
        self.calls.append((func, *frozen))
        return result

    def replay(self):
        with torch.no_grad():
            for func, args, kwargs, result in self.calls:
                again = func(*args, **kwargs)
                for old, new in zip(_flat(result), _flat(again), strict=True):
                    if old.data_ptr() != new.data_ptr():  # neither a view nor written in place
                        old.copy_(new)


def _flat(result):
    return [t for t in (result if isinstance(result, (tuple, list)) else [result]) if isinstance(t, torch.Tensor)]


def replayed_weights(aggregator, rows, step):
    """Warm up for three calls, record the fourth as a CUDA graph would, and replay it for the rest."""
    losses = named(rows[0])
    history = []
    recorder = Recorder()
    for call, row in enumerate(rows):
        for loss, value in zip(losses.values(), row, strict=True):
            loss.fill_(float(value))
        if isinstance(step, torch.Tensor):
            step.fill_(call)
        if call < 3:
            aggregator(losses, call if step is None else step)
        elif call == 3:
            with recorder:
                total = aggregator(losses, call if step is None else step)
        else:
            recorder.replay()
        history.append(aggregator.lmbda_ema.clone())
        if call >= 3:
            expected = torch.dot(torch.stack(list(losses.values())), aggregator.lmbda_ema)
            assert float(total) == pytest.approx(float(expected), rel=1e-6)
    return torch.stack(history)


@pytest.mark.parametrize("step", [None, torch.tensor(0)], ids=["int", "tensor"])
@pytest.mark.parametrize("rho", [0.0, 0.6, 1.0])
def test_replaying_one_call_goes_on_drawing_and_balancing(step, rho):
    rows = oracle.random_losses(200, 3)
    replayed = replayed_weights(make(rho=rho), rows, step)
    assert torch.equal(replayed, drive(make(rho=rho), rows))
    np.testing.assert_allclose(
        replayed.numpy(), oracle.trajectory(rows, oracle.keeps(0, rho, 200)), rtol=1e-4, atol=1e-6
    )


class PythonDraw(ReLoBRaLo):
    """What a CUDA graph breaks: the draw is a number in Python, so that a recording bakes it in."""

    def _move(self, losses, accept):
        drawn = int(self._draws) < draws.threshold(self.rho)
        self._below = torch.full_like(self._below, 2**63 - 1 if drawn else -(2**63))
        return super()._move(losses, accept)


def test_a_draw_in_python_is_seen_by_the_replay():
    """The control of the test above."""
    rows = oracle.random_losses(200, 3)
    torch.manual_seed(0)
    replayed = replayed_weights(PythonDraw([], 3, rho=0.6), rows, None)
    torch.manual_seed(0)
    assert not torch.allclose(replayed, drive(PythonDraw([], 3, rho=0.6), rows))


def count_tensors():
    gc.collect()
    return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())


def test_memory_does_not_grow():
    aggregator, losses = make(), named([1.0, 2.0, 3.0], grad=True)
    for step in range(20):
        aggregator(losses, step)
    addresses = {name: buffer.data_ptr() for name, buffer in aggregator.named_buffers()}
    alive = count_tensors()
    for step in range(20, 120):
        aggregator(losses, step)
    assert count_tensors() == alive
    assert {name: buffer.data_ptr() for name, buffer in aggregator.named_buffers()} == addresses


# ----- torch.compile


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["int", "tensor"])
def test_torch_compile_gives_the_same_weights(kind):
    torch._dynamo.reset()
    rows = oracle.random_losses(30, 3)
    steps = list(range(30)) if kind == "int" else [torch.tensor(s) for s in range(30)]
    aggregator = make(rho=0.5)
    # Not Inductor, which needs a C++ compiler: what is tested is the trace of forward.
    compiled = torch.compile(aggregator, backend="aot_eager")
    history = []
    for step, row in zip(steps, rows, strict=True):
        compiled(named(row), step)
        history.append(aggregator.lmbda_ema.clone())
    torch.testing.assert_close(torch.stack(history), drive(make(rho=0.5), rows), rtol=1e-6, atol=0)


# ----- the number of terms


# ----- the host's contract


def test_the_parameters_are_left_alone():
    parameters = (torch.zeros(2) for _ in range(2))
    ReLoBRaLo(parameters, 2)
    assert len(list(parameters)) == 2


def test_repr_names_the_hyperparameters():
    assert repr(make(tau=0.2, beta=0.5)) == "ReLoBRaLo(alpha=0.999, temperature=0.2, rho=0.5, eps=1e-12)"


def test_copies_are_independent():
    aggregator = make(rho=0.5)
    rows = oracle.random_losses(20, 3)
    drive(aggregator, rows[:10])
    twin = copy.deepcopy(aggregator)
    assert torch.equal(drive(aggregator, rows[10:]), drive(twin, rows[10:]))


def test_scripted_and_original_share_their_state():
    aggregator = make()
    drive(scripted(aggregator), oracle.random_losses(5, 3), range(5))
    twin = scripted(aggregator)
    before = aggregator.lmbda_ema.clone()
    drive(twin, oracle.random_losses(5, 3, seed=1), range(5, 10))
    assert torch.equal(aggregator.lmbda_ema, twin.lmbda_ema)
    assert not torch.equal(aggregator.lmbda_ema, before)
