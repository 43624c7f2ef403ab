"""A rectangle and its four edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import dist, inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Symbol
from sympy.core.relational import Relational

from modulus_relobralo.checks import check_number, check_positive

Point = tuple[float, float]

_NORMALS = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "bottom": (0.0, -1.0), "top": (0.0, 1.0)}

EDGES = tuple(_NORMALS)
"""The edges of a rectangle by name: left and right in x, bottom and top in y."""


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

    @property
    def length(self) -> float:
        """The distance of its ends."""
        return dist(self.start, self.end)

    def at(self, shares: ArrayLike) -> dict[str, NDArray[np.float64]]:
        """Return x, y, normal_x, normal_y after each share of the length."""
        t = np.asarray(shares, dtype=float)
        x, y = (a + t * (b - a) for a, b in zip(self.start, self.end, strict=True))
        return {"x": x, "y": y, **{f"normal_{k}": np.full_like(t, n) for k, n in zip("xy", self.normal, strict=True)}}

    @property
    def criterion(self) -> Relational:
        """Which points of a rectangle's boundary lie on this edge: a condition on the symbols of the normal.

        The normal is exact; coordinates of sampled points may be off by a rounding.
        """
        (component,) = (each for each in self.normal if each)
        symbol = Symbol("normal_x") if self.normal[0] else Symbol("normal_y")
        return symbol > 0 if component > 0 else symbol < 0

    def points(self, n: int) -> list[Point]:
        """Return the middles of n equal parts."""
        return [
            (x0 + t * (x1 - x0), y0 + t * (y1 - y0))
            for (x0, y0), (x1, y1) in [(self.start, self.end)]
            for t in _middles(n)
        ]


@dataclass(frozen=True)
class Rectangle:
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
    """

    a: float
    b: float
    lower: Point = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("a", "b"):
            check_positive(name, getattr(self, name))
            object.__setattr__(self, name, float(getattr(self, name)))
        object.__setattr__(self, "lower", _corner("lower", self.lower))

    @property
    def upper(self) -> Point:
        """The corner where x and y are greatest."""
        return self.lower[0] + self.a, self.lower[1] + self.b

    @property
    def bounds(self) -> tuple[Point, Point]:
        """The least and the greatest x and y."""
        return self.lower, self.upper

    @property
    def area(self) -> float:
        """The area."""
        return self.a * self.b

    def level(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the distance to the nearest edge, below zero outside."""
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        (x0, y0), (x1, y1) = self.bounds
        return np.minimum(np.minimum(x - x0, x1 - x), np.minimum(y - y0, y1 - y))

    @property
    def edges(self) -> dict[str, Edge]:
        """The edges by name, each with the rectangle to its left."""
        (x0, y0), (x1, y1) = self.lower, self.upper
        ends = {
            "left": ((x0, y1), (x0, y0)),
            "right": ((x1, y0), (x1, y1)),
            "bottom": ((x0, y0), (x1, y0)),
            "top": ((x1, y1), (x0, y1)),
        }
        return {name: Edge(*ends[name], _NORMALS[name]) for name in EDGES}

    def points(self, n: int, closed: bool = False) -> list[Point]:
        """Return n by n points: the middles of equal parts, or with ``closed`` from edge to edge."""
        shares = [i / (n - 1) for i in range(n)] if closed else _middles(n)
        return [(self.lower[0] + self.a * s, self.lower[1] + self.b * t) for s in shares for t in shares]


def for_each_edge(name: str, value: Any) -> dict[str, Any]:
    """Return ``{edge: value}`` of one value for all edges, or of a mapping that names all four."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(EDGES, value)
    if set(value) != set(EDGES):
        raise ValueError(
            f"Parameter `{name}` must be one for all edges, or name each of {', '.join(EDGES)}. "
            f"Found `{name}` for {', '.join(map(str, value)) or 'none'}."
        )
    return {edge: value[edge] for edge in EDGES}


def _middles(n: int) -> list[float]:
    return [(i + 0.5) / n for i in range(n)]


def _corner(name: str, value: Any) -> Point:
    try:
        x, y = value
    except (TypeError, ValueError):
        raise ValueError(f"Parameter `{name}` must be a pair of coordinates. Found `{name} = {value!r}`.") from None
    return check_number(name, x, -inf, inf), check_number(name, y, -inf, inf)
