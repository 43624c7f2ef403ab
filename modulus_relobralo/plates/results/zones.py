r"""The surroundings of corners where moments or shears have no bound.

There the reaction along an edge cannot be integrated by points, but its sum can be known: by the equilibrium of the
piece of the plate within a radius of the tip, between the two edges and an arc. With the true tractions on the arc, for
v = 1, x and y,

::

    sum of reactions v + integral of M_n v,n = integral of p v + integral of Q_n v - (M n) . grad v along the arc
                                               + M_nt v where the one edge comes in - M_nt v where the other goes out

in which nothing is without a bound. What edges say of themselves begins beyond the radius.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Function

from modulus_relobralo.plates.corners import unbounded
from modulus_relobralo.plates.plate import Plate
from modulus_relobralo.plates.polynomial import with_values
from modulus_relobralo.plates.values import Array, Points, evaluate
from modulus_relobralo.problems.expressions import COORDINATES
from modulus_relobralo.problems.shapes.edges import Corner, Edge, Part

CLOSE = 1 / 20
"""The radius, of the least of the plate's width and the two edges' lengths: about its thickness, below which the theory
of thin plates says little anyway."""
NODES = 24
"""Of Gauss, along the arc and along the radius."""

Known = Callable[[Mapping[str, Expr], Points], dict[str, Array]]
"""Computes quantities at points."""


@dataclass(frozen=True)
class Zone:
    """
    The surroundings of a corner.

    Attributes
    ----------
    corner : Corner
        The corner.
    radius : float
        How far they go [m].
    what : str
        What has no bound at the tip: "moments" and with them shears, or "shears" alone.
    """

    corner: Corner
    radius: float
    what: str

    def holds(self, x: Array, y: Array) -> NDArray[np.bool_]:
        """Return which points lie in it."""
        away = np.hypot(x - self.corner.point[0], y - self.corner.point[1])
        return np.asarray(away < self.radius * (1 - 1e-9))


def zones(plate: Plate) -> dict[str, Zone]:
    """Return the zones of a plate by corner."""
    shape, found = plate.shape, {}
    width = min(high - low for low, high in zip(*shape.bounds, strict=True))
    for name, what in unbounded(plate).items():
        corner = shape.corners[name]
        edges = [shape.edges[edge] for edge in corner.edges]
        if all(isinstance(edge, Edge) for edge in edges):
            found[name] = Zone(corner, CLOSE * min(width, *(edge.length for edge in edges)), what)
    return found


def beyond(plate: Plate, name: str, around: Mapping[str, Zone]) -> Part:
    """Return the part of an edge that lies beyond all zones."""
    edge, start, end = plate.shape.edges[name], 0.0, 1.0
    for zone in around.values():
        comes, goes = zone.corner.edges
        start = zone.radius / edge.length if goes == name else start
        end = 1 - zone.radius / edge.length if comes == name else end
    if not isinstance(edge, Edge) or (start, end) == (0.0, 1.0):
        return edge
    ends = edge.at(np.array([start, end]))
    first, last = zip(ends["x"].tolist(), ends["y"].tolist(), strict=True)
    return Edge(first, last, edge.normal)


def within(plate: Plate, name: str, zone: Zone) -> Part:
    """Return the part of an edge that lies in a zone at one of its ends."""
    edge = plate.shape.edges[name]
    share = zone.radius / edge.length
    ends = edge.at(np.array([0.0, share] if zone.corner.edges[1] == name else [1 - share, 1.0]))
    return Edge.between(*zip(ends["x"].tolist(), ends["y"].tolist(), strict=True))


def reaction(plate: Plate, zone: Zone, known: Known, values: Mapping[str, float], tests: Array) -> Array:
    """
    Return the sums of what reacts within a zone, for each test function.

    Parameters
    ----------
    plate : Plate
        The plate.
    zone : Zone
        The zone.
    known : callable
        Computes quantities at points.
    values : mapping
        Of the plate's parameters.
    tests : array
        Of each test function its value at the origin and its derivatives by x and y, [functions, 3].
    """
    equation, w = plate.equation, Function(plate.equation.w)(*COORDINATES)
    fields = {name: plate.equation.equations[equation.output(name)] for name in ("M_x", "M_y", "M_xy", "Q_x", "Q_y")}
    slopes = {f"w_{axis}": w.diff(axis) for axis in COORDINATES}
    comes, goes = (plate.shape.edges[edge] for edge in zone.corner.edges)
    along = goes.at(1.0)["x"] - goes.at(0.0)["x"], goes.at(1.0)["y"] - goes.at(0.0)["y"]
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    fractions, shares = (nodes + 1) / 2, weights / 2
    angle = np.pi - zone.corner.turn
    theta = float(np.arctan2(along[1], along[0])) + angle * fractions
    n_x, n_y = np.cos(theta), np.sin(theta)

    def at(x: Array, y: Array) -> tuple[Points, Array]:
        offset = {"x": zone.corner.point[0] + x, "y": zone.corner.point[1] + y}
        return offset, tests[:, :1] + tests[:, 1:2] * offset["x"] + tests[:, 2:] * offset["y"]

    place, v = at(zone.radius * n_x, zone.radius * n_y)
    of = known({**fields, **slopes}, place)
    layer = float(equation.pasternak) if equation.pasternak.is_number else 0.0
    shear = (of["Q_x"] + layer * of["w_x"]) * n_x + (of["Q_y"] + layer * of["w_y"]) * n_y
    moment = np.stack([of["M_x"] * n_x + of["M_xy"] * n_y, of["M_xy"] * n_x + of["M_y"] * n_y])
    total = (shear * v - tests[:, 1:] @ moment) @ (shares * angle * zone.radius)
    x, y = (np.outer(zone.radius * fractions, n).ravel() for n in (n_x, n_y))
    areas = np.outer(fractions * zone.radius**2 * shares, shares * angle).ravel()
    place, v = at(x, y)
    inside = known({"soil": equation.winkler * w, **slopes}, place)
    load = evaluate(equation.p, with_values(place, values)) - inside["soil"]
    total = total + (v * load) @ areas
    total = total - layer * tests[:, 1:] @ np.stack([inside["w_x"] @ areas, inside["w_y"] @ areas])
    for edge, fraction, sign in ((comes, 1 - zone.radius / comes.length, 1), (goes, zone.radius / goes.length, -1)):
        end = edge.at(np.array([fraction]))
        m = known(fields, end)
        a, b = end["normal_x"], end["normal_y"]
        twist = (m["M_y"] - m["M_x"]) * a * b + m["M_xy"] * (a**2 - b**2)
        _, v = at(end["x"] - zone.corner.point[0], end["y"] - zone.corner.point[1])
        total = total + sign * v @ twist
    return np.asarray(total)
