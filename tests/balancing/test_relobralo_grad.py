"""Gradient balancing against a computation by hand, and the contract that it has with a trainer."""

import numpy as np
import pytest
import torch

from modulus_relobralo import ReLoBRaLoGrad
from modulus_relobralo.balancing.gradient_equations import lag, scale

# Terms c (a - t)^2 of one parameter each: their gradients are 2 c (a - t), which is all that is computed by hand.
FACTORS, TARGETS = np.array([10.0, 1.0, 0.5]), np.array([1.0, -2.0, 0.5])
NAMES = ("pde", "walls", "x_moment")
EQUATIONS = ["pde"]
# f, of conditions that are behind
RAISED = torch.tensor(1.0)


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


def by_hand(steps, equations, every, bound, rate=5e-3):
    """Return the weights that `train` ought to have, in float64 and by NumPy."""
    a, first = np.array([3.0, 1.0, -1.0]), FACTORS * (np.array([3.0, 1.0, -1.0]) - TARGETS) ** 2
    is_equation = np.array([name in equations for name in NAMES])
    weights = []
    for step in range(steps):
        gradients = 2 * FACTORS * (a - TARGETS)
        if step % every == 0:
            looked_at = np.abs(gradients)
            progress = np.log10(FACTORS * (a - TARGETS) ** 2 / first)
            behind, ahead = progress[is_equation].max(), progress[~is_equation].max()
            s = min(max(min(1 + behind / 4, 1 - 2 * behind), 0), 1) * min(max(behind - ahead - 1, 0), 1) if step else 1
            f = min(max(1 - behind + ahead, 0), 1)
        norms = looked_at * np.where(is_equation, 1, np.sqrt(np.count_nonzero(~is_equation)))
        raw = norms**-s
        pull, highest = (raw * norms)[is_equation].max(), bound * raw[is_equation].max()
        raised = np.maximum(raw, np.minimum(pull / norms, highest))
        raw = np.where(is_equation, raw, raw * (raised / raw) ** f)
        weights.append(len(a) * raw / raw.sum())
        a = a - rate * weights[-1] * gradients
    return np.array(weights)


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
@pytest.mark.parametrize("equations", [["pde"], ["pde", "x_moment"], ["x_moment"]], ids="-".join)
def test_the_weights_are_those_of_a_computation_by_hand(equations, scripted):
    parameters = problem(torch.float64)
    options = {"equations": equations, "every": 10, "bound": 10.0}
    balance = ReLoBRaLoGrad(parameters, 3, **options)
    found = train(torch.jit.script(balance) if scripted else balance, parameters, 100)
    assert found == pytest.approx(by_hand(100, **options), rel=1e-3)
    assert np.ptp(np.log(found[0])) > 1
    assert np.abs(found[-1] - found[0]).max() > 0.1
    for changed in ({"equations": ["walls"]}, {"every": 40}, {"bound": 3.0}):
        assert np.abs(found - by_hand(100, **{**options, **changed})).max() > 1e-2, changed


def which(*terms):
    return torch.tensor(terms, dtype=torch.bool)


def test_conditions_pull_together_as_hard_as_the_strongest_equation():
    norms = torch.tensor([8.0, 4.0, 0.5, 1.0])
    weights = scale(norms.log(), which(1, 1, 0, 0), torch.tensor(0.0), RAISED, 100.0)
    pulls = weights * norms
    assert float(torch.linalg.vector_norm(pulls[2:])) == pytest.approx(float(pulls[0]), rel=1e-5)
    assert float(pulls[2]) == pytest.approx(float(pulls[3]), rel=1e-5)
    assert float(weights.sum()) == pytest.approx(4)
    assert float(weights[0]) == float(weights[1])


def test_where_the_equations_lag_all_pull_alike():
    norms = torch.tensor([0.01, 0.002, 5.0, 40.0])
    pulls = scale(norms.log(), which(1, 1, 0, 0), torch.tensor(1.0), RAISED, 100.0) * norms
    assert pulls.tolist() == pytest.approx([float(pulls[0])] * 2 + [float(pulls[0]) / 2**0.5] * 2, rel=1e-5)
    # half of the way, and no condition below its floor
    pulls = scale(norms.log(), which(1, 1, 0, 0), torch.tensor(0.5), RAISED, 100.0) * norms
    assert float(pulls[3] / pulls[0]) == pytest.approx((40 / 0.01) ** 0.5 / 2**0.25, rel=1e-5)
    norms = torch.tensor([5.0, 0.01])
    pulls = scale(norms.log(), which(1, 0), torch.tensor(0.5), RAISED, 1e6) * norms
    assert float(pulls[0]) == pytest.approx(float(pulls[1]), rel=1e-5)


