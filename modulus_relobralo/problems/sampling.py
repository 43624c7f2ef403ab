"""Points of a problem: what a loop has in place of constraints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Symbol, lambdify

from modulus_relobralo.checks import check_choice, check_number
from modulus_relobralo.problems.places import Place, places
from modulus_relobralo.problems.problem import Problem
from modulus_relobralo.problems.shapes.shape import Domain

Array = NDArray[np.float64]
Ranges = Mapping[str, tuple[float, float]]

REDUCTIONS = ("integral", "mean")

FRACTION = 0.25
"""Fraction of the points that is drawn on each patch, if there is one; half of them at most, on all together."""


@dataclass(frozen=True)
class Samples(Place):
    """A `Place` of a problem, and how to draw points there.

    Attributes
    ----------
    factors : dict[str, float]
        Of the integral of each loss term's squared residual.
    ranges : mapping of str to pair of float
        Ends of what the time and the parameters are drawn from.
    """

    factors: dict[str, float] = field(kw_only=True)
    ranges: Ranges = field(kw_only=True)

    def draw(self, generator: np.random.Generator) -> tuple[dict[str, Array], Array]:
        """Return points, at random over the place and the ranges, and how much of the place each stands for.

        Returns
        -------
        tuple of dict and ndarray
            Coordinates, time and parameters, on edges and corners the normal and the coefficients there too, each
            [count]; areas or lengths, [count], which add up to that of the place; on the average, where patches lie
            more densely. A corner and an end of an interval count as one, and so does each set of sensors.
        """
        if self.data:
            return self._of_data(generator)
        points, areas = self._on_parts(generator) if self.parts else self._inside(generator)
        points |= {name: generator.uniform(low, high, self.count) for name, (low, high) in self.ranges.items()}
        return {**points, **evaluate(self.coefficients, points)}, areas

    def _of_data(self, generator: np.random.Generator) -> tuple[dict[str, Array], Array]:
        total = len(next(iter(self.data.values())))
        chosen = slice(None) if self.count == total else generator.choice(total, self.count, replace=False)
        return {name: column[chosen] for name, column in self.data.items()}, np.full(self.count, 1 / self.count)

    def _inside(self, generator: np.random.Generator) -> tuple[dict[str, Array], Array]:
        counts = patch_counts(self.count, self.dense)
        drawn = [(self.shape, self.count - sum(counts)), *zip(self.dense, counts, strict=True)]
        points = list(np.concatenate([_within(shape, count, generator) for shape, count in drawn]).T)
        areas = areas_of(self.shape, self.dense, counts, points)
        return dict(zip(map(str, self.shape.coordinates), points, strict=True)), areas

    def _on_parts(self, generator: np.random.Generator) -> tuple[dict[str, Array], Array]:
        parts = [self.shape.parts[name] for name in self.parts]
        counts = _counts_by_length(self.count, [part.length for part in parts])
        drawn = [part.at(generator.uniform(size=n)) for part, n in zip(parts, counts, strict=True)]
        areas = [np.full(n, part.length / n) for part, n in zip(parts, counts, strict=True)]
        return {name: np.concatenate([points[name] for points in drawn]) for name in drawn[0]}, np.concatenate(areas)


def samples(
    problem: Problem,
    interior: int,
    edge: int,
    per_edge: bool = False,
    reduction: str = "integral",
    ranges: Ranges | None = None,
    sizes: Mapping[str, float] | None = None,
    initial: int | None = None,
    sensors: int | None = None,
) -> dict[str, Samples]:
    """
    Return where the loss terms of a problem hold: what `hosts.sym.constraints` gives to a Solver, for a loop.

    Parameters
    ----------
    problem, interior, edge, per_edge, initial, sensors
        Of `places`, which says what the loss terms are called.
    reduction : str
        ``"integral"``: a loss term is the integral of the squared residual over the shape or along the edges.
        ``"mean"``: the integral over the area or over the length of the edges that have the term. Over time and
        parameters, and over the points of sensors, it is the mean in both.
    ranges : mapping of str to pair of float
        For each parameter of the problem, from where to where it is drawn; where it does not say so itself.
    sizes : mapping of str to float
        By name of an equation or a variable, > 0: what its residuals are divided by, such as
        ``plates.scaling.scales(plate).outputs`` for losses of order one in SI units. Those without one stay as they
        are.

    Returns
    -------
    dict[str, Samples]
        The `places` by name.

    Raises
    ------
    TypeError, ValueError
        As `places`; if there is no such `reduction`, if `ranges` are not those of the parameters, or if a size is not
        above zero.

    Examples
    --------
    >>> from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate
    >>> plate = RectangularPlate(6, 4, KirchhoffPlate(D=20.0, nu=0.3, p=0.01), edges="clamped")
    >>> {name: list(place.terms) for name, place in samples(plate, interior=1024, edge=64).items()}
    {'interior': ['kirchhoff'], 'edges': ['w', 'slope_n']}
    """
    found = places(problem, interior, edge, initial, per_edge, sensors)
    ranges = dict(problem.ranges if ranges is None else ranges)
    _check(problem, reduction, ranges)
    sized = {
        name: check_number(f"sizes[{name!r}]", size, 0.0, math.inf, open_low=True) ** -2
        for name, size in (sizes or {}).items()
    }
    made = {}
    for place in found:
        lengths = sum(problem.shape.parts[name].length for name in place.parts)
        size = 1.0 if place.data else lengths or place.shape.area
        made[place.name] = Samples(
            **vars(place),
            factors={
                name: (term.fraction / size if reduction == "mean" else 1.0) * sized.get(term.output, 1.0)
                for name, term in place.terms.items()
            },
            ranges={} if place.data else {**place.time, **ranges},
        )
    return made


def patch_counts(count: int, patches: Sequence[Domain]) -> list[int]:
    """Return how many of `count` points are drawn on each patch; the others are drawn everywhere.

    Examples
    --------
    >>> from modulus_relobralo.problems import Rectangle
    >>> patch_counts(100, [Rectangle(1, 1)]), patch_counts(100, [Rectangle(1, 1)] * 4)
    ([25], [12, 12, 12, 12])
    """
    fraction = min(FRACTION, 0.5 / max(len(patches), 1))
    return [round(fraction * count) for _ in patches]


def areas_of(shape: Domain, patches: Sequence[Domain], counts: Sequence[int], points: Sequence[Array]) -> Array:
    """Return what area each point stands for, so that a sum over all is the integral over the shape on the average.

    It is one over the number of points per area there, of those drawn everywhere and of those of the patches.

    Parameters
    ----------
    shape : Interval or Shape
        Where points are drawn.
    patches : sequence of Shape
        Where more of them are.
    counts : sequence of int
        How many more on each, as `patch_counts` has it.
    points : sequence of ndarray
        The coordinates of all points, each of any shape.
    """
    density = np.full_like(points[0], (points[0].size - sum(counts)) / shape.area)
    for patch, count in zip(patches, counts, strict=True):
        density += (patch.level(*points) > 0) * count / patch.area
    return 1 / density


def evaluate(coefficients: Mapping[str, Expr], points: Mapping[str, Array]) -> dict[str, Array]:
    """Return the values of some expressions at points, in what is known there by name, each of the points' shape."""
    known, values = [Symbol(name) for name in points], list(points.values())
    return {
        name: np.zeros(values[0].shape) + np.asarray(lambdify(known, value)(*values), dtype=float)
        for name, value in coefficients.items()
    }


