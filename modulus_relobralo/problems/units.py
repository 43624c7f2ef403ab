"""Whether what a network sees is of order one, as it learns best."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from modulus_relobralo.problems.problem import Problem

LARGE = 100.0
"""Sizes of an input, and one over its range, above which it is far from order one."""


def warn_of_units(problem: Problem, inputs: Iterable[str]) -> None:
    """Warn if coordinates, time or parameters that a network sees as they are, are far from order one."""
    found = []
    for name, (low, high) in problem.input_ranges.items():
        if name in inputs and (max(abs(low), abs(high)) > LARGE or high - low < 1 / LARGE):
            found.append(f"{name} from {low:g} to {high:g}")
    if found:
        warnings.warn(
            f"A network sees {', '.join(found)}, far from order one, where it hardly learns: state the problem in "
            "other units, or put the network into `taylor.Scaled` in a loop and give its `Key` a scale in a Solver.",
            stacklevel=4,
        )