@pytest.mark.parametrize(
    ("progress", "of_equations", "of_conditions"),
    [
        ([0.0, -2.0, -3.0], 1.0, 0.0),  # two powers of ten behind the slowest condition
        ([0.0, -1.5, -9.0], 0.5, 0.0),
        ([0.0, -1.0, -9.0], 0.0, 0.0),
        ([0.0, -0.25, -9.0], 0.0, 0.75),
        ([-3.0, -3.0, -9.0], 0.0, 1.0),
        ([0.0, 2.0, -9.0], 0.0, 1.0),  # a condition that has grown
        ([-1.0, -5.0, -5.0], 0.75, 0.0),  # it comes down itself
        ([-4.0, -9.0, -9.0], 0.0, 0.0),
        ([0.25, -5.0, -5.0], 0.5, 0.0),  # it was smaller at the start
        ([1.0, -5.0, -5.0], 0.0, 0.0),
        ([0.0, -2.0, np.nan], 1.0, 0.0),
        ([np.nan, -2.0, -2.0], 0.0, 1.0),
        ([np.nan, np.nan, np.nan], 0.0, 1.0),
    ],
)
def test_what_is_raised_is_the_kind_of_the_term_that_is_behind(progress, of_equations, of_conditions):
    s, f = lag(torch.tensor(progress), which(1, 0, 0))
    assert float(s) == pytest.approx(of_equations, abs=1e-6)
    assert float(f) == pytest.approx(of_conditions, abs=1e-6)


def test_the_equation_that_is_furthest_behind_counts():
    s, f = lag(torch.tensor([-3.0, -1.0, -1.5]), which(1, 1, 0))
    assert (float(s), float(f)) == (0, 0.5)
    s, f = lag(torch.tensor([-3.0, -1.0, -5.0]), which(1, 1, 0))
    assert (float(s), float(f)) == (0.75, 0)


def test_terms_of_one_kind_have_nothing_to_lag_behind():
    assert [float(value) for value in lag(torch.tensor([-3.0, -1.0]), which(0, 0))] == [0, 1]
    assert [float(value) for value in lag(torch.tensor([-3.0, -1.0]), which(1, 1))] == [0.75, 0]


def test_conditions_that_are_ahead_are_not_raised():
    norms = torch.tensor([8.0, 0.5])
    for f, ratio in ((0.0, 1), (0.5, 4), (1.0, 16)):
        weights = scale(norms.log(), which(1, 0), torch.tensor(0.0), torch.tensor(f), 100.0)
        assert float(weights[1] / weights[0]) == pytest.approx(ratio, rel=1e-5)


def test_nothing_is_lowered_and_no_equation_is_raised():
    norms = torch.tensor([8.0, 4.0, 0.5, 1.0])
    assert scale(norms.log(), which(0, 0, 1, 0), torch.tensor(0.0), RAISED, 100.0).tolist() == pytest.approx([1] * 4)
    # the one that pulls less than its share
    weights = scale(norms.log(), which(0, 1, 0, 0), torch.tensor(0.0), RAISED, 100.0)
    share = 4 / 3**0.5
    assert (weights / weights[1]).tolist() == pytest.approx([1, 1, 2 * share, share], rel=1e-5)


def test_without_conditions_or_without_equations_it_is_the_plain_sum():
    norms = torch.tensor([8.0, 0.5])
    assert scale(norms.log(), which(1, 1), torch.tensor(0.0), RAISED, 100.0).tolist() == pytest.approx([1, 1])
    assert scale(norms.log(), which(0, 0), torch.tensor(0.0), RAISED, 100.0).tolist() == pytest.approx([1, 1])


