"""Gradient balancing against a computation by hand, and the contract that it has with a trainer."""

import copy
import io
import logging

import numpy as np
import pytest
import torch

from modulus_relobralo import ReLoBRaLoGrad
from modulus_relobralo.balancing.gradient_equations import exponents, progress, remember, scale

# Terms c (a - t)^2 of one parameter each: their gradients are 2 c (a - t), which is all that is computed by hand.
FACTORS, TARGETS = np.array([10.0, 1.0, 0.5]), np.array([1.0, -2.0, 0.5])
NAMES = ("pde", "walls", "moment")


def problem(dtype=torch.float32):
    return [torch.nn.Parameter(torch.tensor(value, dtype=dtype)) for value in (3.0, 1.0, -1.0)]


def losses_of(parameters):
    return {
        name: float(factor) * (parameter - float(target)) ** 2
        for name, factor, target, parameter in zip(NAMES, FACTORS, TARGETS, parameters, strict=True)
    }


def train(balance, parameters, steps, start=0, rate=5e-3):
    """Train by plain gradient descent and return the weights of every step."""
    weights = []
    for step in range(start, start + steps):
        for parameter in parameters:
            parameter.grad = None
        balance(losses_of(parameters), step).backward()
        weights.append(balance.lmbda_ema.tolist())
        with torch.no_grad():
            for parameter in parameters:
                parameter -= rate * parameter.grad
    return np.array(weights)


def by_hand(steps, every, memory, decades, bound, rate=5e-3):
    """Return the weights that `train` ought to have, in float64 and by NumPy."""
    a = np.array([3.0, 1.0, -1.0])
    averages = largest = log_norms = None
    weights = []
    for step in range(steps):
        losses, gradients = FACTORS * (a - TARGETS) ** 2, 2 * FACTORS * (a - TARGETS)
        if step % every == 0:
            found = np.log(np.abs(gradients))
            log_norms = found if log_norms is None else memory * log_norms + (1 - memory) * found
        averages = losses if averages is None else 0.99 * averages + 0.01 * losses
        largest = averages if largest is None else np.maximum(largest, averages)
        came = -np.log10(averages / largest)
        behind = came[np.argmax(log_norms)] - came
        s = np.clip(np.maximum(1 - came, behind), 0, 1) * max(0, 1 - came.min() / decades)
        raw = np.minimum(np.exp(log_norms.max() - log_norms) ** s, bound)
        weights.append(len(a) * raw / raw.sum())
        a = a - rate * weights[-1] * gradients
    return np.array(weights)


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
def test_the_weights_are_those_of_a_computation_by_hand(scripted):
    parameters = problem(torch.float64)
    options = {"every": 10, "memory": 0.5, "decades": 1.0, "bound": 30.0}
    balance = ReLoBRaLoGrad(parameters, 3, **options)
    found = train(torch.jit.script(balance) if scripted else balance, parameters, 600)
    assert found == pytest.approx(by_hand(600, **options), rel=1e-3)
    # it starts with the gradients of all that lag, and lets go on the way
    assert np.ptp(np.log(found[0])) > 3
    assert np.ptp(np.log(found[-1])) < 0.5 * np.ptp(np.log(found[0]))
    for changed in ({"every": 40}, {"memory": 0.9}, {"decades": 2.0}, {"bound": 10.0}):
        assert np.abs(found - by_hand(600, **{**options, **changed})).max() > 1e-2, changed


def test_equal_gradients_at_most_and_the_plain_sum_at_last():
    norms, ones = torch.tensor([2.0, 0.5, 8.0]), torch.ones(3)
    equal = scale(norms.log(), ones, 100.0)
    assert (equal * norms).tolist() == pytest.approx([float(equal[0] * 2)] * 3, rel=1e-5)
    assert float(equal.sum()) == pytest.approx(3)
    assert scale(norms.log(), torch.zeros(3), 100.0).tolist() == pytest.approx([1, 1, 1])
    behind = torch.tensor([1e-3, 1.0])
    fading = [exponents(r * behind, torch.tensor([2.0, 0.0]), 4.0).tolist() for r in (1.0, 1e-2, 1e-4, 1e-9, 0.0)]
    assert fading == [pytest.approx([0, s]) for s in (1, 0.5, 0, 0, 0)]


