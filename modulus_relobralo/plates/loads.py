"""Loads and soil, on the whole plate or on a part of it, and sums of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import dist, inf
from typing import Any

from sympy import Add, And, Expr, Piecewise
from sympy.logic.boolalg import Boolean

from modulus_relobralo.checks import check_number, check_positive
from modulus_relobralo.problems.expressions import COORDINATES
from modulus_relobralo.problems.shapes.edges import Edge, Point
from modulus_relobralo.problems.shapes.primitives import Ellipse, Polygon, Rectangle
from modulus_relobralo.problems.shapes.shape import Shape, as_point

x, y = COORDINATES


@dataclass(frozen=True)
class Patch:
    """
    A value on a part of the plate and nothing elsewhere: a load per area, or the stiffness of a support.

    Interior points are drawn inside of it as well as over the whole plate, so that a small one is not missed.

    Parameters
    ----------
    region : Rectangle, Ellipse or convex Polygon
        Where.
    value : float, Expr or str
        Load [N/m^2] or stiffness [N/m^3].

    Examples
    --------
    >>> round(Patch.of_resultant(Rectangle(0.5, 0.5, lower=(1, 1)), 1e3).value, 6)
    4000.0
    """

    region: Shape
    value: Any

    def __post_init__(self) -> None:
        if not isinstance(self.region, (Rectangle, Ellipse, Polygon)):
            raise TypeError(f"Parameter `region` must be a Rectangle, Ellipse or Polygon. Found {self.region!r}.")
        if any(corner.turn < 0 for corner in self.region.corners.values()):
            raise ValueError(f"Parameter `region` must be convex; put several patches together. Found {self.region!r}.")

    @classmethod
    def of_resultant(cls, region: Shape, resultant: float) -> Patch:
        """Return the patch whose value, summed over it, is `resultant`: a force [N], or a column's stiffness [N/m].

        A concentrated force has no finite moments beneath it; it is this on what it really rests on.
        """
        return cls(region, check_number("resultant", resultant, -inf, inf) / region.area)

    @classmethod
    def along(cls, start: Point, end: Point, width: float, per_length: float) -> Patch:
        """Return a strip along a line: a line load [N/m], or a line support [N/m^2], on a width [m]."""
        (x0, y0), (x1, y1) = as_point("start", start), as_point("end", end)
        check_positive("width", width)
        length = dist((x0, y0), (x1, y1))
        check_positive("length from `start` to `end`", length)
        n_x, n_y = Edge.between((x0, y0), (x1, y1)).normal
        across = width / 2 * n_x, width / 2 * n_y
        corners = [
            (a + s * across[0], b + s * across[1]) for a, b, s in ((x0, y0, 1), (x1, y1, 1), (x1, y1, -1), (x0, y0, -1))
        ]
        return cls(Polygon(corners), check_number("per_length", per_length, -inf, inf) / width)


@dataclass(frozen=True)
class Superposition:
    """
    What a person handed in for a load or a stiffness, one or several, which add up.

    Attributes
    ----------
    parts : tuple of (Shape or None, Expr)
        Each of them: where it is, or nothing if it is everywhere, and its value there.
    """

    parts: tuple[tuple[Shape | None, Expr], ...]

    @classmethod
    def of(cls, name: str, given: Any, as_expression: Callable[[str, Any], Expr]) -> Superposition:
        """Return the sum of a number, an expression, a field or a Patch, or of a sequence of them."""
        several = isinstance(given, Sequence) and not isinstance(given, str)
        parts = [
            (part.region, part.value) if isinstance(part, Patch) else (None, part)
            for part in (given if several else [given])
        ]
        return cls(tuple((region, as_expression(name, value)) for region, value in parts))

    @property
    def expression(self) -> Expr:
        """The sum as one expression, by cases where patches are."""
        return Add(
            *(value if region is None else Piecewise((value, where(region)), (0, True)) for region, value in self.parts)
        )

    @property
    def is_somewhere(self) -> bool:
        """Whether it is anything but zero."""
        return not all(value.is_zero for _, value in self.parts)

    @property
    def regions(self) -> tuple[Shape, ...]:
        """Where its patches are."""
        return tuple(region for region, _ in self.parts if region is not None)


def where(region: Shape) -> Boolean:
    """Return the condition on x and y that a point lies inside of a convex region."""
    if isinstance(region, Ellipse):
        return ((x - region.center[0]) / region.a) ** 2 + ((y - region.center[1]) / region.b) ** 2 < 1
    halves = []
    for edge in region.edges.values():
        n_x, n_y = edge.at(0.5)["normal_x"], edge.at(0.5)["normal_y"]
        halves.append(float(n_x) * x + float(n_y) * y < float(n_x) * edge.start[0] + float(n_y) * edge.start[1])
    return And(*halves)
