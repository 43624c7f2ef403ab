"""Places where loss terms hold, the interior or parts of the boundary, and points there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Symbol, lambdify

from modulus_relobralo.problems.density import areas, split
from modulus_relobralo.problems.shapes.shape import Shape

Array = NDArray[np.float64]
Ranges = Mapping[str, tuple[float, float]]


class Term(NamedTuple):
    """What holds of a loss term: an equation, or a dependent variable, takes a value.

    Attributes
    ----------
    output : str
        The equation's name, or the variable's.
    target : Expr
        The value, in coordinates and parameters.
    share : float
        Factor of the squared residuals' integral.
    """

    output: str
    target: Expr
    share: float = 1.0


@dataclass(frozen=True)
class Samples:
    """The interior or a group of edges or corners: which loss terms hold there, and how to draw points there.

    Attributes
    ----------
    terms : dict[str, Term]
        Loss terms by name.
    shape : Shape
        The shape.
    parts : tuple of str
        The edges or corners; none for the interior.
    count : int
        Points of a draw.
    ranges : mapping of str to pair of float
        Ends of what parameters are drawn from.
    given : mapping of str to Expr
        What further symbols of the equations mean there, in the coordinates, the normal and the parameters: a
        curvature, or the stiffness of a support.
    dense : tuple of Shape
        Patches of the interior where points lie more densely, each for less area.
    """

    terms: dict[str, Term]
    shape: Shape
    parts: tuple[str, ...]
    count: int
    ranges: Ranges
    given: Mapping[str, Expr]
    dense: tuple[Shape, ...] = ()

    def draw(self, generator: np.random.Generator) -> tuple[dict[str, Array], Array]:
        """Return points, at random over the place and the ranges, and how much of the place each stands for.

        Returns
        -------
        tuple of dict and ndarray
            x, y and the parameters, on edges and corners normal_x, normal_y and what is given there too, each [count];
            areas or lengths, [count], which add up to that of the place; on the average, where patches lie more
            densely. A corner counts as one.
        """
        points, areas = self._on_parts(generator) if self.parts else self._inside(generator)
        points |= {name: generator.uniform(low, high, self.count) for name, (low, high) in self.ranges.items()}
        known = [Symbol(name) for name in points]
        values = {
            name: np.broadcast_to(np.asarray(lambdify(known, value)(*points.values()), dtype=float), self.count)
            for name, value in self.given.items()
        }
        return {**points, **values}, areas

    def _inside(self, generator: np.random.Generator) -> tuple[dict[str, Array], Array]:
        counts = split(self.count, self.dense)
        places = [(self.shape, self.count - sum(counts)), *zip(self.dense, counts, strict=True)]
        x, y = np.concatenate([_within(shape, count, generator) for shape, count in places]).T
        return {"x": x, "y": y}, areas(self.shape, self.dense, counts, x, y)

    def _on_parts(self, generator: np.random.Generator) -> tuple[dict[str, Array], Array]:
        parts = [self.shape.parts[name] for name in self.parts]
        numbers = _split(self.count, [part.length for part in parts])
        places = [part.at(generator.uniform(size=n)) for part, n in zip(parts, numbers, strict=True)]
        areas = [np.full(n, part.length / n) for part, n in zip(parts, numbers, strict=True)]
        return {name: np.concatenate([place[name] for place in places]) for name in places[0]}, np.concatenate(areas)


def _within(shape: Shape, count: int, generator: np.random.Generator) -> Array:
    """Return points uniformly over a shape, [count, 2]."""
    lower, upper = (np.array(corner) for corner in shape.bounds)
    found = np.empty((0, 2))
    while len(found) < count:
        points = generator.uniform(lower, upper, (count, 2))
        found = np.concatenate([found, points[shape.level(*points.T) > 0]])
    return found[:count]


def _split(count: int, lengths: Sequence[float]) -> list[int]:
    """Return how many of `count` points each part gets, by length, and one at least."""
    numbers = np.diff(np.round(np.cumsum(lengths) / np.sum(lengths) * count), prepend=0)
    for empty in np.flatnonzero(numbers == 0):
        numbers[numbers.argmax()] -= 1
        numbers[empty] = 1
    return [int(n) for n in numbers]