def test_only_terms_that_lag_are_helped():
    # the strongest is the second: half a power of ten behind it, two, as far as it, farther, and never anything
    log_norms = torch.tensor([1.0, 5.0, torch.nan, -3.0, 0.0, 2.0])
    s = exponents(torch.tensor([10**-2.5, 1e-3, 10**-1.0, 1e-3, 1e-4, 0.0]), log_norms, 1e9)
    assert s.tolist() == pytest.approx([0.5, 0, 1, 0, 0, 0], abs=1e-5)
    # within a power of ten of its largest, whatever the strongest does
    s = exponents(torch.tensor([1.0, 10**-0.3, 10**-0.8, 0.1]), torch.tensor([3.0, 2.0, 1.0, 0.0]), 1e9)
    assert s.tolist() == pytest.approx([1, 0.7, 0.2, 0], abs=1e-5)
    # nothing is left of the strongest, or no gradient is known
    assert exponents(torch.tensor([0.0, 1e-3]), torch.tensor([1.0, 0.0]), 1e9).tolist() == pytest.approx([0, 1])
    assert exponents(torch.tensor([0.1, 0.1]), torch.full((2,), torch.nan), 4.0).tolist() == pytest.approx([0, 0])
    weights = scale(torch.tensor([0.0, -3.0, -3.0]), torch.tensor([1.0, 1.0, 0.0]), 100.0)
    assert (weights / weights[0]).tolist() == pytest.approx([1, np.exp(3), 1], rel=1e-5)


def test_no_term_takes_all_of_the_weight():
    weights = scale(torch.tensor([0.0, -30.0, -2.0]), torch.ones(3), 100.0)
    assert (weights / weights[0]).tolist() == pytest.approx([1, 100, np.exp(2)], rel=1e-5)
    assert scale(torch.tensor([0.0, -30.0, -2.0]), torch.ones(3), 1.0).tolist() == pytest.approx([1, 1, 1])


def test_progress_is_that_of_terms_that_were_ever_anything():
    largest = torch.tensor([10.0, 2.0, 0.0])
    assert progress(torch.tensor([1e-3, 1.0, 0.0]), largest).tolist() == pytest.approx([1e-4, 0.5, 0])
    assert progress(torch.zeros(3), torch.zeros(3)).tolist() == [0, 0, 0]


def test_a_norm_that_is_no_number_leaves_what_was_known():
    known = torch.tensor([1.0, torch.nan, 3.0, torch.nan])
    found = torch.tensor([-torch.inf, 2.0, 5.0, torch.nan])
    assert remember(known, found, 0.5)[:3].tolist() == [1.0, 2.0, 4.0]
    assert torch.isnan(remember(known, found, 0.5)[3])
    # as the mean of the others
    weights = scale(torch.tensor([1.0, 3.0, torch.nan]), torch.ones(3), 100.0)
    assert (weights / weights[1]).tolist() == pytest.approx(np.exp([2, 0, 1]), rel=1e-5)
    assert scale(torch.full((2,), torch.nan), torch.ones(2), 100.0).tolist() == [1, 1]


def test_calls_with_the_step_of_the_call_before_share_its_weights():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, every=1)
    train(balance, parameters, 5)
    before, moves = balance.lmbda_ema.clone(), balance._moves
    far = {name: 100 * loss for name, loss in losses_of(parameters).items()}
    assert torch.equal(balance(far, 4), torch.dot(torch.stack(list(far.values())), before))
    assert balance._moves == moves
    balance(far, 5)
    assert not torch.equal(balance.lmbda_ema, before)


