"""Shapes of several regions: their edges and interfaces, and problems over them."""

import numpy as np
import pytest
from sympy import Function, Symbol

from modulus_relobralo.problems import Composite, Interval, Problem, Rectangle, WithHoles, circle
from modulus_relobralo.problems.places import places
from modulus_relobralo.problems.sampling import samples

X, Y, T, N = Symbol("x"), Symbol("y"), Symbol("t"), Symbol("normal_x")
A, B = Function("a")(X, T), Function("b")(X, T)
WALL = Composite({"brick": Interval(0, 0.3), "wool": Interval(0.3, 0.5)})
HEAT = {
    "shape": WALL,
    "time": (0, 1),
    "equations": {"heat_a": A.diff(T) - A.diff(X, 2), "heat_b": B.diff(T) - 2 * B.diff(X, 2)},
    "inside": {"brick": ["heat_a"], "wool": ["heat_b"]},
    "conditions": {
        "brick_left": {"a": 0},
        "wool_right": {"b": 1},
        "brick_wool": {"jump": A - B, "flux": (A.diff(X) - 2 * B.diff(X)) * N},
    },
    "initial": {"a": 0, "b": 5 * X - 1.5},
}


def test_layers_share_an_interface():
    assert list(WALL.edges) == ["brick_left", "wool_right", "brick_wool"]
    assert WALL.neighbours == {"brick_left": ("brick",), "wool_right": ("wool",), "brick_wool": ("brick", "wool")}
    assert (WALL.bounds, WALL.area) == (((0.0,), (0.5,)), pytest.approx(0.5))
    np.testing.assert_allclose(
        WALL.level(np.array([-0.1, 0.1, 0.3, 0.45, 0.6])), [-0.1, 0.1, 0, 0.05, -0.1], atol=1e-12
    )
    assert WALL.edges["brick_wool"].normal == 1  # out of the first


def test_in_the_plane_an_interface_can_be_straight_or_round():
    beside = Composite({"one": Rectangle(1, 1), "two": Rectangle(2, 1, (1, 0))})
    assert [*beside.edges][-1] == "one_two"
    assert len(beside.edges) == 7
    assert beside.edges["one_two"].at([0.0])["normal_x"] == 1
    core = Composite({"core": circle(0.5), "shell": WithHoles(Rectangle(2, 2, (-1, -1)), {"hole": circle(0.5)})})
    assert [*core.edges] == ["shell_left", "shell_right", "shell_bottom", "shell_top", "core_shell"]
    assert core.area == pytest.approx(4)
    around = core.edges["core_shell"].at([0.1, 0.6])
    np.testing.assert_allclose([around["normal_x"], around["normal_y"]], [2 * around["x"], 2 * around["y"]], rtol=1e-3)


def test_each_region_has_its_equations_and_its_start():
    problem = Problem(**HEAT)
    found = samples(problem, interior=40, edge=4, initial=20)
    assert {name: list(place.terms) for name, place in found.items()} == {
        "brick": ["heat_a"],
        "wool": ["heat_b"],
        "brick_left": ["a"],
        "wool_right": ["b"],
        "brick_wool": ["jump", "flux"],
        "initial_brick": ["a_initial"],
        "initial_wool": ["b_initial"],
    }
    for name, low, high in (("brick", 0, 0.3), ("wool", 0.3, 0.5), ("initial_wool", 0.3, 0.5)):
        points, areas = found[name].draw(np.random.default_rng(0))
        assert low < points["x"].min() < points["x"].max() < high
        assert areas.sum() == pytest.approx(high - low)
    points, _ = found["brick_wool"].draw(np.random.default_rng(0))
    assert set(points["x"]) == {0.3}
    assert set(points["normal_x"]) == {1}
    assert "jump_brick_wool" in [name for place in places(problem, 8, 4, 5, per_edge=True) for name in place.terms]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inside": None}, r"`inside` must name some of the equations, .* for each of the regions brick, wool"),
        ({"inside": {"brick": ["heat_a"]}}, r"for each of the regions brick, wool. Found {'brick'"),
        ({"initial": {"a": 0, "b": None, "sum": A + B}}, r"`initial` must be of the fields a or b there. Found sum"),
        (
            {"conditions": {**HEAT["conditions"], "brick_left": {"b": 0}}},
            r"`conditions\['brick_left'\]` must be of the fields a there. Found b",
        ),
        (
            {"conditions": {"brick_left": {"a": 0}, "wool_right": {"b": 1}}},
            r"name each of brick_left, wool_right, brick_wool, .* Found no brick_wool",
        ),
    ],
)
def test_what_does_not_fit_the_regions_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        Problem(**{**HEAT, **changes})


@pytest.mark.parametrize(
    ("regions", "error", "message"),
    [
        ([Interval(0, 1)], TypeError, r"`regions` must map names to shapes. Found \["),
        ({"a": Interval(0, 1)}, ValueError, r"two or more shapes of the same coordinates"),
        ({"a": Interval(0, 1), "b": Rectangle(1, 1)}, ValueError, r"two or more shapes of the same coordinates"),
        ({"a": Interval(0, 1), "b": Interval(0.5, 2)}, ValueError, r"that do not overlap. Found a in b"),
        ({"a": Rectangle(1, 1), "b": Rectangle(1, 2, (1, 0))}, ValueError, r"Found that a_right meets b along a part"),
        ({"interior": Interval(0, 1), "b": Interval(1, 2)}, ValueError, r"`regions` must not be one of .*interior"),
        ({"a": Interval(0, 1), "b": Interval(2, 3), "a_left": Interval(4, 5)}, None, ""),
    ],
)
def test_regions_are_checked(regions, error, message):
    if error is None:
        assert len(Composite(regions).edges) == 6
        return
    with pytest.raises(error, match=message):
        Composite(regions)
