"""What a step costs is told where it is too much, and only there."""

import logging

import pytest
import torch

from modulus_relobralo.optimizers import cost


@pytest.fixture
def told(caplog, monkeypatch):
    """Return what is said of a step on a machine of 40 GFLOP/s and 8 GiB."""
    monkeypatch.setattr(cost, "_speed", lambda like: 40e9)
    monkeypatch.setattr(cost, "_memory", lambda device: 8 * 2**30)

    def warned(*step):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            cost.warn_if_hopeless(*step, torch.zeros(1).double())
        return caplog.messages

    return warned


def test_the_least_is_that_of_the_products_and_the_factor(told):
    assert cost.least_seconds(100, 1000, torch.zeros(1)) == (1.25 * 100**2 * 1000 + 100**3 / 3) / 40e9


@pytest.mark.parametrize("step", [(800, 8577, False), (2625, 901, True), (100_000, 901, True)])
def test_nothing_is_said_of_a_step_of_seconds(told, step):
    assert told(*step) == []


def test_a_long_step_is_told_with_what_to_take(told):
    (message,) = told(2048, 1_315_329, False)
    assert "2048 rows by 1315329 parameters will take at least 172 s: the dual system has 2048 unknowns" in message
    assert "`optimizer: soap`" in message
    # The same rows in the larger system.
    (message,) = told(2048, 1_315_329, True)
    assert "primal system has 1315329 unknowns" in message
    assert "GiB of memory, where there are 8" in message


def test_too_much_memory_is_told_where_the_time_would_be_there(told):
    (message,) = told(20_000, 100, False)
    assert "will take at least 68 s and 9 GiB of memory, where there are 8: " in message


def test_speed_and_memory_are_those_of_this_machine():
    assert 1e7 < cost._speed(torch.zeros(1).double()) < 1e15
    assert cost._memory(torch.device("cpu")) > 2**28
