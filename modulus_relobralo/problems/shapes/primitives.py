"""Shapes without holes: rectangles, ellipses and polygons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modulus_relobralo.checks import check_positive
from modulus_relobralo.problems.expressions import check_name
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


@dataclass(frozen=True)
class Ellipse(Shape):
    """
    An ellipse with its axes along x and y; a circle is one with equal radii.

    Parameters
    ----------
    a, b : float
        Half axes along x and along y.
    center : tuple[float, float]
        Its middle.
    edge : str
        The name of its edge.

    Examples
    --------
    >>> circle = Ellipse(2, 2)
    >>> circle.edges["rim"].curvature, round(circle.area, 6)
    (1/2, 12.566371)
    """

    a: float
    b: float
    center: Point = (0.0, 0.0)
    edge: str = "rim"

    def __post_init__(self) -> None:
        for name in ("a", "b"):
            check_positive(name, getattr(self, name))
            object.__setattr__(self, name, float(getattr(self, name)))
        object.__setattr__(self, "center", as_point("center", self.center))
        check_name("edge", self.edge)

    @property
    def bounds(self) -> tuple[Point, Point]:
        """The corners of the rectangle around it."""
        x, y = self.center
        return (x - self.a, y - self.b), (x + self.a, y + self.b)

    @property
    def edges(self) -> dict[str, Edge | Arc]:
        """Its one edge."""
        return {self.edge: Arc(self.center, (self.a, self.b))}

    @property
    def loops(self) -> tuple[tuple[str, ...], ...]:
        """The edge, which closes by itself."""
        return ((self.edge,),)

    def level(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the distance to the edge of a circle, and of an ellipse that of a circle stretched to it."""
        radius = np.hypot((np.asarray(x) - self.center[0]) / self.a, (np.asarray(y) - self.center[1]) / self.b)
        return (1 - radius) * min(self.a, self.b)


def circle(radius: float, center: Point = (0.0, 0.0), edge: str = "rim") -> Ellipse:
    """Return a circle."""
    check_positive("radius", radius)
    return Ellipse(radius, radius, center, edge)


class Polygon(Shape):
    """
    A polygon, given by its vertices in turn, in either sense.

    Parameters
    ----------
    vertices : sequence of tuple[float, float]
        Three or more.
    names : sequence of str, optional
        The names of the edges: the first leads from the first vertex to the second, the last back to the first.
        "edge_1", "edge_2" and so on without.

    Raises
    ------
    TypeError, ValueError
        If there are too few vertices, two in one place or on one line, or if edges cross, or if names do not fit.

    Examples
    --------
    >>> triangle = Polygon([(0, 0), (2, 0), (0, 2)], names=["bottom", "slope", "left"])
    >>> triangle.edges["bottom"].normal, round(triangle.area, 9)
    ((0.0, -1.0), 2.0)
    """

    def __init__(self, vertices: Sequence[Any], names: Sequence[str] | None = None) -> None:
        self.vertices = tuple(as_point("vertices", vertex) for vertex in vertices)
        if len(self.vertices) < 3:
            raise ValueError(f"Parameter `vertices` must hold three or more. Found {len(self.vertices)}.")
        given = [f"edge_{i + 1}" for i in range(len(self.vertices))] if names is None else list(names)
        if len(given) != len(self.vertices) or len(set(given)) < len(given):
            raise ValueError(
                f"Parameter `names` must have {len(self.vertices)} different names, one for each edge. Found {given}."
            )
        self.names = tuple(check_name("names", name) for name in given)
        self._check()

    def __repr__(self) -> str:
        return f"Polygon({list(self.vertices)}, names={list(self.names)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Polygon) and (self.vertices, self.names) == (other.vertices, other.names)

    def __hash__(self) -> int:
        return hash((self.vertices, self.names))

    @property
    def bounds(self) -> tuple[Point, Point]:
        """The corners of the rectangle around it."""
        x, y = zip(*self.vertices, strict=True)
        return (min(x), min(y)), (max(x), max(y))

    @property
    def edges(self) -> dict[str, Edge | Arc]:
        """The edges by name, each with the polygon to its left."""
        ends = zip(self.vertices, [*self.vertices[1:], self.vertices[0]], strict=True)
        forward = _twice_area(self.vertices) > 0
        pairs = [(a, b) if forward else (b, a) for a, b in ends]
        return {name: Edge.between(*pair) for name, pair in zip(self.names, pairs, strict=True)}

    @property
    def loops(self) -> tuple[tuple[str, ...], ...]:
        """Once around, against the clock."""
        return (self.names if _twice_area(self.vertices) > 0 else self.names[::-1],)

    def level(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the distance to the nearest edge, below zero outside."""
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        inside = np.zeros(np.broadcast(x, y).shape, dtype=bool)
        distance = np.full(inside.shape, np.inf)
        for a, b in zip(self.vertices, [*self.vertices[1:], self.vertices[0]], strict=True):
            d = b[0] - a[0], b[1] - a[1]
            fraction = np.clip(((x - a[0]) * d[0] + (y - a[1]) * d[1]) / (d[0] ** 2 + d[1] ** 2), 0, 1)
            distance = np.minimum(distance, np.hypot(x - a[0] - fraction * d[0], y - a[1] - fraction * d[1]))
            # A ray to the right of the point crosses the boundary an odd number of times if it starts inside.
            between = (a[1] > y) != (b[1] > y)
            with np.errstate(divide="ignore", invalid="ignore"):
                inside ^= between & (x < a[0] + (y - a[1]) * d[0] / d[1])
        return np.where(inside, distance, -distance)

    def _check(self) -> None:
        n = len(self.vertices)
        for i in range(n):
            a, b, c = (self.vertices[(i + k) % n] for k in range(3))
            if abs(_cross(a, b, c)) <= 1e-12 * max(_square(a, b), _square(b, c)):
                raise ValueError(f"Parameter `vertices` must turn at each vertex. Found {a}, {b}, {c} on one line.")
        for i in range(n):
            for j in range(i + 2, n - (i == 0)):
                first, second = ((self.vertices[k], self.vertices[(k + 1) % n]) for k in (i, j))
                if _meet(*first, *second):
                    raise ValueError(
                        f"Parameter `vertices` must give edges that do not cross. Found that {self.names[i]} and "
                        f"{self.names[j]} do."
                    )


def _cross(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _square(a: Point, b: Point) -> float:
    return (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two segments have a point in common; of two on one line that is so where they overlap in x and in y."""
    overlap = all(max(min(a[k], b[k]), min(c[k], d[k])) <= min(max(a[k], b[k]), max(c[k], d[k])) for k in (0, 1))
    return overlap and _cross(a, b, c) * _cross(a, b, d) <= 0 and _cross(c, d, a) * _cross(c, d, b) <= 0


def _twice_area(vertices: Sequence[Point]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(vertices, [*vertices[1:], vertices[0]], strict=True))
