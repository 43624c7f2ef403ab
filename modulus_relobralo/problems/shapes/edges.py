"""Parts of a boundary: straight edges, arcs of an ellipse, and the corners between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import dist, hypot, pi
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Expr, Integer, Rational

from modulus_relobralo.problems.expressions import NORMAL

Point = tuple[float, float]
Points = dict[str, NDArray[np.float64]]

_TABLE = 4096
"""Pieces by which the length of an arc is measured; the error falls with the fourth power."""


class Part(Protocol):
    """A part of a boundary: an edge, or a corner or an end of an interval, which is one point."""

    @property
    def length(self) -> float:
        """Its length; of a point 1, because it counts by itself."""

    @property
    def curvature(self) -> Expr:
        """1/R, in the symbols of the normal; above zero where the shape bulges out, below in a hole."""

    def at(self, fractions: ArrayLike) -> Points:
        """Return the coordinates and the normal after each fraction of the length, in the direction of the tangent."""


@dataclass(frozen=True)
class Edge:
    """
    A straight edge of a shape, which lies to its left on the way from start to end.

    Attributes
    ----------
    start, end : tuple[float, float]
        Its ends, in the direction of the tangent t = (-n_y, n_x).
    normal : tuple[float, float]
        The outward normal n, of length one.
    """

    start: Point
    end: Point
    normal: Point

    @classmethod
    def between(cls, start: Point, end: Point) -> Edge:
        """Return the edge from a point to another."""
        length = dist(start, end)
        return cls(start, end, ((end[1] - start[1]) / length, (start[0] - end[0]) / length))

    @property
    def length(self) -> float:
        """The distance of its ends."""
        return dist(self.start, self.end)

    @property
    def curvature(self) -> Expr:
        """Nothing, because it is straight."""
        return Integer(0)

    @property
    def reversed(self) -> Edge:
        """The same edge with the shape on its other side."""
        return Edge(self.end, self.start, (-self.normal[0], -self.normal[1]))

    def at(self, fractions: ArrayLike) -> Points:
        """Return x, y, normal_x, normal_y after each fraction of the length."""
        t = np.asarray(fractions, dtype=float)
        x, y = (a + t * (b - a) for a, b in zip(self.start, self.end, strict=True))
        return {"x": x, "y": y, **{f"normal_{k}": np.full_like(t, n) for k, n in zip("xy", self.normal, strict=True)}}


@dataclass(frozen=True)
class Arc:
    """
    A part of an ellipse whose axes lie along x and y.

    Attributes
    ----------
    center : tuple[float, float]
        Its middle.
    radii : tuple[float, float]
        Half axes along x and y.
    angles : tuple[float, float]
        From where to where, in radians of the parameter: x = center + radius cos(angle). Rising with the shape inside,
        falling where the arc is the edge of a hole.
    """

    center: Point
    radii: Point
    angles: Point = (0.0, 2 * pi)

    @property
    def length(self) -> float:
        """Its length along the curve."""
        return float(self._table()[1][-1])

    @property
    def curvature(self) -> Expr:
        """Of an ellipse, (a^2 n_x^2 + b^2 n_y^2)^(3/2) / (a b)^2; with the other sign in a hole."""
        a, b = (Rational(radius) for radius in self.radii)
        sign = 1 if self._outside > 0 else -1
        if a == b:
            return sign / a
        n_x, n_y = NORMAL
        return sign * (a**2 * n_x**2 + b**2 * n_y**2) ** Rational(3, 2) / (a * b) ** 2

    @property
    def start(self) -> Point:
        """Where it begins."""
        return self._end(0.0)

    @property
    def end(self) -> Point:
        """Where it ends."""
        return self._end(1.0)

    @property
    def reversed(self) -> Arc:
        """The same arc with the shape on its other side."""
        return Arc(self.center, self.radii, (self.angles[1], self.angles[0]))

    def at(self, fractions: ArrayLike) -> Points:
        """Return x, y, normal_x, normal_y after each fraction of the length."""
        angles, lengths = self._table()
        theta = np.interp(np.asarray(fractions, dtype=float) * lengths[-1], lengths, angles)
        (a, b), (cos, sin) = self.radii, (np.cos(theta), np.sin(theta))
        size = np.hypot(b * cos, a * sin) * self._outside
        x, y = self.center[0] + a * cos, self.center[1] + b * sin
        return {"x": x, "y": y, "normal_x": b * cos / size, "normal_y": a * sin / size}

    @property
    def _outside(self) -> float:
        return float(np.sign(self.angles[1] - self.angles[0]))

    def _end(self, fraction: float) -> Point:
        point = self.at(fraction)
        return float(point["x"]), float(point["y"])

    def _table(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return angles and the length up to each, by Simpson's rule."""
        angles = np.linspace(*self.angles, 2 * _TABLE + 1)
        speed = np.hypot(self.radii[0] * np.sin(angles), self.radii[1] * np.cos(angles))
        step = abs(self.angles[1] - self.angles[0]) / _TABLE
        pieces = step / 6 * (speed[:-2:2] + 4 * speed[1::2] + speed[2::2])
        return angles[::2], np.concatenate([[0.0], np.cumsum(pieces)])


@dataclass(frozen=True)
class Corner:
    """
    Where two edges of a boundary meet at an angle.

    Attributes
    ----------
    point : tuple[float, float]
        Where it is.
    normal : tuple[float, float]
        Half way between the normals of its two edges, of length one.
    turn : float
        By how much the normal turns, in radians; below zero where the shape has a corner that points into it.
    edges : tuple[str, str]
        The edge that ends here and the one that begins.
    """

    point: Point
    normal: Point
    turn: float
    edges: tuple[str, str]

    @property
    def length(self) -> float:
        """A corner counts as one."""
        return 1.0

    @property
    def curvature(self) -> Expr:
        """Not asked for, because it is no curve."""
        return Integer(0)

    def at(self, fractions: ArrayLike) -> Points:
        """Return x, y, normal_x, normal_y of the corner, for each fraction."""
        t = np.asarray(fractions, dtype=float)
        values = zip(("x", "y", "normal_x", "normal_y"), (*self.point, *self.normal), strict=True)
        return {name: np.full_like(t, value) for name, value in values}


def corners_of(edges: Mapping[str, Part], loops: Sequence[Sequence[str]]) -> dict[str, Corner]:
    """Return the corners between neighbours of each loop, under the names ``corner_<edge>_<next edge>``."""
    found = {}
    for loop in loops:
        for name, following in zip(loop, [*loop[1:], loop[0]], strict=True):
            before, after = edges[name].at(1.0), edges[following].at(0.0)
            (a_x, a_y), (b_x, b_y) = ((float(p["normal_x"]), float(p["normal_y"])) for p in (before, after))
            turn = float(np.arctan2(a_x * b_y - a_y * b_x, a_x * b_x + a_y * b_y))
            # Below, two edges are one smooth curve: the table of an arc is no more exact.
            if abs(turn) > 1e-4:
                size = hypot(a_x + b_x, a_y + b_y)
                normal = (a_x + b_x) / size, (a_y + b_y) / size
                point = float(before["x"]), float(before["y"])
                found[f"corner_{name}_{following}"] = Corner(point, normal, turn, (name, following))
    return found
