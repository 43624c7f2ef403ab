import math

import pytest
import torch
from torch import nn

from modulus_relobralo import NaturalGradient, Pointwise
from modulus_relobralo.initialization import SCHEMES, draw_features, initialize

WIDE = (400, 300)  # outputs, inputs
VARIANCE = {
    "glorot_normal": 2 / (400 + 300),
    "glorot_uniform": 2 / (400 + 300),
    "he_normal": 2 / 300,
    "he_uniform": 2 / 300,
}


def matrix(layer):
    """Return what a linear layer multiplies by, from what it does to the unit vectors."""
    zero = torch.zeros(1, layer.in_features)
    return (layer(torch.eye(layer.in_features)) - layer(zero)).T.detach()


def legacy(dim):
    with pytest.warns((FutureWarning, UserWarning), match="weight_norm"):
        return nn.utils.weight_norm(nn.Linear(*WIDE[::-1]), dim=dim)


LAYERS = {
    "linear": lambda: nn.Linear(*WIDE[::-1]),
    "no bias": lambda: nn.Linear(*WIDE[::-1], bias=False),
    "weight norm": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(*WIDE[::-1])),
    "legacy weight norm": lambda: legacy(0),
    "legacy weight norm of columns": lambda: legacy(1),
    "legacy weight norm of all": lambda: legacy(None),
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", VARIANCE)
def test_weights_have_the_variance_of_the_scheme_however_they_are_stored(name, layer):
    made = initialize(LAYERS[layer](), name)
    weights = matrix(made).double()
    # The standard error of a variance from n samples: sqrt((kurtosis - 1) / n) of it, kurtosis 3 or less.
    tolerance = 5 * math.sqrt(2 / weights.numel())
    assert float(weights.var()) == pytest.approx(VARIANCE[name], rel=tolerance)
    assert abs(float(weights.mean())) < 5 * math.sqrt(VARIANCE[name] / weights.numel())
    kurtosis = float((weights**4).mean() / weights.var() ** 2)
    assert kurtosis == pytest.approx(1.8 if "uniform" in name else 3, abs=0.1)
    if made.bias is not None:
        assert not made.bias.any()


def test_weight_norm_trains_on_from_the_same_matrix():
    layer = initialize(LAYERS["weight norm"](), "glorot_normal")
    before = matrix(layer)
    layer(torch.randn(5, WIDE[1])).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in layer.parameters())
    torch.optim.SGD(layer.parameters(), lr=1e-3).step()
    assert 0 < float((matrix(layer) - before).norm()) < float(before.norm())


def test_default_leaves_the_network_and_the_generator_as_they_are():
    network = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    before, state = {name: value.clone() for name, value in network.state_dict().items()}, torch.get_rng_state()
    assert initialize(network, "default") is network
    assert initialize(network) is network
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_seed_decides_the_weights():
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(initialize(nn.Linear(4, 4), "he_uniform").weight.detach().clone())
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


@pytest.mark.parametrize("name", ["glorot", "Glorot_normal", "", None])
def test_an_unknown_name_is_answered_with_those_that_there_are(name):
    with pytest.raises(
        ValueError, match=r"Parameter `initialization` must be one of \['default', .*'he_uniform'\]"
    ) as error:
        initialize(nn.Linear(2, 2), name)
    assert f"Found `initialization = {name!r}`" in str(error.value)
    assert all(repr(known) in str(error.value) for known in SCHEMES)


def test_a_network_without_linear_layers_is_an_error():
    with pytest.raises(ValueError, match=r"must have linear layers. Found none in Tanh"):
        initialize(nn.Tanh(), "glorot_normal")


def test_features_stay_and_the_last_layer_is_solved_for():
    """A function of x is fitted by one step to rounding; by functions that change hardly at all it is not."""
    x = torch.linspace(-1, 1, 200, dtype=torch.float64)[:, None]
    left = {}
    for reach in (0.01, 3.0):
        torch.manual_seed(0)
        network = draw_features(nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 1)).double(), reach)
        first = network[0].weight.clone(), network[0].bias.clone()
        assert 0.8 * reach < max(float(drawn.abs().max()) for drawn in first) <= reach
        assert not network(x).any()

        class Fit(nn.Module):
            def __init__(self, network):
                super().__init__()
                self.network = network

            def forward(self, x):
                return {"u": self.network(x)}

        free = [parameter for parameter in network.parameters() if parameter.requires_grad]
        optimizer = NaturalGradient(free, damping=1e-13)
        terms = [Pointwise(Fit(network), [x], weights={"u": 1 / len(x)}, targets={"u": torch.sin(3 * x)})]
        optimizer.step(terms)
        left[reach] = float((network(x) - torch.sin(3 * x)).square().mean().sqrt())
        assert torch.equal(network[0].weight, first[0])
        assert torch.equal(network[0].bias, first[1])
    assert left[3.0] < 1e-5
    assert left[0.01] > 1e-3


@pytest.mark.parametrize("network", [nn.Linear(2, 2), nn.Sequential(nn.Tanh())], ids=["one", "none"])
def test_features_of_other_networks_are_refused(network):
    with pytest.raises(ValueError, match="two or more, without weight norm"):
        draw_features(network, 2.0)


@pytest.mark.host
@pytest.mark.parametrize("options", [{}, {"weight_norm": True}, {"weight_fact": True}], ids=str)
def test_networks_of_the_host(options):
    from modulus_relobralo.hosts.sym import Key, host

    module = host.load("models.fully_connected")
    layer = initialize(module.FCLayer(300, 400, activation_fn=None, **options).linear, "glorot_normal")
    assert float(matrix(layer).var()) == pytest.approx(2 / 700, rel=0.03)
    network = initialize(
        module.FullyConnectedArch(
            [Key("x"), Key("y")], [Key("u")], layer_size=300, nr_layers=2, weight_norm="weight_norm" in options
        ),
        "glorot_normal",
    )
    linear = [layer for layer in network.modules() if hasattr(layer, "in_features")]
    assert [matrix(layer).shape for layer in linear] == [(300, 2), (300, 300), (1, 300)]
    assert float(matrix(linear[1]).var()) == pytest.approx(2 / 600, rel=0.03)
    assert not any(layer.bias.any() for layer in linear)
