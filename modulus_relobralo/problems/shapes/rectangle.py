"""A rectangle and its four edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modulus_relobralo.checks import check_positive
from modulus_relobralo.problems.shapes.edges import Arc, Edge, Point
from modulus_relobralo.problems.shapes.shape import Shape, as_point

_NORMALS = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "bottom": (0.0, -1.0), "top": (0.0, 1.0)}

EDGES = tuple(_NORMALS)
"""The edges of a rectangle by name: left and right in x, bottom and top in y."""


@dataclass(frozen=True)
class Rectangle(Shape):
    """
    A rectangle with sides along x and y.

    Parameters
    ----------
    a, b : float
        Lengths along x and along y.
    lower : tuple[float, float]
        The corner where x and y are least.

    Examples
    --------
    >>> rectangle = Rectangle(6, 4)
    >>> rectangle.upper
    (6.0, 4.0)
    >>> rectangle.edges["right"]
    Edge(start=(6.0, 0.0), end=(6.0, 4.0), normal=(1.0, 0.0))
    >>> list(rectangle.corners)
    ['corner_left_bottom', 'corner_bottom_right', 'corner_right_top', 'corner_top_left']
    """

    a: float
    b: float
    lower: Point = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("a", "b"):
            check_positive(name, getattr(self, name))
            object.__setattr__(self, name, float(getattr(self, name)))
        object.__setattr__(self, "lower", as_point("lower", self.lower))

    @property
    def upper(self) -> Point:
        """The corner where x and y are greatest."""
        return self.lower[0] + self.a, self.lower[1] + self.b

    @property
    def bounds(self) -> tuple[Point, Point]:
        """Its two corners."""
        return self.lower, self.upper

    @property
    def edges(self) -> dict[str, Edge | Arc]:
        """The edges by name, each with the rectangle to its left."""
        (x0, y0), (x1, y1) = self.lower, self.upper
        ends = {
            "left": ((x0, y1), (x0, y0)),
            "right": ((x1, y0), (x1, y1)),
            "bottom": ((x0, y0), (x1, y0)),
            "top": ((x1, y1), (x0, y1)),
        }
        return {name: Edge(*ends[name], _NORMALS[name]) for name in EDGES}

    @property
    def loops(self) -> tuple[tuple[str, ...], ...]:
        """Once around, against the clock."""
        return (("left", "bottom", "right", "top"),)

    def level(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the distance to the nearest edge, below zero outside."""
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        (x0, y0), (x1, y1) = self.bounds
        return np.minimum(np.minimum(x - x0, x1 - x), np.minimum(y - y0, y1 - y))
