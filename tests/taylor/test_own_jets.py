"""Modules outside of the room that state their own jet, against nested reverse mode through their forward passes.

They are what problems ask for: exact periods, exact walls, frequencies, unknown amplitudes, closed functions.
"""

import math

import pytest
import torch
from differentiated import all_derivatives, differentiated, gradients, worst
from torch import nn

from modulus_relobralo.plates.scaling import PlateNetwork, Scales
from modulus_relobralo.plates.singular import LoadedRectangle
from modulus_relobralo.taylor import Scaled, TaylorDerivatives, UnsupportedNetworkError
from modulus_relobralo.taylor.jets import Jet, from_partials, side_by_side, sub_indices, terms
from modulus_relobralo.taylor.kernels import activate

RECTANGLE = LoadedRectangle(0.3, -0.2, 0.9, 0.5, size=1.7, load=2.5)
SIZES = Scales({"x": (0.1, 1.2), "y": (0.2, 0.8)}, {"w": 2.0}, ((-0.7, 0.5, 0.2, 1.0),), (RECTANGLE,))


class Frequencies(nn.Module):
    """Sines and cosines of trained frequencies."""

    def __init__(self, inputs, number):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(number, inputs))

    def forward(self, x):
        return torch.cat([torch.sin(x @ self.weight.T), torch.cos(x @ self.weight.T)], -1)

    def propagate_jet(self, jet, passing):
        angles, zero = jet.linear(self.weight), self.weight.new_zeros(len(self.weight))
        waves = [activate(angles, zero, wave, (), passing.targets, passing.compiled) for wave in ("sin", "cos")]
        return side_by_side(waves, passing.targets)


class Periodic(nn.Module):
    """A network that sees x by its sine and cosine alone."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(torch.cat([torch.sin(3 * x[..., :1]), torch.cos(3 * x[..., :1]), x[..., 1:]], -1))

    def propagate_jet(self, jet, passing):
        rows = torch.eye(jet.features).to(jet.dense)
        angle, zero = jet.linear(3 * rows[:1]), rows.new_zeros(1)
        waves = [activate(angle, zero, wave, (), passing.channels, passing.compiled) for wave in ("sin", "cos")]
        return passing.through(self.network, side_by_side([*waves, jet.linear(rows[1:])], passing.channels))


class Walls(nn.Module):
    """A network times x (1 - y^2), which vanishes on walls."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return x[..., :1] * (1 - x[..., 1:2] ** 2) * self.network(x)

    def propagate_jet(self, jet, passing):
        inside = passing.carrying().through(self.network, jet)
        x, y = jet.dense[0, :, :1], jet.dense[0, :, 1:2]
        of_x, of_y = (x, 1 + 0 * x, 0 * x, 0 * x, 0 * x), (1 - y**2, -2 * y, -2, 0, 0)
        # Each variable is x or y.
        along = jet.slopes().argmax(dim=1).tolist()

        def factor(alpha):
            n_x, n_y = (sum(n for n, column in zip(alpha, along, strict=True) if column == c) for c in (0, 1))
            return of_x[n_x] * of_y[n_y]

        return product(factor, inside, passing)


def product(factor, jet, passing):
    """Leibniz' rule: of each target, the whole of it with the plain factor, and what lies strictly below."""
    held = dict(zip(passing.channels, jet.select(passing.channels), strict=True))
    found = []
    for target in passing.targets:
        total = factor((0,) * len(passing.channels[0])) * held[target]
        for alpha, weight in terms(target):
            for beta in set(sub_indices(alpha)) - {alpha}:
                count = math.prod(math.comb(a, b) for a, b in zip(alpha, beta, strict=True))
                rest = tuple(a - b for a, b in zip(alpha, beta, strict=True))
                total = total + weight * count * factor(rest) * held[beta]
        found.append(total)
    return Jet(passing.targets, torch.stack(found))


class Amplitude(nn.Module):
    """A network that sees an unknown amplitude, which is trained, beside x and y, and a closed function of them."""

    def __init__(self, network):
        super().__init__()
        self.network, self.amplitude = network, nn.Parameter(torch.tensor(0.7))

    def forward(self, x):
        further = self.amplitude * torch.exp(x[..., :1] + 2 * x[..., 1:2])
        return self.network(torch.cat([x, further, self.amplitude.expand(x[..., :1].shape)], -1))

    def propagate_jet(self, jet, passing):
        x = jet.dense[0]
        rates = jet.slopes()[:, 0] + 2 * jet.slopes()[:, 1]
        grown = self.amplitude * torch.exp(x[:, :1] + 2 * x[:, 1:2])

        def partial(alpha):
            return grown * math.prod(rate**n for rate, n in zip(rates, alpha, strict=True))

        zero = (0,) * len(rates)
        constant = Jet((zero,), self.amplitude.expand(1, len(x), 1))
        seen = [jet, from_partials(passing.channels, partial), constant]
        return passing.through(self.network, side_by_side(seen, passing.channels))


