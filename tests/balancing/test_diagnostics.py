"""Negative loss terms, and one that holds nearly all of the weight for long."""

import logging

import pytest
import torch
from kinds import eager, scripted

from modulus_relobralo import ReLoBRaLo
from modulus_relobralo.balancing.checks import check_not_negative
from modulus_relobralo.balancing.diagnostics import EVERY, STEPS, find_holder

both = pytest.mark.parametrize("kind", [eager, scripted])
ERRORS = (ValueError, RuntimeError)  # a scripted module turns every error into one that quotes it


def named(*values):
    return {name: torch.tensor(float(value)) for name, value in zip(("pde", "walls", "x_moment"), values, strict=False)}


def state(aggregator):
    names = ("init_losses", "prev_losses", "lmbda_ema")
    return {name: getattr(aggregator, name).tolist() for name in names}


# ----- negative loss terms


@both
@pytest.mark.parametrize("as_step", [int, torch.tensor, None], ids=["int", "tensor", "omitted"])
def test_a_later_one_moves_nothing_and_is_named_within_a_hundred_steps(kind, as_step):
    aggregator = kind(ReLoBRaLo([], 3))
    step = 0

    def call(*values):
        nonlocal step
        aggregator(named(*values), *([] if as_step is None else [as_step(step)]))
        step += 1

    for _ in range(5):
        call(1.0, 2.0, 3.0)
    before = state(aggregator)
    call(-0.5, 2.0, -7.0)
    assert state(aggregator) == before
    while step < EVERY - 1:
        call(1.0, 2.0, 3.0)
    with pytest.raises(ERRORS, match=r"Found `pde` = -0.5, `x_moment` = -7\."):
        call(1.0, 2.0, 3.0)


@both
def test_what_is_not_finite_or_zero_is_not_negative(kind):
    aggregator = kind(ReLoBRaLo([], 2))
    for step, value in enumerate([0.0, -0.0, float("nan"), float("inf"), 1.0]):
        aggregator(named(1.0, value), step)
    aggregator.inspect()
    # And hides none that follows.
    aggregator(named(1.0, -2.0), 5)
    with pytest.raises(ValueError, match="Found `walls` = -2"):
        aggregator.inspect()


def test_static_weights_do_not_hide_it():
    with pytest.raises(ValueError, match="Found `walls` = -2"):
        ReLoBRaLo([], 2, weights={"walls": 0.0})(named(1.0, -2.0))


def test_a_resumed_run_is_looked_at_anew():
    first, second = ReLoBRaLo([], 2), ReLoBRaLo([], 2)
    first(named(1.0, 2.0))
    second.load_state_dict(first.state_dict())
    with pytest.raises(ValueError, match="Found `pde` = -1"):
        second(named(-1.0, 2.0))


def test_lowest_values_are_checked_by_name():
    check_not_negative(["pde", "walls"], [0.0, float("nan")])
    with pytest.raises(ValueError, match=r"Found `walls` = -2\."):
        check_not_negative(["pde", "walls"], [0.0, -2.0])


# ----- one that holds the weight


def drive(aggregator, rows, steps):
    """Call with two terms: the second starts at rows[0] and stays at rows[1]."""
    first, later = rows
    for step in range(steps):
        value = first if step == 0 else later
        aggregator(named(1.0 / (1 + step), value), step)


@both
def test_a_small_first_loss_is_said_once_with_its_name(kind, caplog):
    aggregator = kind(ReLoBRaLo([], 2))
    with caplog.at_level(logging.WARNING):
        drive(aggregator, (0.01, 1.0), STEPS)
        assert caplog.records == []
        drive_on(aggregator, 1.0, STEPS, 3 * STEPS)
    (record,) = caplog.records
    assert "Loss term `walls` has held more than 90% of the weight for 1000 steps" in record.message
    assert "it was 0.01 at the first step and is 1" in record.message
    assert "`temperature`" in record.message
    assert "`loss: sum`" in record.message


def drive_on(aggregator, value, first, last):
    for step in range(first, last):
        aggregator(named(1.0 / (1 + step), value), step)


def test_a_term_below_its_first_value_is_none(caplog):
    with caplog.at_level(logging.WARNING):
        drive(ReLoBRaLo([], 2), (1.0, 0.99), 2 * STEPS)
    assert caplog.records == []


def test_a_term_that_began_with_nothing_is_none(caplog):
    with caplog.at_level(logging.WARNING):
        drive(ReLoBRaLo([], 2), (0.0, 1.0), 2 * STEPS)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("weights", "initial", "losses", "holder"),
    [
        ([0.1, 1.9], [1.0, 1.0], [0.5, 2.0], 1),
        ([1.9, 0.1], [1.0, 1.0], [2.0, 0.5], 0),
        ([0.3, 1.7], [1.0, 1.0], [0.5, 2.0], -1),  # 85 %
        ([0.1, 1.9], [1.0, 2.0], [0.5, 2.0], -1),  # no more than at first
        ([1.0], [1.0], [2.0], -1),  # a single term always holds all
    ],
)
def test_who_holds_the_weight(weights, initial, losses, holder):
    assert find_holder(weights, initial, losses) == holder


# ----- loss terms that start far apart


@both
@pytest.mark.parametrize(
    ("values", "warned"),
    [((1e7, 1.0, 3.0), 1), ((1e5, 1.0, 3.0), 0), ((1e5, 0.0, 3.0), 0)],
    ids=["far", "near", "zero"],
)
def test_terms_that_start_far_apart_are_said_once(kind, values, warned, caplog):
    aggregator = kind(ReLoBRaLo([], 3))
    for step in range(3):
        aggregator(named(*values), step)
        aggregator.inspect()
    said = [record.getMessage() for record in caplog.records if "times apart" in record.getMessage()]
    assert len(said) == warned
    assert all("`walls` at 1, `pde` at 1e+07" in message for message in said)
