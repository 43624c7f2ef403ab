import math

import numpy as np
import oracle
import pytest
import torch

from modulus_relobralo.balancing import draws

SIGMAS = 4


def sample(probability, seed=0, size=10_000):
    state = torch.tensor(draws.initial_state(seed))
    multiplier, increment = torch.tensor(draws.MULTIPLIER), torch.tensor(draws.INCREMENT)
    below = torch.tensor(draws.threshold(probability))
    return np.array([bool(draws.draw(state, multiplier, increment, below)) for _ in range(size)])


def test_seed_is_mixed_as_published():
    # The first output of splitmix64 for the seed 1234567, as commonly printed with the algorithm.
    assert draws.initial_state(1234567) % 2**64 == oracle.splitmix64(1234567) == 6457827717110365317


@pytest.mark.parametrize("seed", [0, 1, 2**63, 2**64 - 1])
def test_seed_of_any_size_fits_int64(seed):
    assert torch.tensor(draws.initial_state(seed)).dtype == torch.int64


@pytest.mark.parametrize("probability", [0.01, 0.3, 0.5, 0.99])
def test_mean_is_the_probability(probability):
    drawn = sample(probability)
    assert abs(drawn.mean() - probability) < SIGMAS * math.sqrt(probability * (1 - probability) / drawn.size)


@pytest.mark.parametrize("probability", [0.5, 0.9])
@pytest.mark.parametrize("lag", [1, 2, 3, 64])
def test_draws_are_not_correlated(probability, lag):
    drawn = sample(probability) - probability
    correlation = (drawn[lag:] * drawn[:-lag]).mean() / (probability * (1 - probability))
    assert abs(correlation) < SIGMAS / math.sqrt(drawn.size)


def test_neighbouring_seeds_are_not_correlated():
    streams = [sample(0.5, seed) - 0.5 for seed in range(3)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert abs((streams[one] * streams[other]).mean() / 0.25) < SIGMAS / math.sqrt(10_000)


def test_extremes_are_certain():
    assert sample(1.0, size=2000).all()
    assert not sample(0.0, size=2000).any()
    # The largest and smallest of all states: no number lies below the smallest.
    assert draws.threshold(0.0) == -(2**63)
    assert draws.threshold(1.0) == 2**63 - 1


def test_sequence_is_that_of_the_generator_in_python_integers():
    assert sample(0.7, seed=5, size=1000).tolist() == oracle.keeps(5, 0.7, 1000)


def test_draw_moves_the_state_in_place():
    state = torch.tensor(draws.initial_state(0))
    address, before = state.data_ptr(), int(state)
    draws.draw(state, torch.tensor(draws.MULTIPLIER), torch.tensor(draws.INCREMENT), torch.tensor(0))
    assert state.data_ptr() == address
    assert int(state) != before
