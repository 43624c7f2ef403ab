import numpy as np
import pytest
import torch
from sympy import Function, Symbol, cos, pi, sin
from torch import nn

from modulus_relobralo.loops import solve
from modulus_relobralo.problems import Composite, Interval, Problem
from modulus_relobralo.taylor import Periodic

X, T, C = Symbol("x"), Symbol("t"), Symbol("c")
U = Function("u")(X, T)
GRID = dict(zip("xt", np.meshgrid(np.linspace(0, 1, 21), np.linspace(0, 1, 11)), strict=True))
ROD = Problem(
    Interval(0, 1), {"heat": U.diff(T) - 0.1 * U.diff(X, 2)}, {"left, right": {"u": 0}}, (0, 1), {"u": sin(pi * X)}
)
EXACT = {"u": np.sin(np.pi * GRID["x"]) * np.exp(-0.1 * np.pi**2 * GRID["t"])}


@pytest.mark.parametrize("loss", ["relobralo_grad", "relobralo", "sum"])
def test_a_problem_is_solved(loss):
    errors = []
    solution = solve(
        ROD, steps=25, points=200, loss=loss, on_step=lambda step, found: errors.append(found.error(EXACT, **GRID)["u"])
    )
    assert errors[-1] < 1e-3 < 0.1 < errors[0]
    assert solution(**GRID)["u"].shape == (11, 21)
    assert solution.error(EXACT, **GRID)["u"] == errors[-1]
    assert len(solution.losses) == len(solution.loss) == 25
    assert list(solution.losses[0]) == ["heat", "u", "u_initial"]
    assert solution.losses[-1]["heat"] < 1e-2 * solution.losses[0]["heat"]


def test_a_seed_is_all_that_decides_and_nothing_else_is_drawn():
    torch.manual_seed(1)
    drawn = torch.rand(())
    torch.manual_seed(1)
    one = solve(ROD, steps=3, points=50, seed=2)
    assert torch.rand(()) == drawn
    two, other = solve(ROD, steps=3, points=50, seed=2), solve(ROD, steps=3, points=50, seed=3)
    assert one.loss[-1] == two.loss[-1] != other.loss[-1]


def test_sizes_make_loss_terms_of_order_one():
    plain, sized = (solve(ROD, steps=1, points=50, sizes=sizes).losses[0] for sizes in (None, {"heat": 10.0, "u": 0.5}))
    for name, size in {"heat": 10.0, "u": 0.5, "u_initial": 0.5}.items():
        assert float(sized[name]) == pytest.approx(float(plain[name]) / size**2)


def test_something_true_ends_the_training():
    solution = solve(ROD, steps=50, points=50, on_step=lambda step, found: step == 2)
    assert len(solution.loss) == 3


def test_a_network_that_is_brought_along_is_trained_in_its_own_precision():
    network = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    before = network[0].weight.clone()
    solution = solve(ROD, network, steps=2, points=50)
    assert not torch.equal(before, network[0].weight)
    assert network[0].weight.dtype == torch.float32
    torch.testing.assert_close(
        solution(x=[0.3], t=[0.2])["u"], network(torch.tensor([[0.3, 0.2]])).detach().double().numpy()[:, 0]
    )


def test_an_unknown_coefficient_on_a_ring_and_a_second_network_are_found():
    """u_t + c u_x = k(x) - 1 with c = 0.5 and k = 1 + cos(2 pi x): both from values of u."""
    k = Function("k")(X)
    wave = sin(2 * pi * (X - T / 2)) + sin(2 * pi * X) / pi
    at = np.random.default_rng(0).uniform((0, 0), (1, 1), (200, 2)).T
    measured = np.sin(2 * np.pi * (at[0] - at[1] / 2)) + np.sin(2 * np.pi * at[0]) / np.pi
    ring = Problem(
        Interval(0, 1), {"advection": U.diff(T) + C * U.diff(X) - (k - 1)}, {}, (0, 1), {"u": None},
        sensors={"x": at[0], "t": at[1], "u": measured}, periodic="left, right", unknown={"c": 0.2},
    )  # fmt: skip
    assert (wave.diff(T) + wave.diff(X) / 2 - cos(2 * pi * X)).simplify() == 0
    solution = solve(ring, steps=40, points=200)
    assert solution.unknown["c"] == pytest.approx(0.5, abs=1e-2)
    assert solution.error({"k": 1 + np.cos(2 * np.pi * GRID["x"])}, **GRID)["k"] < 2e-2
    assert isinstance(solution.networks["u"], Periodic)
    assert {*solution.networks} == {"k", "u"}


def test_a_wall_of_two_materials_has_a_network_in_each():
    a, b = (Function(name)(X) for name in "ab")
    wall = Problem(
        Composite({"brick": Interval(0, 1), "iron": Interval(1, 2)}),
        {"heat_a": a.diff(X, 2), "heat_b": b.diff(X, 2)},
        {
            "brick_left": {"a": 4},
            "iron_right": {"b": 0},
            "brick_iron": {"jump": a - b, "flux": a.diff(X) - 3 * b.diff(X)},
        },
        inside={"brick": ["heat_a"], "iron": ["heat_b"]},
    )
    solution = solve(wall, steps=25, points=40)
    assert solution(x=0.5)["a"] == pytest.approx(2.5, abs=1e-3)
    assert solution(x=1.5)["b"] == pytest.approx(0.5, abs=1e-3)


def test_one_network_with_several_columns_can_be_named():
    a, b = (Function(name)(X) for name in "ab")
    line = Problem(
        Interval(0, 1), {"one": a.diff(X) - b, "two": b.diff(X) + a}, {"left": {"a": 0, "b": 1}, "right": {}}
    )
    network = nn.Sequential(nn.Linear(1, 12), nn.Tanh(), nn.Linear(12, 2)).double()
    solution = solve(line, network, outputs=["b", "a"], steps=30, points=40)
    assert solution(x=0.7)["a"] == pytest.approx(np.sin(0.7), abs=1e-3)
    assert solution(x=0.7)["b"] == pytest.approx(np.cos(0.7), abs=1e-3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "Parameter `steps` must be at least 1"),
        ({"points": 1.5}, "Parameter `points` must be an integer"),
        ({"loss": "relobralo_builtin"}, r"must be one of \['relobralo_grad', 'relobralo', 'sum'\]"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_trained(wrong, message):
    with pytest.raises((TypeError, ValueError), match=message):
        solve(ROD, on_step=lambda *_: pytest.fail("trained"), **wrong)


def test_a_solution_is_a_function_of_the_inputs_by_name():
    solution = solve(ROD, steps=1, points=20)
    with pytest.raises(TypeError, match=r"A solution is a function of x, t\. Found x, y\."):
        solution(x=0, y=0)
