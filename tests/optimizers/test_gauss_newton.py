import pytest
import torch
from small_problems import Small
from torch.func import jacrev

from modulus_relobralo.optimizers import residuals as residuals_module
from modulus_relobralo.optimizers.gauss_newton import DualSystem, fall, rise, solve
from modulus_relobralo.optimizers.residuals import Rows


@pytest.mark.parametrize("chunk", [2**18, 100], ids=["all points at once", "four points at once"])
@pytest.mark.parametrize("memory", [10**6, 16 * 20, 16], ids=lambda memory: f"{memory} numbers")
@pytest.mark.parametrize("nested", [False, True], ids=["vectorised", "nested"])
def test_dual_system_is_that_of_the_whole_jacobian(monkeypatch, memory, nested, chunk):
    monkeypatch.setattr(residuals_module, "CHUNK", chunk)
    monkeypatch.setattr(residuals_module, "NESTED_CHUNK", chunk // 25)
    small, factors = Small(nested), torch.rand(16, dtype=torch.float64) + 0.5
    last, right = torch.rand(52, dtype=torch.float64), torch.rand(16, dtype=torch.float64)
    system = DualSystem(Rows(small.batches(), small.parameters), small.flat(), factors, memory, last)
    whole = factors[:, None] * jacrev(Small().rows)(small.flat())
    torch.testing.assert_close(system.carried, whole @ last, rtol=1e-12, atol=1e-12)
    step, image = system.step(right, 0.1)
    level = 0.1 * whole.square().sum() / 16
    expected = torch.linalg.solve(whole.T @ whole + level * torch.eye(52).double(), whole.T @ right)
    torch.testing.assert_close(step, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(image, whole @ expected, rtol=1e-10, atol=1e-12)
    assert not torch.allclose(step, system.step(right, 0.11)[0], rtol=1e-3)


def test_damping_stays_between_its_limits():
    value = 1e-2
    for _ in range(100):
        value = fall(value)
    assert 0 < value < 1e-12
    for _ in range(100):
        value = rise(value)
    assert 1e3 < value < 1e9
    assert fall(1.0) < 1.0 < rise(1.0)


def test_solution_of_the_damped_system():
    j = torch.rand(4, 9, dtype=torch.float64)
    gram, right = j @ j.T, torch.rand(4, dtype=torch.float64)
    solution = solve(gram, 0.3, right)
    assert solution is not None
    matrix = gram + 0.3 * gram.trace() / 4 * torch.eye(4, dtype=torch.float64)
    torch.testing.assert_close(matrix @ solution, right)
    assert not torch.allclose(gram @ solution, right, rtol=1e-2)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_damping_means_the_same_in_all_units(scale):
    gram, right = torch.diag(torch.tensor([1.0, 3.0]).double()), torch.ones(2).double()
    torch.testing.assert_close(solve(scale * gram, 0.5, scale * right), torch.tensor([0.5, 0.25]).double())


@pytest.mark.parametrize(
    ("gram", "right"),
    [
        (torch.zeros(2, 2), torch.ones(2)),
        (torch.diag(torch.tensor([1.0, -5.0])), torch.ones(2)),
        (torch.full((2, 2), float("nan")), torch.ones(2)),
        (torch.eye(2), torch.tensor([1.0, float("inf")])),
    ],
    ids=["zero", "indefinite", "not a number", "right side"],
)
def test_system_that_cannot_be_solved(gram, right):
    assert solve(gram.double(), 1e-3, right.double()) is None
