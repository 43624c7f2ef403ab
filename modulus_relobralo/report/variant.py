"""One balancing scheme with one set of parameters, gathered over its seeds."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from modulus_relobralo.report.quantities import Quantity
from modulus_relobralo.report.run import Run, Series
from modulus_relobralo.report.spread import spread

BASELINE = "sum"


@dataclass(frozen=True)
class Variant:
    """One balancing scheme with one set of parameters: runs that differ in their seeds only.

    A run that diverged counts, with an infinite error. One that did not record a variable does not count for it.
    """

    label: str
    scheme: str
    runs: tuple[Run, ...]

    @property
    def seeds(self) -> frozenset[int | str | None]:
        """The seeds of the runs."""
        return frozenset(run.seed for run in self.runs)

    @property
    def diverged(self) -> int:
        """How many runs diverged."""
        return sum(run.diverged for run in self.runs)

    @property
    def tuned(self) -> bool:
        """Whether its values are not the defaults of the scheme."""
        return any(run.tuned for run in self.runs)

    @property
    def step_seconds(self) -> float:
        """The median wall time of a step."""
        return spread(run.step_seconds for run in self.runs if not math.isnan(run.step_seconds)).median

    def errors(self, variable: str) -> list[float]:
        """Return the last relative L2 error of each run."""
        return self.values(Quantity("errors", variable))

    def mean_squares(self, variable: str) -> list[float]:
        """Return the last mean squared error of each run."""
        return [mean_square(run, variable) for run in self.counting(variable).runs]

    def steps_to(self, target: float, variable: str) -> list[float]:
        """Return the first recorded step of each run at which the error is at most `target`, or infinity."""
        return [
            first_step(run.errors[variable], target) if variable in run.errors else math.inf
            for run in self.counting(variable).runs
        ]

    def values(self, quantity: Quantity) -> list[float]:
        """Return the last value of each run that recorded a quantity, and infinity of each that diverged."""
        return [quantity.last(run) for run in self.having(quantity).runs]

    def counting(self, variable: str) -> Variant:
        """Return the variant with the runs only that count for the error of `variable`."""
        return self.having(Quantity("errors", variable))

    def having(self, quantity: Quantity) -> Variant:
        """Return the variant with the runs only that count for a quantity."""
        return replace(self, runs=tuple(run for run in self.runs if run.diverged or quantity.series(run)))

    def on(self, seeds: Collection[int | str | None]) -> Variant:
        """Return the variant with its runs from `seeds` only."""
        return replace(self, runs=tuple(run for run in self.runs if run.seed in seeds))

    def median_run(self, variable: str) -> Run | None:
        """Return the run with the median error; of an even number, the better of the two in the middle."""
        runs = sorted(self.counting(variable).runs, key=lambda run: last_error(run, variable))
        return runs[(len(runs) - 1) // 2] if runs else None


def last_error(run: Run, variable: str) -> float:
    """Return the last relative L2 error of a run; infinity if it diverged, or if its prediction is not finite."""
    return Quantity("errors", variable).last(run)


def mean_square(run: Run, variable: str) -> float:
    """Return the mean squared error at the last step of a run; infinity if it diverged."""
    if run.diverged:
        return math.inf
    return last_error(run, variable) ** 2 * float(np.mean(run.fields[variable].exact ** 2))


def first_step(error: Series, target: float) -> float:
    """Return the first step at which `error` is at most `target`, or infinity."""
    reached = error.steps[error.values <= target]
    return float(reached[0]) if reached.size else math.inf
