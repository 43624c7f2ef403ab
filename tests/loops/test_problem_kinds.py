"""Sensors, unknown coefficients, several networks, periodic edges, complex fields and materials in a loop."""

import numpy as np
import pytest
import torch
from sympy import Function, I, Symbol
from torch import nn

from modulus_relobralo import NaturalGradient
from modulus_relobralo.loops import AdaptivePoints, LossTerms, samples
from modulus_relobralo.problems import Composite, Interval, Problem
from modulus_relobralo.taylor import Periodic

X, T, C = Symbol("x"), Symbol("t"), Symbol("c")
U, K = Function("u")(X, T), Function("k")(X)
LINE = Function("u")(X)
AT = np.linspace(0, 1, 21)


def mlp(inputs=1, outputs=1, seed=0, width=12):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, outputs)
    ).double()


def gradient(value, *by):
    for each in by:
        (value,) = torch.autograd.grad(value.sum(), each, create_graph=True)
    return value


def trained(terms, steps, parameters=None):
    optimizer = NaturalGradient(parameters or terms.parameters())
    for step in range(steps):
        optimizer.step(terms.pointwise(terms.draw(step)))
    return terms


def difference(found, exact):
    return float((found.detach().squeeze() - torch.as_tensor(exact)).abs().max())


# ----- what the loss terms are


def test_losses_and_gradients_of_all_that_is_trained_are_those_of_nested_autograd():
    equation = U.diff(T) - C * (K * U.diff(X)).diff(X)
    measured = {"x": AT, "t": 0.5 * AT, "u": AT**2, "u__x": 2 * AT}
    problem = Problem(
        Interval(0, 1), {"heat": equation}, {"left": {"k": 1}, "right": {"flux": K * U.diff(X) - C}},
        (0, 1), {"u": None}, sensors=measured, unknown={"c": 0.5},
    )  # fmt: skip
    networks = {"u": mlp(2), "k": mlp(1, seed=1)}
    terms = LossTerms(problem, samples(problem, 16, 4), networks, compiled=False)
    assert terms.names == ["heat", "k", "flux", "u_sensors", "u_x_sensors"]
    assert {name: value.item() for name, value in terms.unknown.items()} == {"c": 0.5}
    points = terms.draw(0)

    def at(place):
        x, t = (points[place].values[name].clone().requires_grad_() for name in "xt")
        return x, t, networks["u"](torch.cat([x, t], 1)), networks["k"](x), points[place].areas

    c, expected = terms.unknown["c"], {}
    x, t, u, k, areas = at("interior")
    expected["heat"] = (areas * (gradient(u, t) - c * gradient(k * gradient(u, x), x)).square()).sum()
    x, t, u, k, areas = at("left")
    expected["k"] = (areas * (k - 1).square()).sum()
    x, t, u, k, areas = at("right")
    expected["flux"] = (areas * (k * gradient(u, x) - c).square()).sum()
    x, t, u, k, areas = at("sensors")
    expected["u_sensors"] = (u - x**2).square().mean()
    expected["u_x_sensors"] = (gradient(u, x) - 2 * x).square().mean()
    torch.testing.assert_close(terms(points), expected, rtol=1e-9, atol=1e-12)
    gradients = [torch.autograd.grad(sum(each.values()), terms.parameters()) for each in (terms(points), expected)]
    torch.testing.assert_close(*gradients, rtol=1e-8, atol=1e-10)
    assert not torch.isclose(terms(points)["heat"], 1.001 * expected["heat"])
    # The rows of natural gradients know all of it.
    sums = sum(
        (weights * found.squeeze(1).square()).sum()
        for batch in terms.pointwise(points)
        for name, found in batch.module(*batch.inputs).items()
        for weights in [torch.as_tensor(batch.weights[name]).squeeze()]
    )
    torch.testing.assert_close(sums, sum(expected.values()), rtol=1e-9, atol=0)


def test_one_network_can_give_several_fields_beside_another():
    v = Function("v")(X, T)
    problem = Problem(
        Interval(0, 1), {"a": U.diff(T) - K * v, "b": v.diff(X) - U}, {"left, right": {}}, (0, 1), {"u": 0}
    )
    terms = LossTerms(problem, samples(problem, 8, 4, initial=4), {"u, v": mlp(2, 2), "k": mlp(1)}, compiled=False)
    assert list(terms(terms.draw(0))) == ["a", "b", "u_initial"]
    for networks, message in (
        (
            {"u": mlp(2), "k": mlp(1)},
            r"must name every field of the equations, \['k', 'u', 'v'\]. Found .*\['u', 'k'\]",
        ),
        ({"u, v, k": mlp(2, 3)}, r"fields with the same arguments together. Found 'u, v, k', with"),
        ({"u, v": mlp(2, 2), "v, k": mlp(1)}, r"name each field once, .* Found 'v, k', with"),
    ):
        with pytest.raises(ValueError, match=message):
            LossTerms(problem, samples(problem, 8, 4, initial=4), networks, compiled=False)


def test_adaptive_points_leave_sensors_where_they_are():
    sensors = {"x": AT, "u": AT}
    problem = Problem(Interval(0, 1), {"line": LINE.diff(X, 2)}, {"left, right": {}}, sensors=sensors)
    terms = LossTerms(problem, samples(problem, 16, 4), mlp(), compiled=False)
    drawn = AdaptivePoints(terms, every=2).draw(0)
    assert drawn["sensors"].values["x"].squeeze().tolist() == pytest.approx(list(AT))
    assert len(drawn["interior"].areas) == 16
    assert terms.draw(0, times=3)["sensors"].areas.shape == (21, 1)


