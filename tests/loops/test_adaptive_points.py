import pytest
import torch
from sympy import Function, Symbol

from modulus_relobralo.loops import AdaptivePoints, LossTerms, samples
from modulus_relobralo.problems import Interval, Problem

X, T = Symbol("x"), Symbol("t")
U = Function("u")(X, T)


def layer():
    """Return a network that goes from one level to another at x = 0.9: its slope vanishes elsewhere."""
    network = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Tanh(), torch.nn.Linear(1, 1)).double()
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[100.0, 0.0]]))
        network[0].bias.fill_(-90.0)
    return network


def terms(count=200, seed=0):
    torch.manual_seed(0)
    problem = Problem(Interval(0, 1), time=(0, 1), equations={"slope": U.diff(X)}, conditions={"left, right": {"u": 0}})
    return LossTerms(problem, samples(problem, interior=count, edge=20), layer(), seed=seed, compiled=False)


def test_half_of_the_points_lie_where_the_residual_is():
    held = terms()
    values, areas = AdaptivePoints(held).draw(0)["interior"]
    near = ((values["x"] - 0.9).abs() < 0.05).double().mean()
    assert 0.5 < near < 0.6
    assert ((held.draw(0)["interior"].values["x"] - 0.9).abs() < 0.05).double().mean() < 0.2  # evenly drawn ones
    assert areas.shape == (200, 1)
    assert areas.dtype == torch.float64


def test_losses_are_estimates_of_the_same_integrals():
    held = terms()
    points = AdaptivePoints(held)
    found = torch.stack([torch.stack([*held(points.draw(step)).values()]) for step in range(60)]).detach()
    evenly = torch.stack([*held(held.draw(0, times=500)).values()]).detach()
    torch.testing.assert_close(found.mean(dim=0), evenly, rtol=0.03, atol=0)
    # That is what the points are for: evenly drawn ones say less of the integral.
    plain = torch.stack([held(held.draw(step))["slope"] for step in range(60)]).detach()
    assert found[:, 0].std() < plain.std() / 4


def test_a_step_is_drawn_from_the_seed_the_step_and_the_network():
    first, again, other = (AdaptivePoints(terms(seed=seed)) for seed in (0, 0, 1))
    for step in (0, 1, 20):
        drawn = first.draw(step)["interior"].values["x"]
        assert torch.equal(again.draw(step)["interior"].values["x"], drawn)
        assert not torch.equal(other.draw(step)["interior"].values["x"], drawn)
    assert torch.equal(AdaptivePoints(terms()).draw(20)["interior"].values["x"], drawn)


def test_new_candidates_see_the_network_as_it_is():
    held = terms()
    points = AdaptivePoints(held, every=3)
    for step in range(4):
        if step == 1:
            with torch.no_grad():
                held.network[0].bias.fill_(-30.0)
        near = ((points.draw(step)["interior"].values["x"] - 0.3).abs() < 0.05).double().mean()
        assert (near > 0.5) == (step == 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fraction": 1}, r"Parameter `fraction` must be in \[0, 1\). Found `fraction = 1`"),
        ({"every": 0}, "Parameter `every` must be at least 1. Found `every = 0`"),
        ({"candidates": 1.5}, "Parameter `candidates` must be an integer. Found `candidates = 1.5`"),
    ],
    ids=repr,
)
def test_refuses(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        AdaptivePoints(terms(), **options)
