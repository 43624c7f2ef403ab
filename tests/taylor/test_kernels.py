"""The compiled rules: the numbers of the plain ones for all sizes, and what happens where nothing compiles."""

import logging

import pytest
import torch
from differentiated import differentiated, gradients, worst
from torch import nn

from modulus_relobralo.taylor import TaylorDerivatives, kernels


@pytest.fixture(autouse=True)
def _rules_of_this_test(monkeypatch):
    monkeypatch.setattr(kernels, "_said", set())
    monkeypatch.setattr(kernels, "EAGER_CALLS", 0)
    kernels._kernel.cache_clear()
    yield
    kernels._kernel.cache_clear()


def traced_only(function, **options):
    """Stand in for ``torch.compile``, which takes seconds for each trace."""
    return function


def network(width=4):
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, 1)).double()


def points(number):
    return {name: torch.rand(number, 1, dtype=torch.float64).requires_grad_() for name in "xy"}


def oracle(net, at, names):
    return differentiated({"u": net(torch.cat(list(at.values()), 1))}, at, names)


def test_compiled_rules_give_the_same_numbers(caplog):
    net, at = network(), points(6)
    with caplog.at_level(logging.INFO, "modulus_relobralo"):
        found = TaylorDerivatives(net, "xy", "u", ["u__x"])(at)
        expected = oracle(net, at, ["u__x"])
        assert worst(found, expected) < 1e-12
        truth = gradients(net.parameters(), expected)
        assert (gradients(net.parameters(), found) - truth).norm() < 1e-12 * truth.norm()
    # A warning would say that nothing was compiled.
    assert [r.levelname for r in caplog.records if r.name.startswith("modulus_relobralo")] in ([], ["INFO"])


@pytest.mark.parametrize("first", [(6, 6), (1, 1), (6, 0)], ids=["equal", "one", "none"])
def test_traces_hold_for_every_size(monkeypatch, first):
    # A trace must not take one size for another or for a fixed one, whichever was the first.
    monkeypatch.setattr(torch, "compile", traced_only)
    for width, number in (first, (6, 5), (1, 6), (6, 1), (1, 1), (6, 0), (3, 7)):
        net, at = network(width), points(number)
        found = TaylorDerivatives(net, "xy", "u", ["u__x__x", "u__y"])(at)
        expected = oracle(net, at, ["u__x__x", "u__y"])
        torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)
        truth = gradients(net.parameters(), expected)
        torch.testing.assert_close(gradients(net.parameters(), found), truth, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("compiled", [False, True])
def test_results_can_be_differentiated_further(compiled, monkeypatch):
    monkeypatch.setattr(torch, "compile", traced_only)
    net, at = network(), points(5)
    value = TaylorDerivatives(net, "xy", "u", ["u__x__x", "u__y"], compiled=compiled)(at)["u__x__x"]
    fourth = oracle(net, at, ["u__x__x__y__y"])["u__x__x__y__y"]
    for _ in range(2):
        (value,) = torch.autograd.grad(value.sum(), at["y"], create_graph=True)
    torch.testing.assert_close(value, fourth, rtol=1e-9, atol=1e-12)
    slopes = torch.autograd.grad(value.square().sum(), list(net.parameters()), materialize_grads=True)
    truth = torch.autograd.grad(fourth.square().sum(), list(net.parameters()), materialize_grads=True)
    torch.testing.assert_close(slopes, truth, rtol=1e-8, atol=1e-10)


def test_traced_rules_agree_for_all_derivatives(monkeypatch):
    monkeypatch.setattr(torch, "compile", traced_only)
    net, at, names = network(), points(6), ["u__x__x__x__x", "u__x__x__y__y", "u__x", "u", "laplacian_u"]
    found = TaylorDerivatives(net, "xy", "u", names)(at)
    expected = oracle(net, at, ["u__x__x__x__x", "u__x__x__y__y", "u__x", "u", "u__x__x", "u__y__y"])
    expected["laplacian_u"] = expected.pop("u__x__x") + expected.pop("u__y__y")
    assert worst(found, expected) < 1e-10
    variables = [*net.parameters(), *at.values()]
    truth = gradients(variables, expected)
    assert (gradients(variables, found) - truth).norm() < 1e-10 * truth.norm()


def test_on_a_cpu_the_first_calls_are_not_compiled(monkeypatch):
    compilations = []
    monkeypatch.setattr(torch, "compile", lambda function, **options: compilations.append(1) or function)
    monkeypatch.setattr(kernels, "EAGER_CALLS", 3)
    net, at = network(), points(6)
    derivatives = TaylorDerivatives(net, "xy", "u", ["u__x"])
    expected = oracle(net, at, ["u__x"])
    truth = gradients(net.parameters(), expected)
    done = []
    for _ in range(5):
        found = derivatives(at)
        assert worst(found, expected) < 1e-12
        assert (gradients(net.parameters(), found) - truth).norm() < 1e-12 * truth.norm()
        done.append(len(compilations))
    assert done == [0, 0, 0, 2, 2]


def test_without_compiler_runs_uncompiled_and_says_so_once(monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise RuntimeError("no compiler found\nand more")

    monkeypatch.setattr(torch, "compile", broken)
    net, at = network(), points(6)
    with caplog.at_level(logging.WARNING, "modulus_relobralo"):
        for names in (["u__x__x"], ["u__y"]):
            found = TaylorDerivatives(net, "xy", "u", names)(at)
            assert worst(found, oracle(net, at, names)) < 1e-12
            found[names[0]].square().mean().backward()
    (record,) = (r for r in caplog.records if r.name.startswith("modulus_relobralo"))
    assert "torch.compile does not work here (RuntimeError: no compiler found)" in record.getMessage()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in net.parameters())


def test_want_of_memory_is_not_taken_for_want_of_a_compiler(monkeypatch):
    def full(*args, **kwargs):
        raise torch.cuda.OutOfMemoryError("no memory")

    monkeypatch.setattr(torch, "compile", full)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        TaylorDerivatives(network(), "xy", "u", ["u__x"])(points(6))
