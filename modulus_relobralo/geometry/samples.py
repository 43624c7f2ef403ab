"""Where the loss terms of a plate or a wave hold, and points there: what a loop has in place of constraints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from modulus_relobralo.checks import check_count
from modulus_relobralo.geometry.description import Description
from modulus_relobralo.geometry.grouping import groups, shares
from modulus_relobralo.geometry.rectangle import Rectangle

Array = NDArray[np.float64]
Ranges = Mapping[str, tuple[float, float]]

INTERIOR, BOUNDARY = "interior", "edges"
"""Names of the interior, and of all edges where they are one group."""

REDUCTIONS = ("integral", "mean")


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
    """The interior or a group of edges: which loss terms hold there, and how to draw points there.

    Attributes
    ----------
    terms : dict[str, Term]
        Loss terms by name.
    shape : Rectangle
        The shape.
    edges : tuple of str
        The edges; none for the interior.
    count : int
        Points of a draw.
    ranges : mapping of str to pair of float
        Ends of what parameters are drawn from.
    """

    terms: dict[str, Term]
    shape: Rectangle
    edges: tuple[str, ...]
    count: int
    ranges: Ranges

    def draw(self, generator: np.random.Generator) -> tuple[dict[str, Array], Array]:
        """Return points, uniformly over the place and the ranges, and how much of the place each stands for.

        Returns
        -------
        tuple of dict and ndarray
            x, y and the parameters, on edges normal_x and normal_y too, each [count]; areas or lengths, [count], which
            add up to that of the place.
        """
        points, areas = self._on_edges(generator) if self.edges else self._inside(generator)
        drawn = {name: generator.uniform(low, high, self.count) for name, (low, high) in self.ranges.items()}
        return {**points, **drawn}, areas

    def _inside(self, generator: np.random.Generator) -> tuple[dict[str, Array], Array]:
        lower, upper = (np.array(corner) for corner in self.shape.bounds)
        found = np.empty((0, 2))
        while len(found) < self.count:
            points = generator.uniform(lower, upper, (self.count, 2))
            found = np.concatenate([found, points[self.shape.level(*points.T) > 0]])
        x, y = found[: self.count].T
        return {"x": x, "y": y}, np.full(self.count, self.shape.area / self.count)

    def _on_edges(self, generator: np.random.Generator) -> tuple[dict[str, Array], Array]:
        edges = [self.shape.edges[name] for name in self.edges]
        numbers = _split(self.count, [edge.length for edge in edges])
        places = [edge.at(generator.uniform(size=n)) for edge, n in zip(edges, numbers, strict=True)]
        areas = [np.full(n, edge.length / n) for edge, n in zip(edges, numbers, strict=True)]
        return {name: np.concatenate([place[name] for place in places]) for name in places[0]}, np.concatenate(areas)


def samples(
    description: Description,
    interior: int,
    edge: int,
    per_edge: bool = False,
    reduction: str = "integral",
    ranges: Ranges | None = None,
) -> dict[str, Samples]:
    """
    Return where the loss terms of a plate or a wave hold: what `hosts.sym.constraints` gives to a Solver, for a loop.

    The loss terms are the same, under the same names: ``kirchhoff``, ``w``, and ``M_n`` or ``slope_n`` or both, as the
    edges of the plate are held; ``helmholtz`` and ``u`` of a wave. Edges with the same conditions share their points,
    and with ``per_edge`` each edge has loss terms of its own, whose names end in its name: ``w_left``.

    Parameters
    ----------
    description : RectangularPlate or HelmholtzRectangle
        The plate or the wave.
    interior : int
        Points in the interior per draw.
    edge : int
        Points per edge and draw. Edges that share loss terms share their points, by length.
    per_edge : bool
        Whether each edge has loss terms of its own.
    reduction : str
        ``"integral"``: a loss term is the integral of the squared residual over the shape or along the edges.
        ``"mean"``: the integral over the area or over the length of the edges that have the term.
    ranges : mapping of str to pair of float
        For each parameter of the description, from where to where it is drawn.

    Returns
    -------
    dict[str, Samples]
        "interior", and one for each edge or group of edges, under their names, or "edges" if all share one.

    Raises
    ------
    TypeError, ValueError
        If a number of points is not an integer above zero, if there is no such `reduction`, or if `ranges` are not
        those of the parameters.

    Examples
    --------
    >>> from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate
    >>> plate = RectangularPlate(6, 4, KirchhoffPlate(D=20.0, nu=0.3, p=0.01), edges="clamped")
    >>> {name: list(place.terms) for name, place in samples(plate, interior=1024, edge=64).items()}
    {'interior': ['kirchhoff'], 'edges': ['w', 'slope_n']}
    """
    _check(description, interior, edge, per_edge, reduction, ranges or {})
    shape, means = description.shape, reduction == "mean"
    common: dict[str, Any] = {"shape": shape, "ranges": dict(ranges or {})}
    inside = {name: Term(name, target, 1 / shape.area if means else 1.0) for name, target in description.inside.items()}
    made = {INTERIOR: Samples(inside, edges=(), count=interior, **common)}
    for names, outvar in groups(description.conditions, per_edge):
        terms = dict(_terms(description, names, outvar, per_edge, means))
        name = BOUNDARY if len(names) == len(shape.edges) else "_".join(names)
        made[name] = Samples(terms, edges=tuple(names), count=edge * len(names), **common)
    return made


def _terms(
    description: Description, names: list[str], outvar: Mapping[str, Expr], per_edge: bool, means: bool
) -> Iterator[tuple[str, Term]]:
    length = sum(description.shape.edges[name].length for name in names)
    parts = dict.fromkeys(outvar, 1.0) if per_edge else shares(description, names, outvar)
    for output, target in outvar.items():
        name = f"{output}_{names[0]}" if per_edge else output
        yield name, Term(output, target, parts[output] / length if means else 1.0)


def _split(count: int, lengths: Sequence[float]) -> list[int]:
    """Return how many of `count` points each edge gets, by length, and one at least."""
    numbers = np.diff(np.round(np.cumsum(lengths) / np.sum(lengths) * count), prepend=0)
    for empty in np.flatnonzero(numbers == 0):
        numbers[numbers.argmax()] -= 1
        numbers[empty] = 1
    return [int(n) for n in numbers]


def _check(description: Description, interior: int, edge: int, per_edge: bool, reduction: str, ranges: Ranges) -> None:
    if not hasattr(description, "conditions"):
        raise TypeError(
            "Parameter `description` must be a plate or a wave, with a shape and conditions, as RectangularPlate is. "
            f"Found {type(description).__module__}.{type(description).__name__}."
        )
    check_count("interior", interior)
    check_count("edge", edge)
    if not isinstance(per_edge, bool):
        raise TypeError(f"Parameter `per_edge` must be a bool. Found `per_edge = {per_edge!r}`.")
    if reduction not in REDUCTIONS:
        raise ValueError(f"Parameter `reduction` must be one of {list(REDUCTIONS)}. Found `reduction = {reduction!r}`.")
    if set(ranges) != set(description.parameters):
        raise ValueError(
            f"Parameter `ranges` must have one for each parameter, {list(description.parameters)}. "
            f"Found `ranges = {dict(ranges)}`."
        )
    for name, pair in ranges.items():
        if not (len(pair) == 2 and np.isfinite(pair).all() and pair[0] <= pair[1]):
            raise ValueError(f"Parameter `ranges` must hold pairs (low, high). Found `{pair}` of {name}.")
