"""Shapes: what they are made of, and how edges are named."""

import math

import numpy as np
import pytest
from sympy import Symbol

from modulus_relobralo.problems import Ellipse, Polygon, Rectangle, WithHoles, annulus, circle
from modulus_relobralo.problems.shapes.primitives import EDGES
from modulus_relobralo.problems.shapes.shape import for_each_edge, points_on

L = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]
SHAPES = {
    "rectangle": (Rectangle(3, 2, lower=(-1, 1)), 6.0, 4),
    "circle": (circle(1.5, center=(1, -2)), math.pi * 2.25, 0),
    "ellipse": (Ellipse(2, 0.7), math.pi * 1.4, 0),
    "triangle": (Polygon([(0, 0), (2, 0), (0.5, 1.5)]), 1.5, 3),
    "clockwise": (Polygon([(0, 0), (0.5, 1.5), (2, 0)]), 1.5, 3),
    "L": (Polygon(L), 3.0, 6),
    "ring": (annulus(2, 0.5), math.pi * 3.75, 0),
    "hole": (WithHoles(Rectangle(4, 4), {"hole": Polygon([(1, 1), (2, 1), (1, 2)])}), 15.5, 7),
}
every_shape = pytest.mark.parametrize(("shape", "area", "corners"), SHAPES.values(), ids=SHAPES)
FRACTIONS = np.linspace(0.05, 0.95, 7)


@every_shape
def test_area_and_corners(shape, area, corners):
    assert shape.area == pytest.approx(area, rel=1e-6)
    assert len(shape.corners) == corners
    assert len(shape.points(200)) / 200**2 * np.prod(np.subtract(*shape.bounds)) == pytest.approx(area, rel=0.02)


@every_shape
def test_edges_lie_on_the_boundary_with_the_shape_on_their_left(shape, area, corners):
    for edge in shape.edges.values():
        place, step = edge.at(FRACTIONS), 1e-4
        n_x, n_y = place["normal_x"], place["normal_y"]
        np.testing.assert_allclose(np.hypot(n_x, n_y), 1)
        np.testing.assert_allclose(shape.level(place["x"], place["y"]), 0, atol=1e-9)
        for side in (1, -1):
            inside = shape.level(place["x"] - side * step * n_x, place["y"] - side * step * n_y)
            assert (side * inside > 0).all()
        ahead = edge.at(FRACTIONS + step)
        tangent = np.stack([ahead[k] - place[k] for k in "xy"]) / (step * edge.length)
        np.testing.assert_allclose(tangent, [-n_y, n_x], atol=5e-3)


@every_shape
def test_curvature_is_how_fast_the_normal_turns(shape, area, corners):
    step = 1e-3
    for edge in shape.edges.values():
        before, place, after = (edge.at(FRACTIONS + d) for d in (-step, 0, step))
        turned = [(after[k] - before[k]) / (2 * step * edge.length) for k in ("normal_x", "normal_y")]
        speed = -turned[0] * place["normal_y"] + turned[1] * place["normal_x"]
        for i, expected in enumerate(speed):
            normal = {Symbol(k): float(place[k][i]) for k in ("normal_x", "normal_y")}
            assert float(edge.curvature.subs(normal)) == pytest.approx(expected, rel=1e-3, abs=1e-9)


@every_shape
def test_the_normal_turns_once_around_each_loop(shape, area, corners):
    """By 2 pi around the outer edge and by -2 pi around a hole: corners and curves together."""
    for loop in shape.loops:
        turned = sum(corner.turn for corner in shape.corners.values() if corner.edges[0] in loop)
        for name in loop:
            place = shape.edges[name].at(np.linspace(0, 1, 2001))
            angle = np.unwrap(np.arctan2(place["normal_y"], place["normal_x"]))
            turned += angle[-1] - angle[0]
        assert turned == pytest.approx(2 * math.pi if loop == shape.loops[0] else -2 * math.pi, abs=1e-5)


