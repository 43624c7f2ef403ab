"""Gradient balancing in data-parallel training: two processes under gloo."""

import pytest
import torch
from rank_processes import RANKS, on_ranks

from modulus_relobralo import ReLoBRaLoGrad

STEPS = 9
OPTIONS = {"equations": ["pde"], "every": 3}


def losses_of(parameters, rank, step):
    """Return terms whose gradients are 2 c a: those of rank 1 pull harder, and one of them is once not finite."""
    factors = torch.rand(2, generator=torch.Generator().manual_seed(10 * rank + step)) + 1 + 2 * rank
    losses = {"pde": 20 * factors[0] * parameters[0] ** 2, "walls": factors[1] * parameters[1] ** 2}
    losses = {**losses, "walls": losses["walls"] * torch.nan} if (rank, step) == (1, 3) else losses
    # Ranks have them in different orders.
    return losses if rank == 0 else dict(reversed(losses.items()))


def parameters_of(step):
    return [torch.nn.Parameter(torch.tensor(value * 0.6**step)) for value in (1.0, 2.0)]


def work(rank):
    parameters, weights = parameters_of(0), []
    balance = ReLoBRaLoGrad(parameters, 2, **OPTIONS)
    for step in range(STEPS):
        for parameter, value in zip(parameters, parameters_of(step), strict=True):
            parameter.data.copy_(value.data)
        balance(losses_of(parameters, rank, step), step)
        weights.append(balance.lmbda_ema.clone())
    return {"weights": torch.stack(weights), "norms": balance.log_norms}


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    return on_ranks(work, tmp_path_factory.mktemp("ranks"))


def test_ranks_have_the_same_weights_at_every_step(ranks):
    assert torch.equal(ranks[0]["weights"], ranks[1]["weights"])
    assert ranks[0]["weights"].unique(dim=0).shape[0] == STEPS // OPTIONS["every"]


def test_a_rank_that_is_not_finite_stops_no_other(ranks):
    weights = ranks[0]["weights"]
    assert torch.isfinite(weights).all()
    assert not torch.equal(weights[3], weights[2])
    assert not torch.equal(weights[6], weights[5])


def test_norms_are_the_geometric_mean_of_those_of_the_ranks(ranks):
    expected = None
    for step in range(0, STEPS, OPTIONS["every"]):
        logs = []
        for rank in range(RANKS):
            parameters = parameters_of(step)
            losses = [losses_of(parameters, rank, step)[name] for name in ("pde", "walls")]
            found = [torch.autograd.grad(loss, p)[0].abs().log() for loss, p in zip(losses, parameters, strict=True)]
            logs.append(torch.stack(found))
        mean = torch.stack(logs).mean(dim=0)
        expected = mean if expected is None else torch.where(torch.isfinite(mean), mean, expected)
    for state in ranks:
        torch.testing.assert_close(state["norms"], expected, rtol=1e-5, atol=1e-5)