def _within(shape: Domain, count: int, generator: np.random.Generator) -> Array:
    """Return points uniformly over a shape, [count, coordinates]."""
    lower, upper = (np.array(corner) for corner in shape.bounds)
    found = np.empty((0, len(lower)))
    while len(found) < count:
        points = generator.uniform(lower, upper, (count, len(lower)))
        found = np.concatenate([found, points[shape.level(*points.T) > 0]])
    return found[:count]


def _counts_by_length(count: int, lengths: Sequence[float]) -> list[int]:
    """Return how many of `count` points each part gets, by length, and one at least."""
    numbers = np.diff(np.round(np.cumsum(lengths) / np.sum(lengths) * count), prepend=0)
    for empty in np.flatnonzero(numbers == 0):
        numbers[numbers.argmax()] -= 1
        numbers[empty] = 1
    return [int(n) for n in numbers]


def _check(problem: Problem, reduction: str, ranges: Ranges) -> None:
    check_choice("reduction", reduction, REDUCTIONS)
    if set(ranges) != set(problem.parameters):
        raise ValueError(
            f"Parameter `ranges` must have one for each parameter, {list(problem.parameters)}. "
            f"Found `ranges = {dict(ranges)}`."
        )
    for name, pair in ranges.items():
        if not (len(pair) == 2 and np.isfinite(pair).all() and pair[0] <= pair[1]):
            raise ValueError(f"Parameter `ranges` must hold pairs (low, high). Found `{pair}` of {name}.")
