"""Natural gradients of several processes: two under gloo, each with half of the points."""

import pytest
import torch
from rank_processes import RANKS, on_ranks
from small_problems import Small
from torch import nn

from modulus_relobralo import NaturalGradient, ReLoBRaLoGrad
from modulus_relobralo.loops import LossTerms, samples, take_step
from modulus_relobralo.optimizers import Pointwise, gauss_newton
from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave

STEPS = 6


def batches(small, step, ranks):
    """Return the points of a step that those of `ranks` have: the first of two points of six, the second of four."""
    order = torch.randperm(6, generator=torch.Generator().manual_seed(step // 2))
    inside = torch.cat([order[:2] if rank == 0 else order[2:] for rank in ranks])
    walls = torch.cat([torch.arange(2) + 2 * rank for rank in ranks])
    share = 1 / len(ranks)
    weights = {"equation": share * small.area[inside], "slope": 0.1 * share}
    return [
        Pointwise(small.equation, [small.x[inside]], weights, nested=small.nested),
        Pointwise(small.walls, [small.wall[walls], small.shift[walls]], {"u": share}, {"u": small.target[walls]}),
    ]


def train(ranks, options, nested):
    small = Small(nested)
    optimizer = NaturalGradient(small.parameters, **options)
    balance, losses, seen = ReLoBRaLoGrad(small.parameters, 3, ["equation"]), [], []
    gauss_newton.FORGETFUL = 0
    for step in range(STEPS):
        points = batches(small, step, ranks)
        traces = optimizer.traces(points)

        def note(terms, step=step, traces=traces):
            seen.append({name: float(term.detach()) for name, term in terms.items()})
            return balance(terms, step, traces)

        losses.append(float(optimizer.step(points, note)))
    return {
        "parameters": small.flat(),
        "losses": losses,
        "terms": seen,
        "counts": (optimizer.accepted, optimizer.refused, optimizer.damping),
        "slope": torch.cat([parameter.grad.reshape(-1) for parameter in small.parameters]),
    }


# The first overshoots, so that tries are refused; the last holds no whole Jacobian.
CASES = {
    "refused": ({"damping": 1e-10}, False),
    "forgetful": ({"forgetting": 0.0}, False),
    "by chunks, nested": ({"memory": 1e-9}, True),
}


def train_rank(rank):
    return {name: train([rank], *case) for name, case in CASES.items()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return on_ranks(train_rank, tmp_path_factory.mktemp("trained"))


@pytest.mark.parametrize("name", CASES)
def test_two_processes_take_the_steps_of_one_with_all_points(trained, monkeypatch, name):
    monkeypatch.setattr(gauss_newton, "FORGETFUL", 0)
    options, nested = CASES[name]
    found = [rank[name] for rank in trained]
    alone = train(list(range(RANKS)), {**options, "system": "primal"}, nested)
    assert all(torch.equal(rank["parameters"], found[0]["parameters"]) for rank in found)
    start = Small().flat()
    for rank in found:
        apart = (rank["parameters"] - alone["parameters"]).abs().max()
        assert apart < 1e-7 * (alone["parameters"] - start).abs().max()
        assert rank["counts"] == pytest.approx(alone["counts"])
        assert rank["losses"] == pytest.approx(alone["losses"], rel=1e-6)
        assert rank["terms"][0] == pytest.approx(alone["terms"][0])
        torch.testing.assert_close(rank["slope"], alone["slope"], rtol=1e-5, atol=1e-9)
    if name == "refused":
        assert alone["counts"][1] > 0
    # The control: half of the points give another network.
    assert (train([0], {**options, "system": "primal"}, nested)["parameters"] - alone["parameters"]).abs().max() > 1e-3


def terms_of(seed):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 1)).double()
    wave = HelmholtzRectangle(1, 1, HelmholtzWave(k=1, source=1))
    return LossTerms(wave, samples(wave, interior=32, edge=4), network, seed=seed, compiled=False)


def loop(rank):
    terms = terms_of(rank)
    optimizer, balance = NaturalGradient(terms.parameters()), ReLoBRaLoGrad(terms.parameters(), 2, ["helmholtz"])
    return [take_step(optimizer, terms, balance, terms.draw(step), step) for step in range(3)]


def test_a_loop_trains_with_points_of_each_process(tmp_path):
    first, second = on_ranks(loop, tmp_path)
    assert first == second
    start = [terms_of(rank)(terms_of(rank).draw(0)) for rank in range(RANKS)]
    for name, loss in first[0][0].items():
        assert float(loss) == pytest.approx(sum(float(terms[name].detach()) for terms in start) / RANKS)
    assert first[2][1] < 0.5 * first[0][1]


def refuse(rank):
    said = {}
    for fault in ("dual", "other parameters", "other names"):
        small = Small()
        if rank and fault == "other parameters":
            with torch.no_grad():
                small.parameters[3].add_(0.1)
        optimizer = NaturalGradient(small.parameters, system="dual" if fault == "dual" else "auto")
        some = batches(small, 0, [rank])
        if rank and fault == "other names":
            some[1] = Pointwise(small.walls, some[1].inputs, {"u": 1.0})
            some = some[1:]
        try:
            optimizer.step(some)
        except ValueError as error:
            said[fault] = str(error)
    return said


def test_what_cannot_be_shared_is_refused_by_all(tmp_path):
    for said in on_ranks(refuse, tmp_path):
        assert "need `system: primal` or `system: auto`" in said["dual"]
        assert "Found `system: dual` and 2 processes" in said["dual"]
        assert "All processes must train the same parameters" in said["other parameters"]
        assert "Found, by rank, {0: ['equation', 'slope', 'u'], 1: ['u']}" in said["other names"]
