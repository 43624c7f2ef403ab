"""What a reader may say of a network beside its layers: encoding, skip connections, scales."""

import pytest
import torch
from differentiated import all_derivatives, differentiated, gradients, worst
from torch import nn

from modulus_relobralo.taylor import TaylorDerivatives
from modulus_relobralo.taylor.networks import Activation, Layer, Network
from modulus_relobralo.taylor.reading import affine, read


class Decorated(nn.Module):
    """Scales its inputs, adds every second layer's output to that of the second next, scales its outputs."""

    def __init__(self, depth):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Linear(2, 5), *(nn.Linear(5, 5) for _ in range(depth - 1))])
        self.last = nn.Linear(5, 2)
        self.shift, self.factor = (nn.Parameter(torch.rand(2) + 0.5) for _ in range(2))
        self.scale = nn.Parameter(torch.rand(2, 2) + 0.5)

    def forward(self, x):
        x, skip = (x - self.shift) * self.factor, None
        for i, layer in enumerate(self.hidden):
            x = torch.tanh(layer(x))
            if i % 2 == 0:
                x, skip = (x, x) if skip is None else (x + skip, x)
        return self.last(x) * self.scale[1] + self.scale[0]


def decorated(network):
    layers = tuple(Layer(affine(layer), Activation("tanh")) for layer in network.hidden)
    return Network(
        layers,
        affine(network.last),
        encode=lambda jet, channels: jet.shift(-network.shift).scale(network.factor),
        skip_connections=True,
        output_scale=network.scale,
    )


class Noting:
    """A layer of its own that changes nothing, and notes what is wanted of it."""

    def __init__(self):
        self.targets = None

    def propagate_jet(self, jet, passing):
        self.targets = passing.targets
        return jet


def test_only_the_last_layer_is_spared_what_is_not_wanted():
    """A second derivative needs the value and the first one, up to the last layer."""
    network, first, last = nn.Linear(1, 1), Noting(), Noting()
    layers = (first, Layer(affine(network), Activation("tanh")), last)
    TaylorDerivatives(network, "x", "u", ["u__x__x"], compiled=False, reader=lambda module: Network(layers))
    assert (first.targets, last.targets) == (((0,), (1,), (2,)), ((2,),))


@pytest.mark.parametrize("depth", [1, 2, 3, 6])
def test_encoding_skip_connections_and_scales(depth):
    torch.manual_seed(1)
    net = Decorated(depth).double()
    points = {name: torch.rand(6, 1, dtype=torch.float64).requires_grad_() for name in "xy"}
    names = ["u", "v", *all_derivatives("xy", "uv")]
    values = net(torch.cat(list(points.values()), 1))
    expected = differentiated({"u": values[:, :1], "v": values[:, 1:]}, points, names)
    found = TaylorDerivatives(net, "xy", "uv", names, compiled=False, reader=decorated)(points)
    assert worst(found, expected) < 1e-10
    truth = gradients(net.parameters(), expected)
    assert (gradients(net.parameters(), found) - truth).norm() < 1e-10 * truth.norm()


def test_scale_without_a_last_layer():
    net = nn.Sequential(nn.Linear(2, 1), nn.Tanh()).double()
    points = {name: torch.rand(6, 1, dtype=torch.float64).requires_grad_() for name in "xy"}
    scale = torch.tensor([[3.0], [2.0]], dtype=torch.float64)
    value = net(torch.cat(list(points.values()), 1)) * 2 + 3
    expected = differentiated({"u": value}, points, ["u", "u__x__y"])

    def reader(network):
        return Network(read(network).layers, output_scale=scale)

    found = TaylorDerivatives(net, "xy", "u", ["u", "u__x__y"], compiled=False, reader=reader)(points)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)
