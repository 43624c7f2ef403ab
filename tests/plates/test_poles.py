"""Inputs with poles in holes: what they are, and their derivatives against nested reverse mode."""

import pytest
import torch
from differentiated import all_derivatives, differentiated, worst
from torch import nn

from modulus_relobralo.plates.network import PlateNetwork
from modulus_relobralo.plates.poles import with_poles
from modulus_relobralo.plates.scaling import Scales
from modulus_relobralo.taylor import TaylorDerivatives

POLES = [(0.2, -0.1, 0.3, 1.0), (-0.7, 0.5, 0.2, 1.0)]
OPERATORS = {"anisotropic": {"w__x__x__x__x": 1.0, "w__x__x__y__y": 3.0, "w__h__y": 0.5}}


@pytest.fixture
def points():
    """Two coordinates and a parameter, outside of the holes."""
    torch.manual_seed(0)
    x = torch.rand(6, 3, dtype=torch.float64) + 0.6
    return {name: column[:, None].requires_grad_() for name, column in zip("xyh", x.T, strict=True)}


def network(poles):
    core = nn.Sequential(nn.Linear(3 + 3 * len(poles), 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
    for parameter in core.parameters():
        nn.init.normal_(parameter, std=0.5)
    inputs = {"x": (0.1, 1.2), "y": (0.2, 0.8), "h": (2.0, 3.0)}
    return PlateNetwork(core, Scales(inputs, {"w": 2.0}, tuple(poles))).double()


def test_on_a_round_hole_they_are_what_they_are_said_to_be():
    angle = torch.linspace(0, 6, 9, dtype=torch.float64)
    x_0, y_0, a, length = POLES[0]
    for r in (a, 2 * a):
        x = torch.stack([x_0 + r * angle.cos(), y_0 + r * angle.sin(), 7 + 0 * angle], dim=1)
        log, right, up = with_poles(POLES[:1], x, x[:, :0]).T * length / a
        torch.testing.assert_close(log, torch.full_like(angle, r / a).log())
        torch.testing.assert_close(right, angle.cos() * a / r)
        torch.testing.assert_close(up, angle.sin() * a / r)


def test_derivatives_of_a_network_with_holes(points):
    net = network(POLES)
    names = all_derivatives("xyh", "w")
    expected = differentiated({"w": net(torch.cat(list(points.values()), dim=-1))}, points, names)
    found = TaylorDerivatives(net, list("xyh"), ["w"], names, compiled=False)(points)
    assert worst(found, expected) < 1e-12
    # The control: with the second pole elsewhere the derivatives are others.
    net.poles = (POLES[0], (-0.7, 0.6, 0.2, 1.0))
    moved = TaylorDerivatives(net, list("xyh"), ["w"], names, compiled=False)(points)
    assert worst(moved, expected) > 1e-3


def test_operators_of_a_network_with_holes(points):
    net = network(POLES)
    parts = ["w__x__x__x__x", "w__x__x__y__y", "w__y__y__y__y", "w__h__y"]
    xxxx, xxyy, yyyy, hy = TaylorDerivatives(net, list("xyh"), ["w"], parts, compiled=False)(points).values()
    taylor = TaylorDerivatives(net, list("xyh"), ["w"], ["biharmonic_w", "anisotropic"], OPERATORS, compiled=False)
    found = taylor(points)
    torch.testing.assert_close(found["biharmonic_w"], xxxx + 2 * xxyy + yyyy)
    torch.testing.assert_close(found["anisotropic"], xxxx + 3 * xxyy + 0.5 * hy)
