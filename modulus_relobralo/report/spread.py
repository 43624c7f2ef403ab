"""The median and the quartiles over seeds, of numbers and of curves; what diverged counts as infinite."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from modulus_relobralo.report.run import Series


class Spread(NamedTuple):
    """The median and the quartiles of some values."""

    median: float
    low: float
    high: float


def spread(values: Iterable[float]) -> Spread:
    """Return the median and the quartiles, interpolated linearly; NaN of nothing."""
    ordered = sorted(values)
    return Spread(*(_quantile(ordered, q) for q in (0.5, 0.25, 0.75)))


def band(series: Sequence[Series], diverged: Sequence[bool]) -> tuple[Series, Series, Series]:
    """Return the median and the quartiles over the steps that all have; after its end, a diverged one is infinite."""
    whole = [entry for entry, ended in zip(series, diverged, strict=True) if not ended] or list(series)
    steps = sorted(set.intersection(*({*entry.steps.tolist()} for entry in whole)))
    known = [dict(zip(entry.steps.tolist(), entry.values.tolist(), strict=True)) for entry in series]
    spreads = [spread(values.get(step, math.inf) for values in known) for step in steps]
    median, low, high = (Series(np.array(steps), np.array(column)) for column in np.array(spreads).reshape(-1, 3).T)
    return median, low, high


def _quantile(ordered: Sequence[float], q: float) -> float:
    # Not by NumPy, whose interpolation makes NaN of infinite values.
    if not ordered:
        return math.nan
    below, part = divmod(q * (len(ordered) - 1), 1)
    low = ordered[int(below)]
    return low if part == 0 else low * (1 - part) + ordered[int(below) + 1] * part
