"""Corners, where edges of a boundary meet at an angle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np
from numpy.typing import ArrayLike
from sympy import Expr, Integer

from modulus_relobralo.problems.shapes.edges import Part, Point, Points


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
