"""Pairs of edges that are one and the same, and whether a network is periodic there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modulus_relobralo.problems.shapes.shape import Domain

Periods = dict[str, tuple[float, float]]


def as_periods(periodic: Any, shape: Domain) -> tuple[Periods, tuple[str, ...]]:
    """
    Return from where to where a period goes, by name of the coordinate, and the edges that are periodic.

    Parameters
    ----------
    periodic : str or iterable of str
        Pairs of edges, each as ``"left, right"``.
    shape : Interval or Shape
        Their shape, which goes from one to the other.

    Raises
    ------
    TypeError, ValueError
        If there is no such pair, or a move along one coordinate by the width of the shape does not take one of its
        edges to the other.

    Examples
    --------
    >>> from modulus_relobralo.problems import Rectangle
    >>> as_periods("left, right", Rectangle(2, 1))
    ({'x': (0.0, 2.0)}, ('left', 'right'))
    """
    pairs = [periodic] if isinstance(periodic, str) else list(periodic)
    periods: Periods = {}
    edges: list[str] = []
    for pair in pairs:
        names = [name.strip() for name in str(pair).split(",")]
        known = len(names) == 2 and set(names) <= set(shape.edges)
        axis = _axis(shape, *names) if known else None
        if axis is None or set(names) & set(edges):
            raise ValueError(
                "Parameter `periodic` must name pairs of opposite edges, as in 'left, right', of which one is the "
                f"other moved along a coordinate by the width of the shape; edges are {', '.join(shape.edges)}. "
                f"Found {pair!r}."
            )
        lower, upper = shape.bounds
        periods[str(shape.coordinates[axis])] = (lower[axis], upper[axis])
        edges += names
    return periods, tuple(edges)


def _axis(shape: Domain, one: str, other: str) -> int | None:
    """Return along which coordinate one edge lies a width of the shape from the other; None if along none."""
    fractions, names = np.array([0.0, 0.3, 1.0]), [str(symbol) for symbol in shape.coordinates]
    # The shape lies to the left of both: one is run through the other way round.
    ends = shape.edges[one].at(fractions), shape.edges[other].at(1 - fractions)
    moves = np.stack([ends[1][name] - ends[0][name] for name in names])
    lower, upper = map(np.array, shape.bounds)
    widths = upper - lower
    for axis, width in enumerate(widths):
        expected = np.zeros_like(moves)
        expected[axis] = np.sign(moves[axis]) * width
        if np.allclose(moves, expected, atol=1e-9 * max(widths)):
            return axis
    return None


def check_periodic(
    name: str,
    network: Callable[[dict[str, NDArray[np.float64]]], NDArray[np.floating[Any]]],
    inputs: Iterable[str],
    periods: Mapping[str, tuple[float, float]],
    ranges: Mapping[str, tuple[float, float]],
) -> None:
    """
    Raise unless a network has the same values a period on.

    Parameters
    ----------
    name : str
        What the network gives, for the message.
    network : callable
        Returns the outputs, [points, outputs], of inputs by name, each [points, 1].
    inputs : iterable of str
        Names of its inputs.
    periods, ranges : mapping of str to pair of float
        The `periods` and `input_ranges` of the problem; an input without a range goes from 0 to 1.

    Raises
    ------
    ValueError
        If a value differs by more than rounding.
    """
    inputs, generator = list(inputs), np.random.default_rng(0)
    for coordinate, (low, high) in periods.items():
        if coordinate not in inputs:
            continue
        points = {each: generator.uniform(*ranges.get(each, (0, 1)), (16, 1)) for each in inputs}
        here, there = (network({**points, coordinate: points[coordinate] + turn * (high - low)}) for turn in range(2))
        if not np.allclose(here, there, rtol=0, atol=np.finfo(here.dtype).eps ** 0.5 * max(1.0, np.abs(here).max())):
            raise ValueError(
                f"The network of {name} must be periodic in {coordinate}, as the problem is: wrap it in a loop, "
                "`taylor.Periodic(network, problem.inputs, problem.periods)`, and make it in a Solver by "
                f"`instantiate_arch(..., periodicity=problem.periods)`. Found values that differ by "
                f"{np.abs(here - there).max():.1e} between {low:g} and {high:g}."
            )
