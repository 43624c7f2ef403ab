from functools import partial

import pytest
import torch
from small_problems import Small
from torch.func import jacrev

from modulus_relobralo.optimizers import residuals as residuals_module
from modulus_relobralo.optimizers.gauss_newton import DualSystem, PrimalSystem, fall, rise
from modulus_relobralo.optimizers.residuals import Rows


@pytest.mark.parametrize("chunk", [2**18, 100], ids=["all points at once", "four points at once"])
@pytest.mark.parametrize("memory", [10**6, 16 * 20, 16], ids=lambda memory: f"{memory} numbers")
@pytest.mark.parametrize("nested", [False, True], ids=["vectorised", "nested"])
@pytest.mark.parametrize("kind", [DualSystem, PrimalSystem])
def test_system_is_that_of_the_whole_jacobian(monkeypatch, kind, memory, nested, chunk):
    monkeypatch.setattr(residuals_module, "CHUNK", chunk)
    monkeypatch.setattr(residuals_module, "NESTED_CHUNK", chunk // 25)
    small, weights = Small(nested), {"equation": 0.5, "slope": 2.0, "u": 3.0}
    rows = Rows(small.batches(), small.parameters)
    rows.weigh({name: torch.tensor(weight) for name, weight in weights.items()})
    residual = rows.values(small.flat())
    last, change = torch.rand(52, dtype=torch.float64), torch.rand(16, dtype=torch.float64)
    system = kind(rows, small.flat(), residual, memory, last)
    oracle = partial(Small().rows, factors=list(weights.values()))
    whole = jacrev(oracle)(small.flat())
    normal = whole.T @ whole + 0.1 * whole.square().sum() / 16 * torch.eye(52).double()
    velocity = 0.3 * last + torch.linalg.solve(normal, whole.T @ (oracle(small.flat()) - 0.3 * whole @ last))
    acceleration = torch.linalg.solve(normal, whole.T @ (20 * (change + whole @ velocity)))
    assert system.factorize(0.1)
    torch.testing.assert_close(system.velocity(0.3), velocity, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(system.acceleration(change), acceleration, rtol=1e-10, atol=1e-12)
    assert system.factorize(0.11)
    assert not torch.allclose(system.velocity(0.3), velocity, rtol=1e-3)


def test_damping_stays_between_its_limits():
    value = 1e-2
    for _ in range(100):
        value = fall(value)
    assert 0 < value < 1e-12
    for _ in range(100):
        value = rise(value)
    assert 1e3 < value < 1e9
    assert fall(1.0) < 1.0 < rise(1.0)


@pytest.mark.parametrize("kind", [DualSystem, PrimalSystem])
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_damping_means_the_same_in_all_units(kind, scale):
    small, found = Small(), []
    for factor in (1.0, scale):
        rows = Rows(small.batches(), small.parameters)
        weights = dict.fromkeys(["equation", "slope", "u"], torch.tensor(factor**2, dtype=torch.float64))
        rows.weigh(weights)
        system = kind(rows, small.flat(), rows.values(small.flat()), 10**6, torch.zeros(52, dtype=torch.float64))
        assert system.factorize(0.5)
        found.append(system.velocity(0.0))
    torch.testing.assert_close(found[1], found[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", [DualSystem, PrimalSystem])
@pytest.mark.parametrize("entry", [0.0, float("nan")], ids=["zero", "not a number"])
def test_system_that_cannot_be_solved_says_so(monkeypatch, kind, entry):
    small = Small()
    monkeypatch.setattr(Rows, "jacobian", lambda rows, values, block: torch.full((16, 52), entry).double())
    rows = Rows(small.batches(), small.parameters)
    system = kind(rows, small.flat(), rows.values(small.flat()), 10**6, torch.zeros(52).double())
    assert not system.factorize(0.5)
