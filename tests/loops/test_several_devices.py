"""Data-parallel training of loss terms: two processes under gloo."""

import pytest
import torch
from rank_processes import RANKS, on_ranks
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from modulus_relobralo.loops import LossTerms, samples
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate


def terms_of(rank):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    plate = RectangularPlate(2, 1, KirchhoffPlate(D=1, nu=0.3, p=1), "simply_supported")
    return LossTerms(plate, samples(plate, interior=16, edge=4), network, seed=rank, compiled=False)


def work(rank):
    terms = terms_of(rank)
    parallel = DistributedDataParallel(terms)
    sum(parallel(terms.draw(0)).values()).backward()
    return [parameter.grad for parameter in terms.network.parameters()]


def gradients(rank):
    terms = terms_of(rank)
    return torch.autograd.grad(sum(terms(terms.draw(0)).values()), terms.network.parameters())


def test_ranks_see_points_of_their_own_and_the_mean_of_their_gradients(tmp_path):
    found = on_ranks(work, tmp_path)
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)
    alone = [gradients(rank) for rank in range(RANKS)]
    expected = [(a + b) / 2 for a, b in zip(*alone, strict=True)]
    torch.testing.assert_close(found[0], expected, rtol=1e-9, atol=1e-12)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(found[0], list(alone[0]), rtol=1e-3, atol=0)
