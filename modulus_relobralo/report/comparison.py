"""Runs gathered over their seeds: what is compared with what."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from modulus_relobralo.report.run import Run, Series
from modulus_relobralo.report.spread import spread

SEED = "custom.seed"
BASELINE = "sum"


@dataclass(frozen=True)
class Variant:
    """One balancing scheme with one set of parameters: runs that differ in their seeds only.

    A run that diverged counts, with an infinite error.
    """

    label: str
    scheme: str
    runs: tuple[Run, ...]

    @property
    def seeds(self) -> frozenset[Any]:
        """The seeds of the runs."""
        return frozenset(run.seed for run in self.runs)

    @property
    def diverged(self) -> int:
        """How many runs diverged."""
        return sum(run.diverged for run in self.runs)

    @property
    def step_seconds(self) -> float:
        """The median wall time of a step."""
        return spread(run.step_seconds for run in self.runs).median

    def errors(self, variable: str) -> list[float]:
        """Return the last relative L2 error of each run."""
        return [last_error(run, variable) for run in self.runs]

    def mean_squares(self, variable: str) -> list[float]:
        """Return the last mean squared error of each run."""
        return [mean_square(run, variable) for run in self.runs]

    def steps_to(self, target: float, variable: str) -> list[float]:
        """Return the first recorded step of each run at which the error is at most `target`, or infinity."""
        return [first_step(run.errors[variable], target) if variable in run.errors else math.inf for run in self.runs]

    def on(self, seeds: Collection[Any]) -> Variant:
        """Return the variant with its runs from `seeds` only."""
        return replace(self, runs=tuple(run for run in self.runs if run.seed in seeds))

    def median_run(self, variable: str) -> Run:
        """Return the run with the median error; of an even number, the better of the two in the middle."""
        return sorted(self.runs, key=lambda run: last_error(run, variable))[(len(self.runs) - 1) // 2]


@dataclass(frozen=True)
class Comparison:
    """Variants that may be compared: one problem, and configs that differ in the loss and the seed only.

    `settings` names what distinguishes it from other comparisons of its problem; `uncounted` are the runs that are
    in no variant, because they are unfinished or recorded no error.
    """

    problem: str
    settings: str
    variants: tuple[Variant, ...]
    uncounted: tuple[Run, ...]

    @property
    def title(self) -> str:
        """The problem and the settings."""
        return ", ".join(filter(None, (self.problem, self.settings)))

    @property
    def variables(self) -> list[str]:
        """The variables whose error was recorded."""
        return list(dict.fromkeys(name for variant in self.variants for run in variant.runs for name in run.errors))

    @property
    def baseline(self) -> Variant | None:
        """The variant of the plain sum, if there is exactly one."""
        found = [variant for variant in self.variants if variant.scheme == BASELINE]
        return found[0] if len(found) == 1 else None

    def ratio(self, variant: Variant, measure: Callable[[Variant], Iterable[float]]) -> float:
        """Return the median of a measure over the baseline's, both from the seeds that both have; NaN of none."""
        if self.baseline is None:
            return math.nan
        shared = variant.seeds & self.baseline.seeds
        ours, theirs = (spread(measure(entry.on(shared))).median for entry in (variant, self.baseline))
        return ours / theirs


def compare(runs: Sequence[Run]) -> list[Comparison]:
    """Gather `runs` into comparisons, in the order of their first runs; the plain sum comes first in each."""
    comparisons = []
    for problem, of_problem in _group(runs, [run.problem for run in runs]).items():
        options = [_flatten(OmegaConf.to_container(run.config, resolve=False)) for run in of_problem]
        settings = _differences([{k: v for k, v in o.items() if not k.startswith("loss.")} for o in options])
        for setting, of_setting in _group(of_problem, settings).items():
            counted = [run for run in of_setting if why_uncounted(run) is None]
            uncounted = [run for run in of_setting if why_uncounted(run) is not None]
            comparisons.append(Comparison(problem, setting, tuple(_variants(counted)), tuple(uncounted)))
    return comparisons


def why_uncounted(run: Run) -> str | None:
    """Return why a run is in no variant; None if it is in one."""
    if run.status == "unfinished":
        return f"unfinished, at step {run.last_step} of {run.config.training.max_steps}"
    return None if run.errors or run.diverged else "recorded no error: it had no validator, or none saved as np"


def last_error(run: Run, variable: str) -> float:
    """Return the last relative L2 error of a run; infinity if it diverged."""
    return math.inf if run.diverged else float(run.errors[variable].values[-1])


def mean_square(run: Run, variable: str) -> float:
    """Return the mean squared error at the last step of a run; infinity if it diverged."""
    if run.diverged:
        return math.inf
    return last_error(run, variable) ** 2 * float(np.mean(run.fields[variable].exact ** 2))


def first_step(error: Series, target: float) -> float:
    """Return the first step at which `error` is at most `target`, or infinity."""
    reached = error.steps[error.values <= target]
    return float(reached[0]) if reached.size else math.inf


def _variants(runs: Sequence[Run]) -> list[Variant]:
    variants = []
    for scheme, of_scheme in _group(runs, [run.scheme for run in runs]).items():
        options = [_flatten({"loss": OmegaConf.to_container(run.config.loss)}) for run in of_scheme]
        for parameters, alike in _group(of_scheme, _differences(options)).items():
            label = f"{scheme} ({parameters.replace('loss.', '')})" if parameters else scheme
            variants.append(Variant(label, scheme, tuple(alike)))
    return sorted(variants, key=lambda variant: variant.scheme != BASELINE)


def _differences(options: Sequence[dict[str, Any]]) -> list[str]:
    """Return, for each dictionary, those of its entries that are not the same in all, as text."""
    keys = dict.fromkeys(key for entry in options for key in entry if key != SEED)
    differing = [key for key in keys if any(entry.get(key) != options[0].get(key) for entry in options)]
    return [", ".join(f"{key}={entry[key]}" for key in differing if key in entry) for entry in options]


def _flatten(config: Any, prefix: str = "") -> dict[str, Any]:
    """Return a nested config by dotted names."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        flat.update(_flatten(value, f"{name}.") if isinstance(value, dict) else {name: value})
    return flat


def _group(runs: Iterable[Run], keys: Iterable[Hashable]) -> dict[Any, list[Run]]:
    groups: dict[Any, list[Run]] = {}
    for run, key in zip(runs, keys, strict=True):
        groups.setdefault(key, []).append(run)
    return groups
