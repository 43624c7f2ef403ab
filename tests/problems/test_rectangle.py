import math

import numpy as np
import pytest

from modulus_relobralo.problems.shapes.primitives import EDGES, Rectangle
from modulus_relobralo.problems.shapes.shape import for_each_edge, points_on

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
