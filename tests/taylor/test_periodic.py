"""Networks that are periodic in some inputs: their jets against nested autograd, and both ends of the period."""

import pytest
import torch
from torch import nn

from modulus_relobralo.taylor import Periodic, Scaled, TaylorDerivatives

PERIODS = {"x": (-1.0, 2.0)}
NAMES = ["u", "u__x", "u__x__x__t", "u__x__x__x__x", "u__t"]


def made(scaled=False):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 12), nn.Tanh(), nn.Linear(12, 1)).double()
    inner = Scaled(network, [(0.0, 1.0), (0.0, 1.0), (2.0, 4.0)], [(1.0, 3.0)]).double() if scaled else network
    return Periodic(inner, ["x", "t"], PERIODS)


@pytest.mark.parametrize("scaled", [False, True], ids=["plain", "around Scaled"])
def test_derivatives_are_those_of_nested_autograd(scaled):
    network = made(scaled)
    points = torch.rand(7, 2, dtype=torch.float64)
    found = TaylorDerivatives(network, ["x", "t"], ["u"], NAMES, compiled=False)(points)
    for name in NAMES:
        x, t = (points[:, i : i + 1].clone().requires_grad_() for i in range(2))
        value = network(torch.cat([x, t], 1))
        for by in name.split("__")[1:]:
            (value,) = torch.autograd.grad(value.sum(), {"x": x, "t": t}[by], create_graph=True)
        torch.testing.assert_close(found[name], value, rtol=1e-10, atol=1e-12)


def test_both_ends_are_one_in_value_and_derivatives():
    derivatives = TaylorDerivatives(made(), ["x", "t"], ["u"], NAMES, compiled=False)
    t = torch.rand(5, 1, dtype=torch.float64)
    left, right, off = (derivatives({"x": torch.full_like(t, x), "t": t}) for x in (-1.0, 2.0, 1.9))
    torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-10)
    assert not torch.allclose(left["u"], off["u"], rtol=1e-3)


def test_parameters_get_the_same_gradients_as_by_autograd():
    network = made()
    points = torch.rand(5, 2, dtype=torch.float64)
    trained = list(network.parameters())
    found = TaylorDerivatives(network, ["x", "t"], ["u"], ["u__x"], compiled=False)(points)["u__x"].square().sum()
    x = points.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(network(x).sum(), x, create_graph=True)
    expected = slopes[:, 0].square().sum()
    torch.testing.assert_close(
        torch.autograd.grad(found, trained, allow_unused=True)[0],
        torch.autograd.grad(expected, trained, allow_unused=True)[0],
    )


@pytest.mark.parametrize("periods", [{"y": (0, 1)}, {"x": (1, 1)}, {"x": (0, float("inf"))}, {"x": (1,)}])
def test_bad_periods_are_named(periods):
    with pytest.raises(ValueError, match=r"`periods` must map some of \['x', 't'\] to pairs .* Found `periods = {"):
        Periodic(nn.Linear(3, 1), ["x", "t"], periods)


def test_another_number_of_inputs_is_refused():
    for call in (lambda: made()(torch.rand(4, 3)), lambda: TaylorDerivatives(made(), ["x", "t", "k"], ["u"], ["u"])):
        with pytest.raises(ValueError, match=r"`inputs` must name all 3 inputs. Found 2"):
            call()
