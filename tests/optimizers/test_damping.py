import pytest
import torch

from modulus_relobralo.optimizers.damping import fall, rise, solve


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
