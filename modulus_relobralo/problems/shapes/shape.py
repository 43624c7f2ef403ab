"""What an interval and every shape of the plane can answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Symbol

from modulus_relobralo.checks import check_number
from modulus_relobralo.problems.expressions import COORDINATES
from modulus_relobralo.problems.shapes.edges import Arc, Corner, Edge, Part, Point, Points, corners_of

_NODES = 16
"""Of Gauss, in each of as many pieces of an edge."""

INTERIOR = "interior"
"""Name of a shape's only region."""

HolePole = tuple[float, float, float, float]
"""A point in a hole, x and y, its distance to the edge of the hole, and half of the least width of the shape."""


class Domain(ABC):
    """
    A part of space, bounded by edges that have names.

    Attributes
    ----------
    coordinates : tuple of Symbol
        Those of its points.
    level : callable
        A function of the coordinates that is above zero inside, below outside and zero on the boundary. It is the
        distance to the boundary, of all but an ellipse whose axes differ.
    """

    coordinates: ClassVar[tuple[Symbol, ...]]
    level: Callable[..., NDArray[np.float64]]

    @property
    @abstractmethod
    def edges(self) -> Mapping[str, Part]:
        """The edges by name."""

    @property
    @abstractmethod
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The least and the greatest coordinates."""

    @property
    @abstractmethod
    def area(self) -> float:
        """The area; of an interval its length."""

    @property
    def regions(self) -> Mapping[str, Domain]:
        """Where equations of their own hold by name, of a `Composite` its shapes."""
        return {INTERIOR: self}

    @property
    def neighbours(self) -> Mapping[str, tuple[str, ...]]:
        """By name of an edge, the region that it bounds, or both of an interface."""
        return dict.fromkeys(self.edges, (INTERIOR,))

    @property
    def parts(self) -> Mapping[str, Part]:
        """Edges, and corners if there are any, by name."""
        return self.edges

    def points(self, n: int, closed: bool = False) -> list[tuple[float, ...]]:
        """Return those of n points along each coordinate that lie inside, or with ``closed`` up to the boundary.

        They are the middles of equal parts of the bounds, or with ``closed`` go from end to end.
        """
        fractions = np.linspace(0, 1, n) if closed else np.array(middles(n))
        lower, upper = self.bounds
        axes = [low + (high - low) * fractions for low, high in zip(lower, upper, strict=True)]
        grid = [axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")]
        size = max(high - low for low, high in zip(lower, upper, strict=True))
        there = self.level(*grid) >= -1e-9 * size if closed else self.level(*grid) > 0
        return [tuple(map(float, point)) for point in zip(*(axis[there] for axis in grid), strict=True)]


class Shape(Domain):
    """A part of the plane, bounded by edges that have names."""

    coordinates = COORDINATES

    @property
    @abstractmethod
    def edges(self) -> dict[str, Edge | Arc]:
        """The edges by name, each with the shape to its left."""

    @property
    @abstractmethod
    def loops(self) -> tuple[tuple[str, ...], ...]:
        """The names of the edges of each closed line of the boundary, one after the other."""

    @property
    @abstractmethod
    def bounds(self) -> tuple[Point, Point]:
        """The least and the greatest x and y."""

    @abstractmethod
    def level(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return a function that is above zero inside, below outside and zero on the boundary, see `Domain`."""

    @property
    def corners(self) -> dict[str, Corner]:
        """Where edges meet at an angle, by names such as ``corner_left_bottom``."""
        return corners_of(self.edges, self.loops)

    @property
    def parts(self) -> dict[str, Part]:
        """Edges and corners by name."""
        return {**self.edges, **self.corners}

    @property
    def poles(self) -> tuple[HolePole, ...]:
        """A point in each hole, of which only `WithHoles` has any."""
        return ()

    @property
    def area(self) -> float:
        """The area, half the integral of (x, y) times the normal along the boundary."""
        total = 0.0
        for edge in self.edges.values():
            points, lengths = gauss(edge)
            total += float((points["x"] * points["normal_x"] + points["y"] * points["normal_y"]) @ lengths) / 2
        return total


def for_each_edge(name: str, value: Any, edges: Iterable[str]) -> dict[str, Any]:
    """Return ``{edge: value}`` of one value for all edges, or of a mapping that names each once.

    A key can name several edges, with commas between them: ``"left, right"``.
    """
    edges = list(edges)
    if not isinstance(value, Mapping):
        return dict.fromkeys(edges, value)
    pairs = [(edge.strip(), held) for key, held in value.items() for edge in str(key).split(",")]
    names = [edge for edge, _ in pairs]
    twice = sorted({edge for edge in names if names.count(edge) > 1})
    if twice:
        raise ValueError(f"Parameter `{name}` must name each edge once. Found {', '.join(twice)} more than once.")
    if set(names) != set(edges):
        raise ValueError(
            f"Parameter `{name}` must be one for all edges, or name each of {', '.join(edges)}. "
            f"Found `{name}` for {', '.join(names) or 'none'}."
        )
    given = dict(pairs)
    return {edge: given[edge] for edge in edges}


def as_point(name: str, value: Any) -> Point:
    """Return a pair of finite coordinates."""
    try:
        x, y = value
    except (TypeError, ValueError):
        raise ValueError(f"Parameter `{name}` must be a pair of coordinates. Found `{name} = {value!r}`.") from None
    return check_number(name, x, -inf, inf), check_number(name, y, -inf, inf)


def gauss(part: Part) -> tuple[Points, NDArray[np.float64]]:
    """Return points along an edge, those of Gauss in equal pieces, and the length that each stands for."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    fractions = (np.arange(_NODES)[:, None] + (nodes + 1) / 2).ravel() / _NODES
    return part.at(fractions), np.tile(weights, _NODES) * part.length / (2 * _NODES)


def points_on(part: Part, n: int) -> list[Point]:
    """Return the middles of n equal parts of an edge."""
    points = part.at(middles(n))
    return [(float(x), float(y)) for x, y in zip(points["x"], points["y"], strict=True)]


def middles(n: int) -> list[float]:
    """Return the middles of n equal parts of [0, 1]."""
    return [(i + 0.5) / n for i in range(n)]
