"""What a look at runs suspects: weights and loss terms as they are where something went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from modulus_relobralo.options import EPS, TEMPERATURE
from modulus_relobralo.report.comparison import Comparison
from modulus_relobralo.report.run import Run, Series
from modulus_relobralo.report.settings import flatten

SHARE = 0.9
"""What counts as nearly all of the sum of the weights; the log warns from the same on."""
LONG = 0.25
"""The part of the records for which a term holds it, before it is said."""
STILL = 0.01
"""A term moved if its values differ by more than this part of the largest."""
ONE = 0.01
"""How far from 1 a weight still counts as 1."""
FEW = 5
"""Of fewer records nothing is said that takes time to see."""


class Suspicion(NamedTuple):
    """What is suspected, and what it is seen by and may mean."""

    what: str
    why: str


def suspect(run: Run) -> list[Suspicion]:
    """Return what is suspected of a run; nothing of one that looks as it should."""
    return [*_holders(run), *_flat_weights(run), *_zeros(run), *_still_terms(run)]


def list_suspicions(comparison: Comparison) -> list[str]:
    """Return a line for each suspicion of a variant, with the number of its runs that raise it."""
    lines = []
    for variant in comparison.variants:
        found: dict[str, list[Suspicion]] = {}
        for run in variant.runs:
            for suspicion in suspect(run):
                found.setdefault(suspicion.what, []).append(suspicion)
        for what, raised in found.items():
            runs = f" ({len(raised)} of {len(variant.runs)} runs)" if len(variant.runs) > 1 else ""
            lines.append(f"suspicious: {variant.label}: {what}{runs}: {raised[0].why}")
    return lines


def _holders(run: Run) -> Iterator[Suspicion]:
    """Find terms that hold nearly all of the weight for long."""
    weights = _table(run.weights)
    if len(weights) < 2 or weights.shape[1] < FEW:
        return
    held = (weights > SHARE * weights.sum(axis=0)).mean(axis=1)
    for name, part in zip(run.weights, held, strict=True):
        if part > LONG:
            yield Suspicion(
                f"loss term {name} holds nearly all of the weight for long",
                f"more than {SHARE:.0%} of it at {part:.0%} of the recorded steps, where the other terms hardly count; "
                f"{'a smaller bound' if run.scheme == 'relobralo_grad' else 'a higher temperature'} spreads the weight",
            )


def _flat_weights(run: Run) -> Iterator[Suspicion]:
    """Find weights that stay 1 because the losses are small against what keeps a division from zero."""
    weights = _table(run.weights)
    if len(weights) < 2 or weights.shape[1] < FEW or np.any(np.abs(weights - 1) > ONE):
        return
    largest = max((float(np.max(np.abs(series.values))) for series in run.losses.values()), default=np.inf)
    floor = _option(run, EPS.default, EPS.name) / _option(run, TEMPERATURE.default, TEMPERATURE.alias, TEMPERATURE.name)
    if largest <= floor:
        yield Suspicion(
            "all weights stay 1 because the losses are tiny",
            f"none is above {largest:.2g}, and below eps / temperature = {floor:.2g} the balancing does not see their "
            "ratios; scale the equations, or lower eps",
        )


def _zeros(run: Run) -> Iterator[Suspicion]:
    """Find loss terms that are exactly 0."""
    for name, series in run.losses.items():
        zeros = series.values == 0
        if zeros.any():
            yield Suspicion(
                f"loss term {name} is exactly 0",
                f"at {zeros.sum()} of {len(zeros)} recorded steps, first at step {series.steps[zeros][0]}; it has no "
                "points there, or the network meets it by how it is made",
            )


def _still_terms(run: Run) -> Iterator[Suspicion]:
    """Find loss terms that never move."""
    for name, series in run.losses.items():
        largest = float(np.max(np.abs(series.values)))
        if len(series.values) >= FEW and 0 < largest < np.inf and np.ptp(series.values) <= STILL * largest:
            yield Suspicion(
                f"loss term {name} never moves",
                f"it stays within {STILL:.0%} of {series.values[0]:.3g}; no parameter acts on it, or its weight is too "
                "small",
            )


def _table(series: dict[str, Series]) -> np.ndarray:
    """Return values by name and record."""
    return np.array([entry.values for entry in series.values()])


def _option(run: Run, default: float, *names: str) -> float:
    """Return a number of the loss in the run's config under the first of its names that has one, or its default."""
    options = flatten(run.config)
    given = [options.get(f"loss.{name}") for name in names]
    return next((float(value) for value in given if isinstance(value, int | float) and value > 0), default)
