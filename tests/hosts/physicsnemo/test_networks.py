"""The host's networks in Taylor mode, against nested autograd through the host's own forward pass."""

import pytest
import torch
from differentiated import all_derivatives, differentiated
from physicsnemo.models.mlp import FullyConnected
from torch import nn

from modulus_relobralo.hosts.physicsnemo import read
from modulus_relobralo.taylor import Scaled, TaylorDerivatives, UnsupportedNetworkError


def made(**options):
    torch.manual_seed(0)
    network = FullyConnected(**{"in_features": 2, "out_features": 2, "num_layers": 3, "layer_size": 8, **options})
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network.double()


NETWORKS = {
    "plain": lambda: made(),
    "tanh": lambda: made(activation_fn="tanh"),
    "several": lambda: made(activation_fn=["tanh", "sin", "gelu"]),
    "stan": lambda: made(activation_fn="stan", layer_size=1),
    "squareplus": lambda: made(activation_fn="squareplus"),
    "skips": lambda: made(skip_connections=True, num_layers=5),
    "adaptive": lambda: made(adaptive_activations=True),
    "weight norm": lambda: made(weight_norm=True),
    "weight factors": lambda: made(weight_fact=True),
    "scaled": lambda: Scaled(made(), inputs=[(0.5, 2.0), (1.0, -0.5)], outputs=[(3.0, 0.1), (0.0, 5.0)]).double(),
    "scaled twice": lambda: Scaled(NETWORKS["scaled"](), [(0.1, 3.0)] * 2, [(2.0, 0.5)] * 2).double(),
    "sequential": lambda: nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2)).double(),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_derivatives_and_gradients_are_those_of_autograd(kind):
    network = NETWORKS[kind]()
    points = {name: torch.rand(5, 1, dtype=torch.float64, requires_grad=True) for name in "xy"}
    names = ["u", "v", *all_derivatives("xy", "uv")]
    values = network(torch.cat(list(points.values()), 1))
    expected = differentiated({"u": values[:, :1], "v": values[:, 1:]}, points, names)
    taylor = TaylorDerivatives(network, "xy", "uv", names, compiled=False, reader=read)
    found = taylor(points)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)
    gradients = [
        torch.autograd.grad(sum(v.square().sum() for v in each.values()), network.parameters(), allow_unused=True)
        for each in (found, expected)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-7, atol=1e-9)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.01 * torch.rand_like(parameter))
    assert not torch.allclose(taylor(points)["u__x__x"], expected["u__x__x"], rtol=1e-8)


REFUSED = {
    "relu": (lambda: made(activation_fn="relu"), r"ReLU\(\) is not smooth enough"),
    "derived": (lambda: type("Other", (FullyConnected,), {})(2, 8, 2, 2), "the network Other has no Taylor-mode rule"),
    "last": (lambda: _with_last_activation(made()), "an activation function after the last layer"),
    "replaced": (lambda: _with_other_layer(made()), "the layer Linear has no Taylor-mode rule"),
}


def _with_last_activation(network):
    network.final_layer.activation_fn = nn.Tanh()
    return network


def _with_other_layer(network):
    network.layers[1] = nn.Linear(8, 8)
    return network


@pytest.mark.parametrize("kind", REFUSED)
def test_what_has_no_rule_is_named(kind):
    make, message = REFUSED[kind]
    with pytest.raises(UnsupportedNetworkError, match=message):
        TaylorDerivatives(make(), "xy", "uv", ["u__x"], reader=read)


def test_without_the_reader_the_error_says_that_there_is_one():
    with pytest.raises(UnsupportedNetworkError, match=r"FullyConnected has no .* by reader=modulus_relobralo\.hosts"):
        TaylorDerivatives(made(), "xy", "uv", ["u__x"])
