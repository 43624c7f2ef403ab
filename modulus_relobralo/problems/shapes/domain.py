"""What an interval and every shape of the plane can answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sympy import Symbol

from modulus_relobralo.problems.shapes.edges import Part


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


def middles(n: int) -> list[float]:
    """Return the middles of n equal parts of [0, 1]."""
    return [(i + 0.5) / n for i in range(n)]
