"""A step of a loop: every optimizer is called as it wants to be."""

import pytest
import torch
from torch import nn

from modulus_relobralo import LBFGS, SOAP, NaturalGradient, ReLoBRaLo
from modulus_relobralo.balancing import Sum
from modulus_relobralo.loops import LossTerms, samples, take_step
from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave

OPTIMIZERS = {
    "adam": lambda parameters: torch.optim.Adam(parameters, 1e-3),
    "lbfgs": lambda parameters: LBFGS(parameters, max_iter=5),
    "natural gradients": NaturalGradient,
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("scheme", [Sum, ReLoBRaLo])
def test_a_step_lowers_the_loss_and_returns_the_terms_before_it(optimizer, scheme):
    torch.manual_seed(0)
    wave = HelmholtzRectangle(1, 1, HelmholtzWave(k=2, source=1))
    network = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    terms = LossTerms(wave, samples(wave, interior=32, edge=8), network, compiled=False)
    balance, points = scheme([], 2), terms.draw(0)
    before = {name: loss.detach() for name, loss in terms(points).items()}
    made = OPTIMIZERS[optimizer](network.parameters())
    losses, loss = take_step(made, terms, balance, points, 0)
    torch.testing.assert_close(losses, before)
    torch.testing.assert_close(loss, sum(before.values()))  # of a first step: all weights are 1
    assert not loss.requires_grad
    assert sum(terms(points).values()) < 0.9999 * loss
    # However often the optimizer asks, the balancing takes one step.
    if scheme is ReLoBRaLo:
        take_step(made, terms, balance, points, 1)
        assert int(balance._moves) == 2


def squares(points):
    """Loss terms that are none of this package."""
    weight, x = points
    return {"data": (weight * x - 1).square().mean(), "size": weight.square().sum()}


@pytest.mark.parametrize("optimizer", [OPTIMIZERS["adam"], OPTIMIZERS["lbfgs"], SOAP])
def test_takes_loss_terms_of_ones_own(optimizer):
    weight = nn.Parameter(torch.tensor([3.0]))
    points, made = (weight, torch.linspace(0, 1, 5)), optimizer([weight])
    # Of two, as the first step of SOAP moves nothing.
    first, _ = (take_step(made, squares, Sum([], 2), points, step)[1] for step in range(2))
    assert sum(squares(points).values()) < first


def test_natural_gradients_refuse_other_terms_by_name():
    weight = nn.Parameter(torch.tensor([3.0]))
    with pytest.raises(TypeError, match=r"`terms` must be LossTerms.* Found function\."):
        take_step(NaturalGradient([weight]), squares, Sum([], 2), (weight, torch.ones(2)), 0)
