"""Gradient balancing in data-parallel training: two processes under gloo."""

import datetime

import pytest
import torch
import torch.distributed as dist
from rank_processes import spawn

from modulus_relobralo import ReLoBRaLoGrad

STEPS, RANKS = 9, 2
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


def follow(balance, parameters, losses, step):
    """Let a balancing see the parameters of a step, and return its weights."""
    with torch.no_grad():
        for parameter, value in zip(parameters, parameters_of(step), strict=True):
            parameter.copy_(value)
    balance(losses(step), step)
    return balance.lmbda_ema.clone()


def work(rank, folder):
    torch.set_num_threads(1)
    timeout = datetime.timedelta(seconds=60)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=RANKS, timeout=timeout)
    parameters = parameters_of(0)
    balance = ReLoBRaLoGrad(parameters, 2, **OPTIONS)
    weights = [follow(balance, parameters, lambda at: losses_of(parameters, rank, at), step) for step in range(STEPS)]
    torch.save({"weights": torch.stack(weights), "norms": balance.log_norms}, f"{folder}/rank{rank}.pth")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    spawn(work, (str(folder),), RANKS)
    return [torch.load(folder / f"rank{rank}.pth", weights_only=True) for rank in range(RANKS)]


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