# ----- what is found


@pytest.mark.parametrize("speed", [0.7, -0.4])
def test_a_speed_is_found_from_measurements_on_a_ring(speed):
    points = np.random.default_rng(0).uniform((-1, 0), (1, 1), (60, 2)).T
    sensors = {"x": points[0], "t": points[1], "u": np.sin(np.pi * (points[0] - speed * points[1]))}
    ring = Problem(
        Interval(-1, 1), {"advection": U.diff(T) + C * U.diff(X)}, {}, (0, 1), {"u": None},
        sensors=sensors, periodic="left, right", unknown={"c": 0.2},
    )  # fmt: skip
    network = Periodic(mlp(3), ring.inputs, ring.periods)
    terms = trained(LossTerms(ring, samples(ring, interior=100, edge=1), network, compiled=False), 25)
    assert float(terms.unknown["c"]) == pytest.approx(speed, abs=2e-3)
    x = torch.linspace(-1, 1, 30).double()
    exact = torch.sin(np.pi * (x - speed * 0.5))
    assert difference(network(torch.stack([x, torch.full_like(x, 0.5)], 1)), exact) < 1e-2


def test_an_unknown_that_the_optimizer_was_not_given_stays():
    ring = Problem(
        Interval(-1, 1), {"a": U.diff(T) + C * U.diff(X)}, {"left, right": {}}, (0, 1), {"u": X}, unknown={"c": 0.2}
    )
    network = mlp(2)
    terms = LossTerms(ring, samples(ring, 16, 4, initial=8), network, compiled=False)
    assert float(trained(terms, 2, network.parameters()).unknown["c"]) == 0.2


def test_a_conductivity_over_x_is_found_from_temperatures():
    """(k u')' = f with u = x + x^2 / 2 and k = 1 + x^2 / 2."""
    source = ((1 + X**2 / 2) * (1 + X)).diff(X)
    problem = Problem(
        Interval(0, 1), {"heat": (K * LINE.diff(X)).diff(X) - source}, {"left": {"k": 1}, "right": {}},
        sensors={"x": AT, "u": AT + AT**2 / 2},
    )  # fmt: skip
    networks = {"u": mlp(), "k": mlp(seed=1)}
    trained(LossTerms(problem, samples(problem, 40, 4), networks, compiled=False), 40)
    x = torch.linspace(0, 1, 30).double()[:, None]
    assert difference(networks["k"](x), (1 + x**2 / 2).squeeze()) < 5e-3


@pytest.mark.parametrize("end", ["absorbing", "rigid"])
def test_a_complex_wave_leaves_through_an_absorbing_end_and_stands_before_a_rigid_one(end):
    k = 2
    ends = {"absorbing": LINE.diff(X) - I * k * LINE, "rigid": LINE.diff(X)}
    problem = Problem(
        Interval(0, 1), {"helmholtz": LINE.diff(X, 2) + k**2 * LINE}, {"left": {"u": 1}, "right": {end: ends[end]}},
        complex_fields=["u"],
    )  # fmt: skip
    network = mlp(1, 2)
    terms = LossTerms(problem, samples(problem, 40, 4), network, outputs=["u_re", "u_im"], compiled=False)
    trained(terms, 30)
    x = torch.linspace(0, 1, 30).double()
    found = torch.complex(*network(x[:, None]).detach().T)
    exact = {"absorbing": torch.exp(1j * k * x), "rigid": torch.cos(k * (x - 1)) / np.cos(k) + 0j}
    assert difference(found, exact.pop(end)) < 1e-4
    assert difference(found, *exact.values()) > 0.5


def test_a_wall_of_two_materials_has_a_kink():
    """Heat flows through conductivities 1 and 3, from 1 to 0: both drops are to each other as the resistances."""
    a, b = (Function(name)(X) for name in "ab")
    wall = Problem(
        Composite({"brick": Interval(0, 0.4), "iron": Interval(0.4, 1)}),
        {"heat_a": a.diff(X, 2), "heat_b": b.diff(X, 2)},
        {
            "brick_left": {"a": 1},
            "iron_right": {"b": 0},
            "brick_iron": {"jump": a - b, "flux": a.diff(X) - 3 * b.diff(X)},
        },
        inside={"brick": ["heat_a"], "iron": ["heat_b"]},
    )
    networks = {"a": mlp(), "b": mlp(seed=1)}
    trained(LossTerms(wall, samples(wall, 20, 4), networks, compiled=False), 30)
    x, middle = torch.linspace(0, 1, 30).double(), 0.2 / 0.6
    exact = torch.where(x < 0.4, 1 - (1 - middle) * x / 0.4, middle * (1 - x) / 0.6)
    found = torch.where(x < 0.4, networks["a"](x[:, None]).squeeze(), networks["b"](x[:, None]).squeeze())
    assert difference(found, exact) < 1e-4


def test_a_periodic_problem_wants_a_periodic_network():
    ring = Problem(Interval(0, 1), {"a": LINE.diff(X, 2) - 1}, {}, periodic="left, right")
    with pytest.raises(ValueError, match=r"The network of u must be periodic in x, .*`taylor.Periodic\(network, "):
        LossTerms(ring, samples(ring, 8, 4), mlp(), compiled=False)
    LossTerms(ring, samples(ring, 8, 4), Periodic(mlp(2), ring.inputs, ring.periods), compiled=False)
