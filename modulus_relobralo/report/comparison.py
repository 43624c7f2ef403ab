"""What is compared with what: runs of one problem in one setting, at steps that all of them have."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from modulus_relobralo.report.events import Series
from modulus_relobralo.report.runs import Run
from modulus_relobralo.report.settings import differences, flatten, select, settings
from modulus_relobralo.report.status import UNFINISHED

BASELINE = "sum"
"""The loss that others are compared with."""
LABELS = {
    "errors": ("error", "relative L2 error of {}"),
    "residuals": ("residual", "residual of {} (RMS)"),
    "losses": ("loss term", "loss term {}"),
    "monitors": ("value", "monitor {}"),
}
"""The kinds of quantities: what one is called among others, and with its name."""
WITHOUT_REFERENCE = ("residuals", "losses", "monitors")
"""The kinds that need no exact solution."""


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


@dataclass(frozen=True)
class Quantity:
    """A scalar over the steps that runs recorded: one of the kinds in `LABELS`, and its name there."""

    kind: str
    name: str

    @property
    def label(self) -> str:
        """What it is called in tables and figures."""
        return LABELS[self.kind][1].format(self.name)

    @property
    def lower_is_better(self) -> bool:
        """Whether less of it is better; of a monitor that is not known."""
        return self.kind != "monitors"

    def series(self, run: Run) -> Series | None:
        """Return what a run recorded of it; None if nothing, or loss terms that are those before L-BFGS."""
        if self.kind == "losses" and run.by_lbfgs:
            return None
        recorded: dict[str, Series] = getattr(run, self.kind)
        return recorded.get(self.name)

    def last(self, run: Run) -> float:
        """Return its last value in a run that recorded it or diverged; infinity if that is no number."""
        series = self.series(run)
        value = math.inf if run.diverged or series is None else float(series.values[-1])
        return math.inf if math.isnan(value) else value


def quantities(runs: Iterable[Run], kinds: Iterable[str]) -> list[Quantity]:
    """Return what any of `runs` recorded of those kinds, in their order."""
    runs = list(runs)
    found = [Quantity(kind, name) for kind in kinds for run in runs for name in getattr(run, kind)]
    return [entry for entry in dict.fromkeys(found) if any(entry.series(run) for run in runs)]


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
    def tuned(self) -> bool:
        """Whether its values are not the defaults of the scheme."""
        return any(run.tuned for run in self.runs)

    @property
    def step_seconds(self) -> float:
        """The median wall time of a step."""
        return spread(run.step_seconds for run in self.runs if not math.isnan(run.step_seconds)).median

    def values(self, quantity: Quantity) -> list[float]:
        """Return the last value of each run that recorded a quantity, and infinity of each that diverged."""
        return [quantity.last(run) for run in self.having(quantity).runs]

    def errors(self, variable: str) -> list[float]:
        """Return the last relative L2 error of each run."""
        return self.values(Quantity("errors", variable))

    def mean_squares(self, variable: str) -> list[float]:
        """Return the last mean squared error of each run."""
        return [mean_square(run, variable) for run in self.having(Quantity("errors", variable)).runs]

    def having(self, quantity: Quantity) -> Variant:
        """Return the variant with the runs only that count for a quantity."""
        return replace(self, runs=tuple(run for run in self.runs if run.diverged or quantity.series(run)))

    def on(self, seeds: Collection[int | str | None]) -> Variant:
        """Return the variant with its runs from `seeds` only."""
        return replace(self, runs=tuple(run for run in self.runs if run.seed in seeds))

    def median_run(self, variable: str) -> Run | None:
        """Return the run with the median error; of an even number, the better of the two in the middle."""
        quantity = Quantity("errors", variable)
        runs = sorted(self.having(quantity).runs, key=quantity.last)
        return runs[(len(runs) - 1) // 2] if runs else None


@dataclass(frozen=True)
class Comparison:
    """Variants that may be compared: one problem, and configs that differ in the loss and the seed only.

    `settings` names what distinguishes it from other comparisons of its problem; `uncounted` are the runs that are
    in no variant, because they are unfinished or recorded no error where others did. `notes` say what else a reader
    must know.
    """

    problem: str
    settings: str
    variants: tuple[Variant, ...]
    uncounted: tuple[Run, ...]
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The problem and the settings."""
        return ", ".join(filter(None, (self.problem, self.settings)))

    @property
    def variables(self) -> list[str]:
        """The variables whose error was recorded."""
        return list(dict.fromkeys(name for run in self.runs for name in run.errors))

    @property
    def runs(self) -> list[Run]:
        """The runs of all variants."""
        return [run for variant in self.variants for run in variant.runs]

    @property
    def baseline(self) -> Variant | None:
        """The variant of the plain sum, if there is exactly one."""
        found = [variant for variant in self.variants if variant.scheme == BASELINE]
        return found[0] if len(found) == 1 else None

    def ratio(
        self, variant: Variant, quantity: Quantity, measure: Callable[[Variant, str], Iterable[float]] | None = None
    ) -> float:
        """Return the median of a quantity's last values, or of another measure of it, over that of the baseline.

        Both are of the seeds that both have; NaN if there are none.
        """
        if self.baseline is None:
            return math.nan
        pair = [entry.having(quantity) for entry in (variant, self.baseline)]
        some = [entry.on(pair[0].seeds & pair[1].seeds) for entry in pair]
        values = [measure(entry, quantity.name) if measure else entry.values(quantity) for entry in some]
        ours, theirs = (spread(entry).median for entry in values)
        return ours / theirs if theirs and not math.isinf(theirs) else math.nan


