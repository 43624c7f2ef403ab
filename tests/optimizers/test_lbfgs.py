import logging

import pytest
import torch

from modulus_relobralo import LBFGS


def rosenbrock(lr=1.0, scheduler=False, **options):
    """Return the value after one step of at most 60 iterations from the usual start."""
    point = torch.nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64))
    optimizer = LBFGS([point], lr=lr, max_iter=60, **options)
    if scheduler:
        optimizer.param_groups[0]["lr"] = 1e-9

    def value():
        x, y = point
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    def closure():
        optimizer.zero_grad()
        loss = value()
        loss.backward()
        return loss

    optimizer.step(closure)
    return float(value().detach())


def test_a_rate_that_was_meant_for_adam_is_not_used_and_said(caplog):
    with caplog.at_level(logging.INFO):
        reached = rosenbrock()
        assert caplog.messages == []
        assert rosenbrock(lr=3e-3) == reached < 1e-8
    assert "lr=0.003, meant for another optimizer, is not used" in caplog.text


def test_a_scheduler_or_a_checkpoint_does_not_shorten_the_search():
    assert rosenbrock(scheduler=True) == rosenbrock()


def test_without_a_line_search_the_rate_is_the_length_of_a_step(caplog):
    with caplog.at_level(logging.INFO):
        short, longer = (rosenbrock(lr=lr, line_search_fn=None) for lr in (1e-4, 1e-3))
    assert caplog.messages == []
    assert short > longer > 1e-3


def test_an_unknown_line_search_is_refused_before_the_training():
    with pytest.raises(ValueError, match=r"must be 'strong_wolfe' or None .* Found `line_search_fn = 'armijo'`"):
        rosenbrock(line_search_fn="armijo")


def test_no_iterations_are_refused_before_the_training():
    with pytest.raises(ValueError, match=r"`max_iter` must be at least 1. Found `max_iter = 0`"):
        LBFGS([torch.zeros(1, requires_grad=True)], max_iter=0)
