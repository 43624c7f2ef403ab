import math

import numpy as np
import oracle
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modulus_relobralo.balancing.equations import (
    NEGLIGIBLE,
    balance,
    fill_previous,
    find_growing,
    grow_initial,
    update_weights,
)

EPS = 1e-12
# Zero, what float32 can hold of 1e-30 to 1e30, its largest number, and infinity.
EXTREMES = st.one_of(
    st.just(0.0),
    st.floats(-30, 30).map(lambda exponent: 10.0**exponent),
    st.sampled_from([1e-45, 3.4e38, math.inf]),
)
ORDINARY = st.floats(1e-3, 1e3)


def tensor(values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype)


def bal(losses, reference, temperature=0.1, eps=EPS):
    return balance(tensor(losses), tensor(reference), tensor(temperature), tensor(eps), tensor(float(len(losses))))


def run(losses, keeps, alpha=0.999, temperature=0.1, dtype=torch.float64):
    """Drive the pure functions through the calls of a training: the phases are the test's, not the package's."""
    losses = tensor(losses, dtype)
    weights, history = torch.ones_like(losses[0]), []
    for call, keep in enumerate(keeps):
        memory, keep = {0: (1.0, True), 1: (0.0, True)}.get(call, (alpha, keep))
        previous = losses[max(call - 1, 0)]
        constants = (torch.tensor(keep), *(tensor(c, dtype) for c in (memory, temperature, EPS, losses.shape[1])))
        weights = update_weights(weights, losses[call], losses[0], previous, *constants)
        history.append(weights)
    return torch.stack(history)


ANY_NUMBER = st.integers(1, 6)


def rows(values, terms=ANY_NUMBER):
    """Matrices of losses: some calls, the same number of terms in each."""
    return terms.flatmap(lambda m: st.lists(st.lists(values, min_size=m, max_size=m), min_size=3, max_size=8))


def test_balance_by_hand():
    # L/(T L') = (2/(1*1), 3/(1*3)) = (2, 1): the shares are e^2 and e^1.
    e = math.e
    torch.testing.assert_close(
        bal([2.0, 3.0], [1.0, 3.0], temperature=1.0), tensor([2 * e / (e + 1), 2 / (e + 1)]), rtol=1e-11, atol=0
    )


def test_three_steps_of_two_losses_by_hand():
    """Losses (1, 1), (2, 1), (2, 2) with T = 1, alpha = 1/2.

    Second call against (1, 1): ratios (2, 1). Third against (2, 1): ratios (1, 2); against (1, 1): ratios (2, 2).
    """
    e = math.e
    large, small = 2 * e / (e + 1), 2 / (e + 1)
    losses = [[1.0, 1.0], [2.0, 1.0], [2.0, 2.0]]
    kept = run(losses, [True, True, True], alpha=0.5, temperature=1.0)
    torch.testing.assert_close(kept[0], tensor([1.0, 1.0]), rtol=0, atol=0)
    torch.testing.assert_close(kept[1], tensor([large, small]), rtol=1e-11, atol=0)
    torch.testing.assert_close(kept[2], tensor([1.0, 1.0]), rtol=1e-11, atol=0)  # (large + small) / 2
    looked_back = run(losses, [True, True, False], alpha=0.5, temperature=1.0)
    torch.testing.assert_close(looked_back[2], tensor([0.5 + small / 2, 0.5 + large / 2]), rtol=1e-11, atol=0)


@pytest.mark.parametrize("terms", [1, 2, 3, 9, 50])
@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.999, 1.0])
def test_matches_the_article_in_float64(terms, alpha):
    losses = oracle.random_losses(200, terms)
    keeps = np.random.default_rng(1).uniform(size=200) < 0.9
    expected = oracle.trajectory(losses, keeps, alpha)
    np.testing.assert_allclose(run(losses, keeps.tolist(), alpha).numpy(), expected, rtol=1e-11)


def test_a_lookback_is_seen():
    """The control of the test above: the draws matter to the numbers that it compares."""
    losses = oracle.random_losses(50, 3)
    kept, looked_back = (oracle.trajectory(losses, [keep] * 50) for keep in (True, False))
    assert np.abs(kept - looked_back).max() > 0.1


def test_rows_of_references_are_balanced_one_by_one():
    losses, one, other = tensor([1.0, 2.0]), tensor([2.0, 2.0]), tensor([1.0, 4.0])
    constants = tensor(0.1), tensor(EPS), tensor(2.0)
    both = balance(losses, torch.stack([one, other]), *constants)
    assert torch.equal(both[0], balance(losses, one, *constants))
    assert torch.equal(both[1], balance(losses, other, *constants))


@settings(deadline=None)
@given(rows(ORDINARY), st.data())
def test_weights_sum_to_the_number_of_terms_at_every_step(losses, data):
    keeps = data.draw(st.lists(st.booleans(), min_size=len(losses), max_size=len(losses)))
    weights = run(losses, keeps)
    torch.testing.assert_close(weights.sum(1), torch.full((len(losses),), float(len(losses[0])), dtype=torch.float64))


