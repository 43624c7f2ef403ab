import pytest
import torch
from small_problems import Small
from torch.func import jacrev

from modulus_relobralo.optimizers import residuals as residuals_module
from modulus_relobralo.optimizers.gauss_newton import DualSystem, PrimalSystem, fall, rise, solve
from modulus_relobralo.optimizers.residuals import Rows


@pytest.mark.parametrize("chunk", [2**18, 100], ids=["all points at once", "four points at once"])
@pytest.mark.parametrize("memory", [10**6, 16 * 20, 16], ids=lambda memory: f"{memory} numbers")
@pytest.mark.parametrize("nested", [False, True], ids=["vectorised", "nested"])
@pytest.mark.parametrize("kind", [DualSystem, PrimalSystem])
def test_system_is_that_of_the_whole_jacobian(monkeypatch, kind, memory, nested, chunk):
    monkeypatch.setattr(residuals_module, "CHUNK", chunk)
    monkeypatch.setattr(residuals_module, "NESTED_CHUNK", chunk // 25)
    small, factors = Small(nested), torch.rand(16, dtype=torch.float64) + 0.5
    last, right = torch.rand(52, dtype=torch.float64), torch.rand(16, dtype=torch.float64)
    system = kind(Rows(small.batches(), small.parameters), small.flat(), factors, memory, last)
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
    torch.testing.assert_close((gram + 0.3 * torch.eye(4, dtype=torch.float64)) @ solution, right)
    assert not torch.allclose(gram @ solution, right, rtol=1e-2)


@pytest.mark.parametrize("kind", [DualSystem, PrimalSystem])
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_damping_means_the_same_in_all_units(kind, scale):
    small, right = Small(), torch.rand(16, dtype=torch.float64)
    rows, values, ones = Rows(small.batches(), small.parameters), small.flat(), torch.ones(16, dtype=torch.float64)
    plain, other = (kind(rows, values, factors, 10**6, 0 * values) for factors in (ones, scale * ones))
    torch.testing.assert_close(other.step(scale * right, 0.5)[0], plain.step(right, 0.5)[0], rtol=1e-9, atol=1e-12)


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
    assert solve(gram.double(), 0.0, right.double()) is None
