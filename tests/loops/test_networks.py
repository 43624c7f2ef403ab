import pytest
import torch
from sympy import Function, Symbol
from torch import nn

from modulus_relobralo.loops import problem_networks
from modulus_relobralo.problems import Interval, Problem

X, T = Symbol("x"), Symbol("t")
U = Function("u")(X, T)
ADVECTION = {"advection": U.diff(T) + U.diff(X)}


def seen(network, points):
    """Return what the first trained layer sees of some points."""
    found = []
    first = next(m for m in network.modules() if isinstance(m, nn.Linear) and m.weight.requires_grad)
    first.register_forward_hook(lambda module, inputs, output: found.append(inputs[0]))
    network(points)
    return found[0]


def test_a_network_sees_its_inputs_from_minus_one_to_one():
    (network,) = problem_networks(Problem(Interval(2, 6), ADVECTION, {"left, right": {}}, (0, 10), {"u": X})).values()
    points = torch.tensor([[2.0, 10.0], [4.0, 0.0], [6.0, 7.5]], dtype=torch.float64)
    torch.testing.assert_close(seen(network, points).tolist(), [[-1.0, 1.0], [0.0, -1.0], [1.0, 0.5]])
    trained = [p for p in network.parameters() if p.requires_grad]
    assert sum(p.numel() for p in trained) == 3 * 20 + 2 * 21 * 20 + 21
    assert {p.dtype for p in trained} == {torch.float64}


def test_a_periodic_one_sees_sine_and_cosine_as_they_are():
    ring = Problem(Interval(0, 4), ADVECTION, {}, (0, 10), {"u": 1}, periodic="left, right")
    (network,) = problem_networks(ring, width=5, layers=1).values()
    points = torch.tensor([[0.0, 10.0], [1.0, 5.0], [4.0, 10.0]], dtype=torch.float64)
    expected = torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 1.0]], dtype=torch.float64)
    torch.testing.assert_close(seen(network, points), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("wrong", [{"width": 0}, {"layers": 2.5}])
def test_a_wrong_size_is_named(wrong):
    problem = Problem(Interval(2, 6), ADVECTION, {"left, right": {}}, (0, 10), {"u": X})
    with pytest.raises((TypeError, ValueError), match=f"Parameter `{next(iter(wrong))}` must"):
        problem_networks(problem, **wrong)