@settings(deadline=None)
@given(rows(ORDINARY), st.data())
def test_permuting_terms_permutes_weights(losses, data):
    order = data.draw(st.permutations(range(len(losses[0]))))
    keeps = data.draw(st.lists(st.booleans(), min_size=len(losses), max_size=len(losses)))
    permuted = run([[row[i] for i in order] for row in losses], keeps)
    torch.testing.assert_close(permuted, run(losses, keeps)[:, order])


@settings(deadline=None)
@given(rows(ORDINARY, terms=st.just(3)), st.lists(st.floats(1e-2, 1e3), min_size=3, max_size=3))
def test_scaling_a_term_from_the_start_changes_no_weight(losses, factors):
    keeps = [True, False] * len(losses)
    scaled = run((np.array(losses) * factors).tolist(), keeps[: len(losses)])
    # eps of 1e-12 beside 0.1 * 1e-5, the smallest T * L' here, moves a ratio by 1e-6 of itself; ratios that matter
    # to a softmax are its differences, up to 1e7 here, of which only those of the order of 1 move a weight.
    torch.testing.assert_close(scaled, run(losses, keeps[: len(losses)]), rtol=1e-4, atol=1e-4)


@settings(deadline=None, max_examples=300)
@given(rows(EXTREMES), st.data())
def test_extreme_losses_leave_weights_finite_and_non_negative(losses, data):
    keeps = data.draw(st.lists(st.booleans(), min_size=len(losses), max_size=len(losses)))
    weights = run(losses, keeps, dtype=torch.float32)
    assert torch.isfinite(weights).all()
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(1), torch.full((len(losses),), float(len(losses[0]))))


@pytest.mark.parametrize("losses", [[0.0, 0.0], [0.0, 1.0], [1e30, 1e-30]])
@pytest.mark.parametrize("reference", [[0.0, 0.0], [0.0, 1.0], [1e30, 1e-30]])
def test_zeros_and_extremes_by_pairs(losses, reference):
    weights = balance(*(torch.tensor(v) for v in (losses, reference, 0.1, EPS, 2.0)))
    assert torch.isfinite(weights).all()
    assert float(weights.sum()) == pytest.approx(2.0)


def test_a_term_that_is_zero_twice_counts_as_solved():
    weights = bal([0.0, 1.0], [0.0, 1.0])
    assert float(weights[0]) == pytest.approx(2 / (1 + math.exp(10)), rel=1e-9)


# ----- reference losses of zero


def references(rows):
    """Return what the first losses are taken to be at every call, and which terms began with zero."""
    rows = tensor(rows)
    initial, growing, history = rows[0], torch.zeros(rows.shape[1], dtype=torch.bool), []
    for losses in rows:
        growing = find_growing(growing, losses, initial, tensor(NEGLIGIBLE))
        initial = grow_initial(growing, losses, initial)
        history.append(initial.tolist())
    return history, growing.tolist()


def test_a_term_that_begins_with_zero_is_measured_from_its_largest_value():
    history, growing = references([[0.0, 2.0], [0.0, 1.0], [1e-9, 3.0], [5.0, 4.0], [3.0, 1.0], [6.0, 0.0], [0.0, 9.0]])
    assert [first for first, _ in history] == [0.0, 0.0, 1e-9, 5.0, 5.0, 6.0, 6.0]
    assert [second for _, second in history] == [2.0] * 7
    assert growing == [True, False]


def test_a_term_that_grows_within_reason_keeps_its_first_value():
    """The article's formula means something there: a part of NEGLIGIBLE is the boundary."""
    history, growing = references([[1.0, 1.0], [0.99 / NEGLIGIBLE, 1.01 / NEGLIGIBLE], [0.5 / NEGLIGIBLE, 1.0]])
    assert [first for first, _ in history] == [1.0] * 3
    assert [second for _, second in history] == [1.0, 1.01 / NEGLIGIBLE, 1.01 / NEGLIGIBLE]
    assert growing == [False, True]


def test_where_both_are_zero():
    assert references([[1e-7, 1e-5], [1.0, 1.0]]) == ([[1e-7, 1e-5], [1.0, 1e-5]], [True, False])


def test_a_previous_loss_of_zero_is_no_progress():
    losses = tensor([3.0, 3.0, 0.0, 3.0])
    previous = tensor([0.0, 2.9 * NEGLIGIBLE, 0.0, 3.1 * NEGLIGIBLE])
    assert fill_previous(losses, previous, tensor(NEGLIGIBLE)).tolist() == [3.0, 3.0, 0.0, 3.1 * NEGLIGIBLE]


@settings(deadline=None)
@given(rows(ORDINARY))
def test_ordinary_losses_are_left_as_they_are(losses):
    """To the last digit: within a factor of a million nothing is taken otherwise than in the article."""
    now, before = tensor(losses[0]), tensor(losses[1])
    growing = find_growing(torch.zeros(len(losses[0]), dtype=torch.bool), now, before, tensor(NEGLIGIBLE))
    assert not growing.any()
    assert torch.equal(grow_initial(growing, now, before), before)
    assert torch.equal(fill_previous(now, before, tensor(NEGLIGIBLE)), before)