def test_no_term_takes_all_of_the_weight():
    log_norms = torch.tensor([0.0, -30.0, -2.0])
    weights = scale(log_norms, which(1, 0, 0), torch.tensor(0.0), RAISED, 100.0)
    assert (weights / weights[0]).tolist() == pytest.approx([1, 100, np.exp(2) / 2**0.5], rel=1e-5)
    assert scale(log_norms, which(1, 0, 0), torch.tensor(0.0), RAISED, 1.0).tolist() == pytest.approx([1, 1, 1])


def test_a_norm_that_is_not_known_counts_as_the_mean_of_the_others():
    weights = scale(torch.tensor([1.0, 3.0, torch.nan]), which(0, 1, 0), torch.tensor(0.0), RAISED, 100.0)
    assert (weights / weights[1]).tolist() == pytest.approx([np.exp(2) / 2**0.5, 1, np.exp(1) / 2**0.5], rel=1e-5)
    assert scale(torch.full((2,), torch.nan), which(1, 0), torch.tensor(0.0), RAISED, 100.0).tolist() == [1, 1]


def test_a_condition_that_is_met_exactly_at_the_start_is_weighed_by_norms_of_one_time():
    """As in moving time windows: the equation has come down when the condition first has a gradient."""
    a, b = torch.nn.Parameter(torch.tensor(100.0)), torch.nn.Parameter(torch.tensor(0.0))
    balance = ReLoBRaLoGrad([a, b], 2, EQUATIONS, every=1)
    balance({"pde": a**2, "walls": b**2}, 0)
    assert balance.lmbda_ema.tolist() == [1, 1]
    with torch.no_grad():
        a.fill_(0.5), b.fill_(0.25)
    balance({"pde": a**2, "walls": b**2}, 1)
    assert float(balance.lmbda_ema[1] / balance.lmbda_ema[0]) == pytest.approx(2, rel=1e-5)


def test_a_term_that_is_not_finite_leaves_what_is_known_of_it():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, EQUATIONS, every=2)
    train(balance, parameters, 4)
    before = balance.log_norms.clone()
    losses = losses_of(parameters)
    losses["walls"] = losses["walls"] * torch.nan
    assert torch.isnan(balance(losses, 4))
    assert torch.isfinite(balance.lmbda_ema).all()
    assert [new == old for new, old in zip(balance.log_norms, before, strict=True)] == [False, True, False]


def test_a_first_call_that_is_not_finite_does_not_count():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, EQUATIONS, every=2)
    balance({name: loss * torch.nan for name, loss in losses_of(parameters).items()}, 0)
    assert balance.lmbda_ema.tolist() == [1, 1, 1]
    balance(losses_of(parameters), 1)
    balance(losses_of(parameters), 2)
    other = ReLoBRaLoGrad(parameters, 3, EQUATIONS)
    other(losses_of(parameters), 0)
    assert torch.equal(balance.lmbda_ema, other.lmbda_ema)


def test_an_evaluation_without_gradients_moves_nothing():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, EQUATIONS, every=1)
    train(balance, parameters, 2)
    before = balance.lmbda_ema.clone()
    with torch.no_grad():
        balance(losses_of([10 * parameter for parameter in parameters]), 2)
    assert torch.equal(balance.lmbda_ema, before)


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
@pytest.mark.parametrize("evaluated", ["without gradients", "detached"])
def test_an_evaluation_does_not_use_up_a_look(evaluated, scripted):
    """Also with the step of the training step after it, whose gradients are looked at."""
    parameters = problem()
    balance, other = (ReLoBRaLoGrad(parameters, 3, EQUATIONS) for _ in range(2))
    balance = torch.jit.script(balance) if scripted else balance
    for step in range(3):
        if evaluated == "detached":
            balance({name: loss.detach() for name, loss in losses_of(parameters).items()}, step)
        else:
            losses = losses_of(parameters)
            with torch.no_grad():
                balance(losses, step)
        balance(losses_of(parameters), step)
        other(losses_of(parameters), step)
    assert balance.lmbda_ema.tolist() == other.lmbda_ema.tolist()
    assert float(balance.lmbda_ema.max()) > 1.5


