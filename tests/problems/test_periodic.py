"""Pairs of edges that are periodic: which there are, and what they take."""

import numpy as np
import pytest
from sympy import Function, Symbol

from modulus_relobralo.problems import Interval, Polygon, Problem, Rectangle, WithHoles, circle
from modulus_relobralo.problems.periodic import as_periods, check_periodic
from modulus_relobralo.problems.places import places

X, Y, T = (Symbol(name) for name in "xyt")
U = Function("u")(X, Y)
POISSON = {"poisson": U.diff(X, 2) + U.diff(Y, 2) - 1}
BOX = Rectangle(2, 1, (-1, 3))


@pytest.mark.parametrize(
    ("shape", "periodic", "periods"),
    [
        (Interval(-1, 2), "left, right", {"x": (-1, 2)}),
        (BOX, "right,left", {"x": (-1, 1)}),
        (BOX, ["left, right", "bottom, top"], {"x": (-1, 1), "y": (3, 4)}),
        (WithHoles(BOX, {"hole": circle(0.2, (0, 3.5))}), "bottom, top", {"y": (3, 4)}),
        (Polygon([(0, 0), (2, 0), (2, 1), (1, 2), (0, 1)]), "edge_5, edge_2", {"x": (0, 2)}),
        (BOX, (), {}),
    ],
)
def test_periods_go_from_edge_to_edge(shape, periodic, periods):
    assert as_periods(periodic, shape)[0] == periods


@pytest.mark.parametrize(
    ("shape", "periodic", "found"),
    [
        (BOX, "left, top", "'left, top'"),
        (BOX, "left", "'left'"),
        (BOX, "left, front", "'left, front'"),
        (BOX, ["left, right", "right, left"], "'right, left'"),
        (Polygon([(0, 0), (2, 0), (3, 1), (1, 1)]), "edge_1, edge_3", "'edge_1, edge_3'"),
        (circle(1), "rim, rim", "'rim, rim'"),
    ],
)
def test_other_pairs_are_refused(shape, periodic, found):
    with pytest.raises(ValueError, match=rf"`periodic` must name pairs of opposite edges, .* Found {found}\."):
        as_periods(periodic, shape)


def test_periodic_edges_take_no_condition():
    problem = Problem(BOX, POISSON, {"edges": {"u": 0}}, periodic="left, right")
    assert problem.periods == {"x": (-1, 1)}
    assert [place.name for place in places(problem, 8, 4)] == ["interior", "bottom_top"]
    with pytest.raises(ValueError, match=r"`conditions` must leave out the periodic edges, left, right: .* Found left"):
        Problem(BOX, POISSON, {"left": {"u": 0}, "bottom, top": {"u": 0}}, periodic="left, right")
    with pytest.raises(ValueError, match=r"`conditions` must name each of bottom, top, .* Found no bottom, top"):
        Problem(BOX, POISSON, {}, periodic="left, right")


@pytest.mark.parametrize(
    ("network", "periodic"),
    [
        (lambda at: np.cos(np.pi * at["x"]) * at["t"], True),
        (lambda at: np.float32(np.sin(np.float32(np.pi) * np.float32(at["x"]))), True),
        (lambda at: at["t"], True),
        (lambda at: at["x"] ** 2, False),  # the same at both ends, but not beyond
        (lambda at: np.cos(3 * at["x"]), False),
    ],
)
def test_a_network_is_tried_a_period_on(network, periodic):
    def tried():
        check_periodic("u", network, ["x", "t"], {"x": (-1.0, 1.0)}, {"t": (0, 5)})

    if periodic:
        tried()
        return
    with pytest.raises(ValueError, match=r"The network of u must be periodic in x, .* differ by .* between -1 and 1"):
        tried()