def test_no_gradient_flows_through_the_weights():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3)
    balance(losses_of(parameters), 0).backward()
    gradients = [float(parameter.grad) for parameter in parameters]
    expected = balance.lmbda_ema.numpy() * 2 * FACTORS * (np.array([3.0, 1.0, -1.0]) - TARGETS)
    assert gradients == pytest.approx(expected, rel=1e-5)


def test_a_term_that_is_not_finite_leaves_the_state_as_it_was():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, every=2)
    train(balance, parameters, 4)
    before = copy.deepcopy(balance.state_dict())
    losses = losses_of(parameters)
    losses["walls"] = losses["walls"] * torch.nan
    assert torch.isnan(balance(losses, 4))
    after = balance.state_dict()
    for name in ("averages", "largest", "lmbda_ema"):
        assert torch.equal(after[name], before[name]), name
    # the norm of that term, which it lost, and not those of the others
    assert torch.equal(after["log_norms"][1], before["log_norms"][1])
    assert not torch.equal(after["log_norms"][0], before["log_norms"][0])


def test_a_first_call_that_is_not_finite_does_not_count():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3)
    balance({name: loss * torch.nan for name, loss in losses_of(parameters).items()}, 0)
    assert balance.lmbda_ema.tolist() == [1, 1, 1]
    balance(losses_of(parameters), 1)
    assert torch.equal(balance.averages, torch.stack(list(losses_of(parameters).values())))


def test_static_factors_come_before_balancing():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, weights={"pde": 0.01})
    plain = ReLoBRaLoGrad(parameters, 3)
    total = balance(losses_of(parameters), 0)
    smaller = losses_of(parameters) | {"pde": 0.01 * losses_of(parameters)["pde"]}
    assert float(total.detach()) == pytest.approx(float(plain(smaller, 0).detach()))
    assert balance.lmbda_ema.tolist() == pytest.approx(plain.lmbda_ema.tolist())


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
def test_a_restart_goes_on_to_the_last_digit(scripted):
    def new(parameters):
        balance = ReLoBRaLoGrad(parameters, 3, every=7)
        return torch.jit.script(balance) if scripted else balance

    parameters = problem()
    whole = train(new(parameters), parameters, 30)
    parameters = problem()
    balance = new(parameters)
    train(balance, parameters, 12)
    file = io.BytesIO()
    torch.save(balance.state_dict(), file)
    file.seek(0)
    # made for another number of terms, as a host does that miscounts them
    again = ReLoBRaLoGrad(parameters, 5, every=7)
    again = torch.jit.script(again) if scripted else again
    again.load_state_dict(torch.load(file, weights_only=False))
    assert np.array_equal(train(again, parameters, 18, start=12), whole[12:])


def test_checkpoints_that_do_not_fit_are_named(caplog):
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3)
    balance(losses_of(parameters), 0)
    state = balance.state_dict()
    other = ReLoBRaLoGrad(parameters, 3)
    other.load_state_dict(state)
    with pytest.raises(ValueError, match=r"holds the balancing of the loss terms \['pde', 'walls', 'moment'\]"):
        other({"pde": losses_of(parameters)["pde"]}, 0)
    state["largest"] = state["largest"][:2]
    damaged = ReLoBRaLoGrad(parameters, 3)
    damaged.load_state_dict(state, strict=False)
    with pytest.raises(ValueError, match=r"does not fit ReLoBRaLoGrad.*Remove the checkpoint"):
        damaged(losses_of(parameters), 0)
    damaged.load_state_dict(balance.state_dict())
    assert float(damaged(losses_of(parameters), 0)) > 0
    of_another = ReLoBRaLoGrad(parameters, 3)
    of_another.load_state_dict({"init_losses": torch.ones(3), "lmbda_ema": torch.ones(3)}, strict=False)
    with pytest.raises(ValueError, match="does not fit ReLoBRaLoGrad"):
        of_another(losses_of(parameters), 0)
    with caplog.at_level(logging.WARNING):
        ReLoBRaLoGrad(parameters, 3).load_state_dict({})
    assert "has no state: ReLoBRaLoGrad starts anew" in caplog.text


