"""Data-parallel training: two processes under gloo (the host itself trains several processes on CUDA only)."""

import pytest
import torch
import torch.distributed as dist
from kinds import eager, scripted
from rank_processes import RANKS, on_ranks

from modulus_relobralo import ReLoBRaLo, ReLoBRaLoGrad
from modulus_relobralo.ranks import count_ranks

STEPS, ALONE, NAMES = 12, 2, ("pde", "walls", "x_moment")
PARAMETERS = {"alpha": 0.6, "rho": 0.5, "temperature": 0.5}


def losses_of(rank, step):
    values = torch.rand(len(NAMES), generator=torch.Generator().manual_seed(100 * rank + step)).add_(0.1)
    if (rank, step) == (1, 6):
        values[1] = torch.nan
    return values


def named(values, rank=0):
    """Return loss terms by name; ranks have them in different orders."""
    terms = list(zip(NAMES, values.unbind(), strict=True))
    return dict(terms[rank:] + terms[:rank])


def alone_for(steps, seed=7):
    """Return a balancing that has worked by itself, in one process."""
    torch.manual_seed(seed)
    alone = ReLoBRaLo([], len(NAMES), **PARAMETERS)
    for step in range(steps):
        alone(named(losses_of(0, step)), step)
    return alone


def work(rank, kind, seeded, alone):
    aggregator = kind(seeded[rank])
    collectives = []
    all_reduce = dist.all_reduce
    dist.all_reduce = lambda tensor, *args, **kwargs: collectives.append(1) or all_reduce(tensor, *args, **kwargs)
    weights, totals = [], []
    for step in range(STEPS):
        totals.append(aggregator(named(losses_of(rank, step), rank), step))
        weights.append(aggregator.lmbda_ema.clone())
    # A checkpoint of a run in one process goes on in two.
    resumed = kind(alone)
    resumed.load_state_dict(resumed.state_dict())
    for step in range(ALONE, ALONE + 3):
        resumed(named(losses_of(rank, step), rank), step)
    return {
        "weights": torch.stack(weights),
        "totals": torch.stack(totals),
        "collectives": len(collectives),
        "resumed": resumed.lmbda_ema,
    }


@pytest.fixture(scope="module", params=[eager, scripted])
def ranks(request, tmp_path_factory):
    # Made before the processes meet, as a script may do. Ranks that were seeded differently draw differently, left to
    # themselves.
    seeded = [alone_for(0, seed=rank) for rank in range(RANKS)]
    return on_ranks(work, tmp_path_factory.mktemp("ranks"), request.param, seeded, alone_for(ALONE))


def test_ranks_have_the_same_weights_at_every_step(ranks):
    assert torch.equal(ranks[0]["weights"], ranks[1]["weights"])
    assert ranks[0]["weights"].unique(dim=0).shape[0] > STEPS - 3


def test_weights_are_those_of_the_mean_loss_and_the_draws_of_rank_0(ranks):
    alone = alone_for(0, seed=0)
    for step in range(STEPS):
        alone(named(torch.stack([losses_of(rank, step) for rank in range(RANKS)]).mean(dim=0)), step)
        torch.testing.assert_close(ranks[0]["weights"][step], alone.lmbda_ema, rtol=1e-5, atol=1e-6)


def test_a_rank_that_is_not_finite_stops_no_other(ranks):
    for state in ranks:
        assert torch.equal(state["weights"][6], state["weights"][5])
        assert not torch.equal(state["weights"][7], state["weights"][6])


def test_the_loss_is_of_the_ranks_own_terms(ranks):
    for rank, state in enumerate(ranks):
        for step in (0, 3, 9):
            expected = torch.dot(losses_of(rank, step), state["weights"][step])
            torch.testing.assert_close(state["totals"][step], expected)


def test_one_collective_per_step(ranks):
    assert [state["collectives"] for state in ranks] == [STEPS + 3, STEPS + 3]


def test_a_run_of_one_process_goes_on_in_two(ranks):
    assert torch.equal(ranks[0]["resumed"], ranks[1]["resumed"])
    alone = alone_for(0)
    for step in range(ALONE + 3):
        of = [losses_of(rank, step) for rank in range(RANKS if step >= ALONE else 1)]
        alone(named(torch.stack(of).mean(dim=0)), step)
    torch.testing.assert_close(ranks[0]["resumed"], alone.lmbda_ema, rtol=1e-5, atol=1e-6)


def test_one_process_needs_no_collective(monkeypatch):
    assert count_ranks() == 1
    monkeypatch.setattr(dist, "all_reduce", lambda *args: pytest.fail("a collective in one process"))
    ReLoBRaLo([], 1)({"pde": torch.ones(())}, 0)


# ----- loss terms that ranks have by other names, or that one of them refuses

FAULTS = {
    "other names": (
        lambda rank: {"a": 1.0, "c" if rank else "b": 2.0},
        "Found, by rank, {0: ['a', 'b'], 1: ['a', 'c']}",
    ),
    "one more": (
        lambda rank: dict.fromkeys("abc"[: 2 + rank], 1.0),
        "Found, by rank, {0: ['a', 'b'], 1: ['a', 'b', 'c']}",
    ),
    "a negative one": (lambda rank: {"a": 1.0, "b": 1.0 - 2 * rank}, "Loss terms must not be negative"),
}


def refuse(rank, kind):
    said = {}
    for fault, (values, _) in FAULTS.items():
        parameter = torch.nn.Parameter(torch.ones(()))
        for new in (ReLoBRaLo([], 2), ReLoBRaLoGrad([parameter], 2, ["a"])):
            balance = kind(new)
            try:
                balance({name: value * parameter for name, value in values(rank).items()}, 0)
            except (ValueError, RuntimeError) as error:
                said[f"{fault}, {balance._kind}"] = str(error)
    return said


@pytest.mark.parametrize("kind", [eager, scripted])
def test_all_ranks_refuse_what_one_of_them_has_to(kind, tmp_path):
    """None is left waiting for the others, and none balances terms of another name."""
    found = on_ranks(refuse, tmp_path, kind)
    for fault, (_, message) in FAULTS.items():
        for name in ("ReLoBRaLo", "ReLoBRaLoGrad"):
            for rank, said in enumerate(found):
                assert message in said[f"{fault}, {name}"], (fault, name, rank)
    assert "Rank 1 stopped: Loss terms" in found[0]["a negative one, ReLoBRaLo"]