def mlp(inputs):
    return nn.Sequential(nn.Linear(inputs, 6), nn.Tanh(), nn.Linear(6, 6), nn.SiLU(), nn.Linear(6, 1))


NETWORKS = {
    "frequencies": lambda: nn.Sequential(Frequencies(2, 3), mlp(6)),
    "frequencies within": lambda: nn.Sequential(nn.Linear(2, 3), Frequencies(3, 2), nn.Tanh(), nn.Linear(4, 1)),
    "frequencies last": lambda: nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2), Frequencies(2, 1)),
    "periodic": lambda: Periodic(mlp(3)),
    "walls": lambda: Walls(mlp(2)),
    "amplitude": lambda: Amplitude(mlp(4)),
    "periodic walls in units": lambda: Walls(Scaled(Periodic(mlp(3)), [(0.3, 2.0), (0.1, 0.7)], [(1.0, 3.0)])),
    "walls within a chain": lambda: nn.Sequential(Walls(mlp(2)), nn.Tanh()),
    "a plate in other units": lambda: Scaled(PlateNetwork(mlp(5), SIZES), [(0.05, 2.0), (-0.1, 0.7)], [(1.0, 3.0)]),
}


def build(kind):
    torch.manual_seed(1)
    network = NETWORKS[kind]().double()
    points = {name: torch.rand(7, 1, dtype=torch.float64).requires_grad_() for name in "xy"}
    return network, points


@pytest.mark.parametrize("kind", NETWORKS)
def test_derivatives_gradients_and_operators_agree(kind):
    network, points = build(kind)
    names = ["u", *all_derivatives("xy", "u")]
    values = network(torch.cat(list(points.values()), 1))
    # Some outputs are one column of several.
    outputs = {f"u{i}" if i else "u": values[:, i, None] for i in range(values.shape[1])}
    expected = differentiated(outputs, points, names)
    found = TaylorDerivatives(network, "xy", list(outputs), names, compiled=False)(points)
    assert worst(found, expected) < 1e-10
    truth = gradients(network.parameters(), expected)
    assert (gradients(network.parameters(), found) - truth).norm() < 1e-10 * truth.norm()
    collapsed = ["laplacian_u", "biharmonic_u", "tilted"]
    operators = {"tilted": {"u__x__x__y": 2.0, "u__y__y": -1.5}}
    found = TaylorDerivatives(network, "xy", list(outputs), collapsed, operators, compiled=False)(points)
    parts = [
        expected["u__x__x"] + expected["u__y__y"],
        expected["u__x__x__x__x"] + 2 * expected["u__x__x__y__y"] + expected["u__y__y__y__y"],
        2 * expected["u__x__x__y"] - 1.5 * expected["u__y__y"],
    ]
    assert worst(found, dict(zip(collapsed, parts, strict=True))) < 1e-10


def test_a_wrong_jet_is_noticed():
    network, points = build("walls")
    expected = differentiated({"u": network(torch.cat(list(points.values()), 1))}, points, ["u__x"])
    rule = Walls.propagate_jet

    class Wrong(Walls):
        def propagate_jet(self, jet, passing):
            return rule(self, jet, passing).scale(torch.tensor([1 + 1e-6], dtype=torch.float64))

    found = TaylorDerivatives(Wrong(network.network), "xy", "u", ["u__x"], compiled=False)(points)
    assert worst(found, expected) > 1e-7


def test_a_derived_class_has_to_state_its_own():
    class Other(Walls):
        def forward(self, x):
            return 2 * super().forward(x)

    for network in (Other(mlp(2)), nn.Sequential(Other(mlp(2)))):
        with pytest.raises(UnsupportedNetworkError, match="Other"):
            TaylorDerivatives(network, "xy", "u", ["u__x"])


def test_a_function_of_coordinates_is_refused_where_they_are_none():
    bent = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), PlateNetwork(mlp(5), SIZES))
    with pytest.raises(UnsupportedNetworkError, match="where it takes them as they are"):
        TaylorDerivatives(bent, "xy", "u", ["u__x__x"])


def test_what_is_changed_in_such_a_module_counts_from_the_next_step():
    network, points = build("periodic walls in units")
    taylor = TaylorDerivatives(network, "xy", "u", ["u__x__x"], compiled=False)
    before = taylor(points)
    network.network.outputs_scale[1].mul_(2)
    network.network.outputs_scale[0].mul_(2)
    torch.testing.assert_close(taylor(points)["u__x__x"], 2 * before["u__x__x"])
    network.network.network.network[1] = nn.ReLU()
    with pytest.raises(UnsupportedNetworkError, match="not smooth enough"):
        taylor(points)