def test_the_state_keeps_its_precision_in_a_module_of_another():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3)
    balance(losses_of(parameters), 0)
    before = balance.averages.clone()
    balance.half()
    assert balance.averages.dtype == torch.float32
    assert torch.equal(balance.averages, before)


def test_losses_in_half_precision_have_their_gradients():
    parameter = torch.nn.Parameter(torch.full((64,), 3e-4, dtype=torch.float16))
    # of the mean square itself it is 2 x 3e-4 / 64, and the square of that, 9e-11, is nothing in float16
    balance = ReLoBRaLoGrad([parameter], 2)
    balance({"small": parameter.float().square().mean(), "large": parameter.sum().float().square()}, 0)
    assert balance.log_norms.dtype == torch.float32
    small, large = (2 * 3e-4 / 8, 2 * 64 * 64 * 3e-4 / 8)
    assert balance.log_norms.exp().tolist() == pytest.approx([small, large], rel=5e-3)


def test_terms_without_gradients_are_weighed_as_the_others():
    (parameter,) = (torch.nn.Parameter(torch.tensor(2.0)),)
    balance = ReLoBRaLoGrad([parameter], 2)
    balance({"data": parameter**2, "constant": torch.tensor(3.0)}, 0)
    assert balance.lmbda_ema.tolist() == [1, 1]
    with torch.no_grad():
        fresh = ReLoBRaLoGrad([parameter], 2)
        assert float(fresh({"data": parameter**2, "more": parameter}, 0)) == 6


def test_it_is_compiled_around():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, every=5)

    @torch.compile(backend="eager")
    def loss_of(step):
        return balance(losses_of(parameters), step)

    for step in range(7):
        loss_of(step)
    assert balance._moves == 7


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"params": []}, ValueError, "`params` must hold parameters that are trained. Found none"),
        ({"params": [torch.zeros(1)]}, ValueError, "`params` must hold parameters that are trained"),
        ({"num_losses": 0}, ValueError, "`num_losses` must be at least 1"),
        ({"every": 0}, ValueError, "`every` must be at least 1. Found `every = 0`"),
        ({"every": 2.5}, TypeError, "`every` must be an integer"),
        ({"memory": 1.5}, ValueError, r"`memory` must be in \[0, 1\]. Found `memory = 1.5`"),
        ({"decades": 0}, ValueError, r"`decades` must be in \(0, inf\). Found `decades = 0`"),
        ({"decades": "4"}, TypeError, "`decades` must be a number"),
        ({"bound": 0.5}, ValueError, r"`bound` must be in \[1, inf\). Found `bound = 0.5`"),
        ({"weights": {"pde": -1}}, ValueError, r"`weights\[pde\]` must be in \[0, inf\)"),
    ],
)
def test_bad_options_are_named(options, error, message):
    with pytest.raises(error, match=message):
        ReLoBRaLoGrad(**{"params": problem(), "num_losses": 3, **options})


def test_bad_losses_are_named():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, every=2)
    with pytest.raises(ValueError, match="at least one loss term"):
        balance({}, 0)
    with pytest.raises(ValueError, match="unknown loss terms"):
        ReLoBRaLoGrad(parameters, 3, weights={"wall": 1.0})(losses_of(parameters), 0)
    train(balance, parameters, 1)
    with pytest.raises(ValueError, match="The loss terms changed in training"):
        balance({"pde": parameters[0] ** 2}, 1)
    for step in range(1, 200):
        balance(losses_of(parameters) | {"walls": -100 * parameters[1] ** 2}, step)
        if float(balance.averages[1]) < 0:
            break
    with pytest.raises(ValueError, match=r"must not be negative.*`walls`"):
        balance.inspect()