def last_error(run: Run, variable: str) -> float:
    """Return the last relative L2 error of a run; infinity if it diverged, or if its prediction is not finite."""
    return Quantity("errors", variable).last(run)


def mean_square(run: Run, variable: str) -> float:
    """Return the mean squared error at the last step of a run; infinity if it diverged."""
    if run.diverged:
        return math.inf
    return last_error(run, variable) ** 2 * float(np.mean(run.fields[variable].exact ** 2))


def compare(runs: Sequence[Run]) -> list[Comparison]:
    """Gather `runs` into comparisons, in the order of their first runs; the plain sum comes first in each."""
    comparisons = []
    problems = [", ".join(filter(None, (run.problem, run.window))) for run in runs]
    for problem, of_problem in _group(runs, problems).items():
        for setting, of_setting in _group(of_problem, _settings(of_problem)).items():
            referenced = any(run.errors for run in of_setting if run.status != UNFINISHED)
            counted = [run for run in of_setting if why_uncounted(run, referenced) is None]
            uncounted = tuple(run for run in of_setting if why_uncounted(run, referenced) is not None)
            aligned, notes = _align(counted, ("errors",) if referenced else WITHOUT_REFERENCE)
            notes += [f"{run.label}: {note}" for run in counted for note in run.notes]
            said = tuple(dict.fromkeys(notes))
            comparisons.append(Comparison(problem, setting, tuple(_variants(aligned)), uncounted, said))
    return comparisons


def why_uncounted(run: Run, referenced: bool) -> str | None:
    """Return why a run is in no variant; None if it is in one.

    `referenced` says whether others of its problem and setting recorded errors; without a reference, runs are
    compared by what else they recorded.
    """
    if run.status == UNFINISHED:
        return f"unfinished, {run.reason}"
    if run.errors or run.diverged or (not referenced and quantities([run], WITHOUT_REFERENCE)):
        return None
    missing = "no error: it had no validator, or none saved as np" if referenced else "nothing to compare"
    return "; ".join((f"recorded {missing}", *run.notes))


def _align(runs: Sequence[Run], kinds: Iterable[str]) -> tuple[list[Run], list[str]]:
    """Return `runs` with each quantity up to the last step that all have of it, and what to say of it.

    Files may end early: what the host had not yet written is lost with its process. Runs that were ended before the
    greatest number of steps, by a stop criterion or by L-BFGS, are compared at their ends.
    """
    whole = [run for run in runs if not run.diverged]
    notes = []
    aligned = list(runs)
    for quantity in quantities(whole, kinds):
        one, name = LABELS[quantity.kind][0], quantity.name
        having = [(run, series) for run in whole if (series := quantity.series(run))]
        lacking = [run for run in whole if not quantity.series(run)]
        notes += [f"{run.label}: not counted for {name}, whose {one} it lacks" for run in lacking]
        ends = sorted({int(series.steps[-1]) for _, series in having})
        shared = set.intersection(*({*series.steps.tolist()} for _, series in having))
        if len(ends) == 1:
            continue
        if not shared or any(_ends_of_itself(run) for run, _ in having):
            notes.append(f"the {one}s of {name} are those of different steps, {ends[0]} to {ends[-1]}")
            continue
        aligned = [_cut(run, quantity, max(shared)) for run in aligned]
        notes.append(
            f"the {one}s of {name} are those of step {max(shared)}, the last that all runs recorded; "
            f"some go on to step {ends[-1]}"
        )
    return aligned, notes


def _cut(run: Run, quantity: Quantity, step: int) -> Run:
    series = quantity.series(run)
    if run.diverged or series is None:
        return run
    recorded = {**getattr(run, quantity.kind), quantity.name: series.until(step)}
    return replace(run, **{quantity.kind: recorded})  # type: ignore[arg-type]  # one of its fields, by name


def _ends_of_itself(run: Run) -> bool:
    return run.by_lbfgs or select(run.config, "stop_criterion.metric") is not None


def _settings(runs: Sequence[Run]) -> list[str]:
    """Return what distinguishes runs besides loss and seed: the config, and optimizers that took turns."""
    turns = [{"optimizers": " then ".join(run.optimizers)} if len(run.optimizers) > 1 else {} for run in runs]
    configs = [{**run.config, **turn} for run, turn in zip(runs, turns, strict=True)]
    return settings(configs, [run.choices for run in runs], [run.overrides for run in runs])


def _variants(runs: Sequence[Run]) -> list[Variant]:
    variants = []
    for scheme, of_scheme in _group(runs, [run.scheme for run in runs]).items():
        options = [{k: v for k, v in flatten(run.config).items() if k.startswith("loss.")} for run in of_scheme]
        for parameters, alike in _group(of_scheme, differences(options)).items():
            label = f"{scheme} ({parameters})" if parameters else scheme
            variants.append(Variant(label, scheme, tuple(alike)))
    return sorted(variants, key=lambda variant: variant.scheme != BASELINE)


def _group(runs: Iterable[Run], keys: Iterable[Hashable]) -> dict[Any, list[Run]]:
    groups: dict[Any, list[Run]] = {}
    for run, key in zip(runs, keys, strict=True):
        groups.setdefault(key, []).append(run)
    return groups


def _quantile(ordered: Sequence[float], q: float) -> float:
    # Not by NumPy or pandas, whose interpolation makes NaN of infinite values.
    if not ordered:
        return math.nan
    below, part = divmod(q * (len(ordered) - 1), 1)
    low = ordered[int(below)]
    return low if part == 0 else low * (1 - part) + ordered[int(below) + 1] * part