def test_a_term_whose_static_weight_is_zero_does_not_count():
    """Neither as a condition among which the pull is shared, nor as one that lags."""
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, EQUATIONS, every=1, weights={"walls": 0.0})
    without = ReLoBRaLoGrad(parameters, 2, EQUATIONS, every=1)
    for step in range(3):
        losses = losses_of(parameters)
        balance(losses, step)
        without({name: losses[name] for name in ("pde", "x_moment")}, step)
        found = dict(zip(balance.names, balance.lmbda_ema.tolist(), strict=True))
        assert found == {**dict(zip(without.names, without.lmbda_ema.tolist(), strict=True)), "walls": 1.0}
        assert found["x_moment"] > 1.1
        with torch.no_grad():
            parameters[0].mul_(0.7)
    none = ReLoBRaLoGrad(parameters, 3, EQUATIONS, weights=dict.fromkeys(NAMES, 0.0))
    assert float(none(losses_of(parameters), 0)) == 0
    assert none.lmbda_ema.tolist() == [1, 1, 1]


def test_an_equation_that_is_met_exactly_at_the_start_is_measured_from_its_largest_loss():
    """A flat start satisfies it. Against a first loss of 0 it would have grown for ever, and nothing be raised."""
    a, b = torch.nn.Parameter(torch.tensor(0.0)), torch.nn.Parameter(torch.tensor(1.0))
    balance = ReLoBRaLoGrad([a, b], 2, EQUATIONS, every=1)
    losses = lambda: {"pde": 100 * a**2, "walls": b**2}  # noqa: E731
    balance(losses(), 0)
    with torch.no_grad():
        a.fill_(0.5)
    balance(losses(), 1)
    # Its gradient is 100, that of the condition 2: nothing has come down, and the condition is raised to it.
    assert float(balance.lmbda_ema[1] / balance.lmbda_ema[0]) == pytest.approx(50, rel=1e-5)
    assert balance.init_losses.tolist() == [25, 1]
    # The condition falls by three powers of ten: now the equation lags, and both pull alike.
    with torch.no_grad():
        a.fill_(0.25), b.fill_(0.03)
    balance(losses(), 2)
    d = np.log10(6.25 / 25) - np.log10(0.0009)
    s = min(1 + np.log10(0.25) / 4, 1)
    assert d > 2
    expected = (0.06 / 50) ** -s
    assert float(balance.lmbda_ema[1] / balance.lmbda_ema[0]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
def test_parameters_may_be_frozen_and_released_in_training(scripted):
    parameters = problem()
    parameters[1].requires_grad_(False)
    balance = ReLoBRaLoGrad(parameters, 3, EQUATIONS, every=1)
    balance = torch.jit.script(balance) if scripted else balance
    balance(losses_of(parameters), 0)
    assert torch.isnan(balance.log_norms).tolist() == [False, True, False]
    parameters[1].requires_grad_(True)
    parameters[0].requires_grad_(False)
    before = balance.log_norms.clone()
    balance(losses_of(parameters), 1)
    # What was released counts, and of what is frozen the last that is known.
    assert torch.isfinite(balance.log_norms).all()
    assert float(balance.log_norms[0]) == float(before[0])
    for parameter in parameters:
        parameter.requires_grad_(False)
    before = balance.log_norms.clone()
    # Points of an equation ask for gradients too, and so do the parameters of another network.
    point = torch.tensor(2.0, requires_grad=True)
    balance({name: loss * point for name, loss in losses_of(parameters).items()}, 2).backward()
    assert float(point.grad) > 0
    assert torch.equal(balance.log_norms, before)


@pytest.mark.parametrize(
    ("were_found", "message"),
    [
        (True, r"constraints give the equations \['helmholtz'\], but .* Set `loss.equations`"),
        (False, r"`equations` names unknown loss terms \['helmholtz'\]. The loss terms are \['pde'"),
    ],
)
def test_equations_that_no_loss_has_are_named(were_found, message):
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, ["helmholtz"])
    balance.equations_were_found = were_found
    with pytest.raises(ValueError, match=message):
        balance(losses_of(parameters), 0)


def test_without_a_network_behind_the_losses_it_is_the_plain_sum_at_once():
    """As under natural gradients, between two stretches of training by descent."""
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, EQUATIONS, every=4)
    before = train(balance, parameters, 6)
    cut = {name: loss.detach().requires_grad_() for name, loss in losses_of(parameters).items()}
    state = {name: buffer.clone() for name, buffer in balance.state_dict().items()}
    assert float(balance(cut, 6).detach()) == pytest.approx(float(sum(cut.values()).detach()))
    assert torch.equal(balance.log_norms, state["log_norms"])
    assert torch.equal(balance.init_losses, state["init_losses"])
    assert balance.lmbda_ema.tolist() == [1, 1, 1]
    assert before[-1].max() > 1.5
    # The gradients are looked at in the first step that has them again.
    assert train(balance, parameters, 1, start=7).max() > 1.5