def test_the_normal_of_a_corner_lies_half_way():
    corner = SHAPES["L"][0].corners["corner_edge_3_edge_4"]
    assert corner.point == (1, 1)
    assert corner.normal == pytest.approx((0.5**0.5, 0.5**0.5))
    assert corner.turn == pytest.approx(-math.pi / 2)


def test_edges_of_holes_are_named_after_them():
    two = WithHoles(Rectangle(9, 4), {"duct": Rectangle(1, 1, (1, 1)), "pipe": circle(0.5, (6, 2))})
    assert list(two.edges)[4:] == ["duct_left", "duct_right", "duct_bottom", "duct_top", "pipe"]
    assert "corner_duct_bottom_duct_left" in two.corners


@pytest.mark.parametrize(
    ("vertices", "area"),
    [
        ([(0, 2), (0, 3), (3, 3), (3, 2), (2, 2), (2, 0), (1, 0), (1, 2)], 5),
        ([(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)], 7),
        ([(0, 0), (2, 0), (2, 1), (3, 1), (3, 2), (1, 2), (1, 1), (0, 1)], 4),
        ([(1, 0), (2, 0), (2, 1), (3, 1), (3, 2), (2, 2), (2, 3), (1, 3), (1, 2), (0, 2), (0, 1), (1, 1)], 5),
    ],
    ids=["T", "U", "Z", "cross"],
)
@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_edges_on_one_line_do_not_cross(vertices, area, angle):
    turned = [(np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y) for x, y in vertices]
    assert Polygon(turned).area == pytest.approx(area)
    # The control: edges on one line that do overlap.
    with pytest.raises(ValueError, match="not cross"):
        Polygon([(0, 0), (3, 0), (3, 1), (2, 0), (1, 0), (0, 1)])


@pytest.mark.parametrize(
    ("make", "error", "found"),
    [
        (lambda: Polygon([(0, 0), (1, 0)]), ValueError, "must hold three or more. Found 2"),
        (
            lambda: Polygon([(0, 0), (1, 0), (2, 0), (0, 1)]),
            ValueError,
            r"must turn at each vertex. Found \(0.0, 0.0\)",
        ),
        (lambda: Polygon([(0, 0), (2, 2), (2, 0), (0, 1)]), ValueError, "not cross. Found that edge_1 and edge_3 do"),
        (lambda: Polygon(L, names=["a", "b"]), ValueError, "must have 6 different names"),
        (lambda: circle(0), ValueError, r"Parameter `radius` must be in \(0, inf\)"),
        (lambda: Ellipse(1, -2), ValueError, r"Parameter `b` must be in \(0, inf\)"),
        (lambda: annulus(1, 2), ValueError, r"Parameter `inner` must be in \(0, 1\]"),
        (lambda: annulus(1, 1), ValueError, "`inner` cuts the edge or lies beyond"),
        (lambda: WithHoles(Rectangle(2, 2), {"h": circle(0.5, (0.4, 1))}), ValueError, "`h` cuts the edge or lies"),
        (lambda: WithHoles(Rectangle(2, 2), {"h": circle(0.5, (4, 1))}), ValueError, "`h` cuts the edge or lies"),
        (
            lambda: WithHoles(Rectangle(4, 2), {"h": circle(0.5, (1, 1)), "g": circle(0.5, (1.5, 1))}),
            ValueError,
            "`h` cuts `g`",
        ),
        (lambda: WithHoles(Rectangle(4, 2), {"left": circle(0.5, (1, 1))}), ValueError, "Found left twice"),
        (lambda: WithHoles("plate", {}), TypeError, "must be shapes. Found 'plate'"),
        (
            lambda: WithHoles(Rectangle(4, 2), [circle(0.5, (1, 1))]),
            TypeError,
            "`holes` must map names to shapes. Found",
        ),
    ],
)
def test_what_is_no_shape_is_refused(make, error, found):
    with pytest.raises(error, match=found):
        make()


