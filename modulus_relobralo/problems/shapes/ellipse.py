"""Ellipses and circles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modulus_relobralo.checks import check_positive
from modulus_relobralo.problems.expressions import check_name
from modulus_relobralo.problems.shapes.edges import Arc, Edge, Point
from modulus_relobralo.problems.shapes.shape import Shape, as_point


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