def test_static_factors_come_before_balancing():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, EQUATIONS, weights={"pde": 0.01})
    plain = ReLoBRaLoGrad(parameters, 3, EQUATIONS)
    total = balance(losses_of(parameters), 0)
    smaller = losses_of(parameters) | {"pde": 0.01 * losses_of(parameters)["pde"]}
    assert float(total.detach()) == pytest.approx(float(plain(smaller, 0).detach()))
    assert balance.lmbda_ema.tolist() == pytest.approx(plain.lmbda_ema.tolist())


def test_the_state_keeps_its_precision_in_a_module_of_another():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, EQUATIONS)
    balance(losses_of(parameters), 0)
    before = balance.log_norms.clone()
    balance.half()
    assert balance.log_norms.dtype == torch.float32
    assert torch.equal(balance.log_norms, before)


def test_losses_in_half_precision_have_their_gradients():
    parameter = torch.nn.Parameter(torch.full((64,), 3e-4, dtype=torch.float16))
    # of the mean square itself it is 2 x 3e-4 / 64, and the square of that, 9e-11, is nothing in float16
    balance = ReLoBRaLoGrad([parameter], 2, [])
    balance({"small": parameter.float().square().mean(), "large": parameter.sum().float().square()}, 0)
    assert balance.log_norms.dtype == torch.float32
    small, large = (2 * 3e-4 / 8, 2 * 64 * 64 * 3e-4 / 8)
    assert balance.log_norms.exp().tolist() == pytest.approx([large, small], rel=5e-3)


def test_terms_without_gradients_are_weighed_as_the_others():
    (parameter,) = (torch.nn.Parameter(torch.tensor(2.0)),)
    balance = ReLoBRaLoGrad([parameter], 2, [])
    balance({"data": parameter**2, "constant": torch.tensor(3.0)}, 0)
    assert balance.lmbda_ema.tolist() == [1, 1]
    with torch.no_grad():
        fresh = ReLoBRaLoGrad([parameter], 2, [])
        assert float(fresh({"data": parameter**2, "more": parameter}, 0)) == 6


def test_it_is_compiled_around():
    parameters = problem()
    balance = ReLoBRaLoGrad(parameters, 3, EQUATIONS, every=5)

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
        ({"every": 0}, ValueError, "`every` must be at least 1. Found `every = 0`"),
        ({"every": 2.5}, TypeError, "`every` must be an integer"),
        (
            {"equations": "pde"},
            TypeError,
            "`equations` must be a list of names of loss terms. Found `equations = 'pde'`",
        ),
        ({"equations": None}, TypeError, "`equations` must be a list of names of loss terms. Found `equations = None`"),
        ({"bound": 0.5}, ValueError, r"`bound` must be in \[1, inf\). Found `bound = 0.5`"),
    ],
)
def test_bad_options_are_named(options, error, message):
    with pytest.raises(error, match=message):
        ReLoBRaLoGrad(**{"params": problem(), "num_losses": 3, "equations": EQUATIONS, **options})


def test_other_units_on_resume_scale_what_began_and_have_the_gradients_looked_at():
    """Micro-batches scale the first losses, static weights do not; either way the known norms are of other units."""
    parameters = problem()
    first = ReLoBRaLoGrad(parameters, 3, EQUATIONS, every=5)
    train(first, parameters, 2)
    for options, factor in (({}, 0.5), ({"weights": {"walls": 4.0}}, 1.0), ({}, 1.0)):
        second = ReLoBRaLoGrad(parameters, 3, EQUATIONS, every=5, **options)
        second.scale = factor
        second.load_state_dict(first.state_dict())
        assert second.init_losses.tolist() == pytest.approx((factor * first.init_losses).tolist())
        # The control is the last of them: nothing has changed.
        assert int(second.state_dict()["moves"]) == (2 if not options and factor == 1 else 0)
