"""Intervals, of problems in one coordinate."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Expr, Integer

from modulus_relobralo.checks import check_number
from modulus_relobralo.problems.expressions import COORDINATES
from modulus_relobralo.problems.shapes.edges import Points
from modulus_relobralo.problems.shapes.shape import Domain


@dataclass(frozen=True)
class End:
    """
    An end of an interval.

    Attributes
    ----------
    x : float
        Where it is.
    normal : float
        -1 on the left, 1 on the right.
    """

    x: float
    normal: float

    @property
    def length(self) -> float:
        """An end counts as one, because it is a point."""
        return 1.0

    @property
    def curvature(self) -> Expr:
        """Nothing, because it is a point."""
        return Integer(0)

    def at(self, fractions: ArrayLike) -> Points:
        """Return x and normal_x of the end, for each fraction."""
        t = np.asarray(fractions, dtype=float)
        return {"x": np.full_like(t, self.x), "normal_x": np.full_like(t, self.normal)}


@dataclass(frozen=True)
class Interval(Domain):
    """
    An interval of x, with its edges left and right.

    Parameters
    ----------
    low, high : float
        Where it begins and ends.

    Raises
    ------
    TypeError, ValueError
        If an end is no finite number, or `low` is not below `high`.

    Examples
    --------
    >>> Interval(-1, 1).edges
    {'left': End(x=-1.0, normal=-1.0), 'right': End(x=1.0, normal=1.0)}
    """

    low: float
    high: float

    coordinates = COORDINATES[:1]

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            object.__setattr__(self, name, check_number(name, getattr(self, name), -inf, inf))
        if not self.low < self.high:
            raise ValueError(f"Parameter `low` must be below `high`. Found `low = {self.low}`, `high = {self.high}`.")

    @property
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Its ends."""
        return (self.low,), (self.high,)

    @property
    def edges(self) -> dict[str, End]:
        """Its ends by name."""
        return {"left": End(self.low, -1.0), "right": End(self.high, 1.0)}

    @property
    def area(self) -> float:
        """Its length."""
        return self.high - self.low

    def level(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the distance to the nearer end, below zero outside."""
        x = np.asarray(x, dtype=float)
        return np.minimum(x - self.low, self.high - x)