def test_the_poles_of_holes_lie_deep_in_them():
    assert annulus(3, 1, center=(2, 1)).poles == (pytest.approx((2, 1, 1, 3), abs=1e-9),)
    holes = {"slot": Rectangle(2, 1, (1, 1)), "angle": Polygon([(5, 1), (7, 1), (7, 1.4), (6, 1.4), (6, 3), (5, 3)])}
    slot, angle = WithHoles(Rectangle(9, 4), holes).poles
    assert slot == pytest.approx((2, 1.5, 0.5, 2), abs=1e-3)
    # The middle of the bounds of the other one, (6, 2), is on its edge, which no pole may be.
    assert angle[0] < 5.7
    assert 0.4 < angle[2] < 0.55
    assert Rectangle(2, 1).poles == ()


ON_EDGE = {"left": ("x", -0.5), "right": ("x", 1.5), "bottom": ("y", 2.0), "top": ("y", 9.0)}
NORMALS = {"left": (-1, 0), "right": (1, 0), "bottom": (0, -1), "top": (0, 1)}
RECTANGLE = Rectangle(2, 7, lower=(-0.5, 2))


@pytest.mark.parametrize("name", EDGES)
def test_edges_lie_where_their_names_say(name):
    edge = RECTANGLE.edges[name]
    coordinate, value = ON_EDGE[name]
    assert [point["xy".index(coordinate)] for point in (edge.start, edge.end)] == [value, value]
    assert edge.normal == NORMALS[name]
    assert edge.length == (7 if coordinate == "x" else 2)


def test_edges_go_round_with_the_rectangle_on_their_left():
    edges = RECTANGLE.edges.values()
    assert {edge.end for edge in edges} == {edge.start for edge in edges} == {(-0.5, 2), (1.5, 2), (1.5, 9), (-0.5, 9)}
    for edge in edges:
        tangent = np.subtract(edge.end, edge.start) / edge.length
        np.testing.assert_array_equal(tangent, (-edge.normal[1], edge.normal[0]))
    # Shoelace formula: twice the area, positive if they go round against the clock.
    twice = sum(e.start[0] * e.end[1] - e.end[0] * e.start[1] for e in edges)
    assert twice == 2 * 2 * 7


def test_points_lie_inside_and_closed_ones_reach_the_edges():
    points = np.array(RECTANGLE.points(4))
    assert points.shape == (16, 2)
    assert sorted(set(points[:, 0])) == [-0.25, 0.25, 0.75, 1.25]
    closed = np.array(RECTANGLE.points(3, closed=True))
    assert sorted(set(closed[:, 0])) == [-0.5, 0.5, 1.5]
    assert sorted(set(closed[:, 1])) == [2, 5.5, 9]
    assert points_on(RECTANGLE.edges["top"], 2) == [(1.0, 9.0), (0.0, 9.0)]


@pytest.mark.parametrize("lower", [(0,), (0, 0, 0), 0, None, (math.nan, 0), (0, math.inf), ("0", 0), (True, 0)])
def test_the_corner_is_a_pair_of_finite_numbers(lower):
    with pytest.raises((TypeError, ValueError), match="Parameter `lower` must be"):
        Rectangle(1, 1, lower)


def test_one_value_serves_all_edges():
    assert for_each_edge("edges", 3, EDGES) == {"left": 3, "right": 3, "bottom": 3, "top": 3}


def test_a_mapping_is_brought_into_the_order_of_the_edges():
    given = {"top": 4, "left": 1, "right": 2, "bottom": 3}
    assert list(for_each_edge("edges", given, EDGES).items()) == [("left", 1), ("right", 2), ("bottom", 3), ("top", 4)]


@pytest.mark.parametrize(
    ("value", "found"),
    [({}, "none"), ({"left": 1, "top": 2}, "left, top"), (dict.fromkeys([*EDGES, "front"], 0), "top, front")],
)
def test_a_mapping_must_name_each_edge(value, found):
    with pytest.raises(ValueError, match=rf"name each of left, right, bottom, top. Found `edges` for .*{found}"):
        for_each_edge("edges", value, EDGES)
