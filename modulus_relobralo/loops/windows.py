"""A problem solved in one window of time after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from modulus_relobralo.checks import check_count
from modulus_relobralo.loops.networks import LAYERS, WIDTH, problem_networks
from modulus_relobralo.loops.solution import Found, Solution, solve
from modulus_relobralo.problems import Problem
from modulus_relobralo.problems.expressions import TIME


class Windows(Found):
    """The fields of a problem, window by window.

    Parameters
    ----------
    parts : sequence of Solution
        Those of the windows, in the order of their times.

    Attributes
    ----------
    parts : list of Solution
        As given.
    """

    def __init__(self, parts: Sequence[Solution]) -> None:
        self.parts = list(parts)

    def __call__(self, *names: str, **inputs: ArrayLike) -> dict[str, NDArray[np.float64]]:
        """Return fields and derivatives by name, each from the window of its time, as of a `Solution`."""
        if str(TIME) not in inputs:
            # It says what is missing.
            return self.parts[0](*names, **inputs)
        arrays = dict(
            zip(inputs, np.broadcast_arrays(*(np.asarray(column, float) for column in inputs.values())), strict=True)
        )
        ends = [part.problem.time[1] for part in self.parts if part.problem.time]
        window = np.searchsorted(ends[:-1], arrays[str(TIME)])
        found: dict[str, NDArray[np.float64]] = {}
        for number, part in enumerate(self.parts):
            rows = window == number
            for name, values in part(*names, **{key: column[rows] for key, column in arrays.items()}).items():
                found.setdefault(name, np.empty(window.shape))[rows] = values
        return found


def solve_in_windows(
    problem: Problem,
    windows: int,
    width: int = WIDTH,
    layers: int = LAYERS,
    seed: int = 0,
    points: int = 2000,
    on_step: Callable[[int, Solution], object] | None = None,
    **options: Any,
) -> Windows:
    """
    Solve a problem by natural gradients in windows of time, where one is not enough.

    Each window has networks of its own, which begin as they would in the first, and starts from the fields in which the
    window before ended: from their values, and from their first derivatives by t where an equation has second ones.

    Parameters
    ----------
    problem : Problem
        The problem, with time and without unknown coefficients.
    windows : int
        How many, of one length.
    width, layers : int
        Of the networks of each, as of `problem_networks`.
    seed, points, on_step
        As of `solve`, in each window.
    **options
        Further options of `solve`, for each window.

    Returns
    -------
    Windows
        The fields as functions of the inputs.

    Raises
    ------
    ValueError
        If the problem has no time, or has several regions or unknown coefficients, of which each window would find its
        own.

    Examples
    --------
    >>> from sympy import Function, Symbol
    >>> from modulus_relobralo.problems import Interval
    >>> x, t = Symbol("x"), Symbol("t")
    >>> u = Function("u")(x, t)
    >>> equations, ends = {"grows": u.diff(t) - u}, {"left, right": {}}
    >>> growth = Problem(Interval(0, 1), equations, ends, time=(0, 2), initial={"u": 1})
    >>> solution = solve_in_windows(growth, 2, steps=20, points=32)
    >>> solution(x=0.5, t=[0.0, 1.0, 2.0])["u"].round()
    array([1., 3., 7.])
    """
    check_count("windows", windows)
    if problem.time is None or problem.unknown or len(problem.regions) > 1:
        found = [*(() if problem.time else ["no time"]), *problem.unknown, *list(problem.regions)[1:]]
        raise ValueError(
            "Parameter `problem` must have time, one region and no unknown coefficients, of which each window would "
            f"find its own. Found {', '.join(found)}."
        )
    ends = np.linspace(*problem.time, windows + 1)
    parts: list[Solution] = []
    for number, (start, end) in enumerate(pairwise(ends)):
        known = _state(problem, parts[-1], start, points, seed) if parts else None
        window = problem.window(start, end, known)
        with torch.random.fork_rng():
            torch.manual_seed(seed + number)
            networks = problem_networks(window, width, layers)
        parts.append(solve(window, networks, points=points, seed=seed + number, on_step=on_step, **options))
    return Windows(parts)


def _state(problem: Problem, before: Solution, time: float, points: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """Return what the fields are at a time, at a grid of about a quarter of `points`, as a set of sensors."""
    generator, names = np.random.default_rng(seed), list(map(str, problem.shape.coordinates))
    grid = np.array(problem.shape.points(max(round((points / 4) ** (1 / len(names))), 2), closed=True))
    places = dict(zip(names, grid.T, strict=True))
    places |= {name: generator.uniform(*ends, len(grid)) for name, ends in problem.ranges.items()}
    return places | before(*problem.state, **places, **{str(TIME): time})
