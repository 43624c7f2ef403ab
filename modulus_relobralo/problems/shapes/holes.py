"""Shapes with holes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modulus_relobralo.checks import check_number
from modulus_relobralo.problems.expressions import check_name
from modulus_relobralo.problems.shapes.edges import Arc, Edge, Part, Point
from modulus_relobralo.problems.shapes.primitives import circle
from modulus_relobralo.problems.shapes.shape import HolePole, Shape

Level = Callable[[ArrayLike, ArrayLike], NDArray[np.float64]]

_LOOK = 257
"""Points along each edge at which it is looked whether a hole cuts it, and how far it is."""
_GRID = 33
"""Points along each side of a hole among which its middle is looked for; odd, so that the middle is one."""


class WithHoles(Shape):
    """
    A shape with holes, which keep clear of its edges and of each other.

    Parameters
    ----------
    outer : Shape
        The shape without its holes.
    holes : mapping of str to Shape
        The holes by name. The edges of a hole are named after it: "hole" if it has one edge, "hole_left" and so on if
        it has several.

    Raises
    ------
    TypeError, ValueError
        If a hole cuts the edge or another hole, lies outside, or has the name of an edge.

    Examples
    --------
    >>> from modulus_relobralo.problems import Ellipse, Rectangle
    >>> plate = WithHoles(Rectangle(4, 4), {"manhole": Ellipse(0.5, 0.5, center=(2, 2))})
    >>> list(plate.edges), round(plate.area, 3)
    (['left', 'right', 'bottom', 'top', 'manhole'], 15.215)
    """

    def __init__(self, outer: Shape, holes: Mapping[str, Shape]) -> None:
        if not isinstance(holes, Mapping):
            raise TypeError(f"Parameter `holes` must map names to shapes. Found `holes = {holes!r}`.")
        for shape in (outer, *holes.values()):
            if not isinstance(shape, Shape):
                raise TypeError(f"Parameters `outer` and `holes` must be shapes. Found {shape!r}.")
        self.outer, self.holes = outer, dict(holes)
        names = [
            *outer.edges,
            *(edge for name in self.holes for edge in self._names(check_name("holes", name)).values()),
        ]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"Parameter `holes` must give edges with names of their own. Found {', '.join(twice)} twice."
            )
        self._check()

    def __repr__(self) -> str:
        return f"WithHoles({self.outer!r}, {self.holes!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WithHoles) and (self.outer, self.holes) == (other.outer, other.holes)

    def __hash__(self) -> int:
        return hash((self.outer, tuple(self.holes.items())))

    @property
    def bounds(self) -> tuple[Point, Point]:
        """Those of the shape without holes."""
        return self.outer.bounds

    @property
    def edges(self) -> dict[str, Edge | Arc]:
        """The edges of the shape and then of each hole, all with the shape to their left."""
        edges = self.outer.edges
        for name, hole in self.holes.items():
            edges |= {self._names(name)[edge]: part.reversed for edge, part in hole.edges.items()}
        return edges

    @property
    def loops(self) -> tuple[tuple[str, ...], ...]:
        """Those of the shape, against the clock, and of the holes, with it."""
        inner = ((name, loop) for name, hole in self.holes.items() for loop in hole.loops)
        return (*self.outer.loops, *(tuple(self._names(name)[edge] for edge in loop[::-1]) for name, loop in inner))

    @property
    def poles(self) -> tuple[HolePole, ...]:
        """The point in each hole that is farthest from its edge."""
        width = min(high - low for low, high in zip(*self.bounds, strict=True))
        return tuple((*_deepest(hole), width / 2) for hole in self.holes.values())

    def level(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the least of the levels of the shape and, from outside, of the holes."""
        levels = [self.outer.level(x, y), *(-hole.level(x, y) for hole in self.holes.values())]
        return np.minimum.reduce(levels)

    def _names(self, hole: str) -> dict[str, str]:
        edges = self.holes[hole].edges
        return {edge: hole if len(edges) == 1 else f"{hole}_{edge}" for edge in edges}

    def _check(self) -> None:
        fractions = np.linspace(0, 1, _LOOK)
        for name, hole in self.holes.items():
            others = {"the edge": self.outer.level, **self._other_holes(name)}
            for edge in hole.edges.values():
                points = edge.at(fractions)
                for other, level in others.items():
                    if (level(points["x"], points["y"]) <= 0).any():
                        raise ValueError(
                            f"Parameter `holes` must lie inside of the shape and apart from each other. Found that "
                            f"`{name}` cuts {other} or lies beyond."
                        )

    def _other_holes(self, name: str) -> dict[str, Level]:
        return {f"`{other}`": _outside_of(hole) for other, hole in self.holes.items() if other != name}


def _deepest(hole: Shape) -> tuple[float, float, float]:
    """Return the point of a hole that is farthest from its edge, of several the middle one, and how far it is."""
    points = np.array(hole.points(_GRID))
    edge = np.concatenate([_points_along(part) for part in hole.edges.values()])
    depths = np.linalg.norm(points[:, None] - edge, axis=-1).min(axis=1)
    away = np.linalg.norm(points - np.mean(hole.bounds, axis=0), axis=1)
    # The depth is known up to how far apart the points along the edge are.
    i = int(np.where(depths > (1 - 1e-3) * depths.max(), away, np.inf).argmin())
    return float(points[i, 0]), float(points[i, 1]), float(depths[i])


def _points_along(part: Part) -> NDArray[np.float64]:
    points = part.at(np.linspace(0, 1, _LOOK))
    return np.stack([points["x"], points["y"]], axis=1)


def _outside_of(hole: Shape) -> Level:
    return lambda x, y: -hole.level(x, y)


def annulus(outer: float, inner: float, center: Point = (0.0, 0.0)) -> WithHoles:
    """
    Return a ring with the edges "outer" and "inner".

    Examples
    --------
    >>> ring = annulus(2, 1)
    >>> ring.edges["outer"].curvature, ring.edges["inner"].curvature
    (1/2, -1)
    """
    whole = circle(outer, center, edge="outer")
    check_number("inner", inner, 0.0, whole.a, open_low=True)
    return WithHoles(whole, {"inner": circle(inner, center)})
