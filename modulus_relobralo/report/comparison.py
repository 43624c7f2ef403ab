"""What is compared with what: runs of one problem in one setting, at steps that all of them have."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from modulus_relobralo.report.quantities import WITHOUT_REFERENCE, Quantity, quantities
from modulus_relobralo.report.run import Run
from modulus_relobralo.report.settings import UNITS, differences, flatten
from modulus_relobralo.report.spread import spread
from modulus_relobralo.report.status import UNFINISHED
from modulus_relobralo.report.variant import BASELINE, Variant

# What runs of one comparison may differ in: the loss, and what is only for the eye.
ALIKE = ("loss.", "custom.progress", UNITS)


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
        return list(dict.fromkeys(name for variant in self.variants for run in variant.runs for name in run.errors))

    @property
    def runs(self) -> list[Run]:
        """The runs of all variants."""
        return [run for variant in self.variants for run in variant.runs]

    @property
    def baseline(self) -> Variant | None:
        """The variant of the plain sum, if there is exactly one."""
        found = [variant for variant in self.variants if variant.scheme == BASELINE]
        return found[0] if len(found) == 1 else None

    def ratio(self, variant: Variant, variable: str, measure: Callable[[Variant], Iterable[float]]) -> float:
        """Return the median of a measure over the baseline's, both from the seeds that both have; NaN of none."""
        return self.ratio_of(variant, Quantity("errors", variable), measure)

    def ratio_of(self, variant: Variant, quantity: Quantity, measure: Callable[[Variant], Iterable[float]]) -> float:
        """Return that ratio of a measure to which the runs count that recorded a quantity."""
        if self.baseline is None:
            return math.nan
        pair = [entry.having(quantity) for entry in (variant, self.baseline)]
        shared = pair[0].seeds & pair[1].seeds
        ours, theirs = (spread(measure(entry.on(shared))).median for entry in pair)
        if math.isinf(theirs):
            return math.nan
        return ours / theirs if theirs else math.nan


def compare(runs: Sequence[Run]) -> list[Comparison]:
    """Gather `runs` into comparisons, in the order of their first runs; the plain sum comes first in each."""
    comparisons = []
    problems = [", ".join(filter(None, (run.problem, run.window))) for run in runs]
    for problem, of_problem in _group(runs, problems).items():
        settings = differences([_settings(run) for run in of_problem])
        for setting, of_setting in _group(of_problem, settings).items():
            referenced = any(run.errors for run in of_setting if run.status != UNFINISHED)
            counted = [run for run in of_setting if why_uncounted(run, referenced) is None]
            uncounted = [run for run in of_setting if why_uncounted(run, referenced) is not None]
            kinds = ("errors",) if referenced else WITHOUT_REFERENCE
            aligned, notes = _align(counted, kinds)
            notes += [f"{run.label}: {note}" for run in counted for note in run.notes]
            comparisons.append(
                Comparison(problem, setting, tuple(_variants(aligned)), tuple(uncounted), tuple(dict.fromkeys(notes)))
            )
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
        having = {run.folder: series for run in whole if (series := quantity.series(run))}
        name = _plural(quantity)
        notes += [
            f"{run.label}: not counted for {quantity.name}, whose {name[0]} it lacks"
            for run in whole
            if run.folder not in having
        ]
        ends = sorted({int(series.steps[-1]) for series in having.values()})
        shared = set.intersection(*({*series.steps.tolist()} for series in having.values()))
        if len(ends) == 1:
            continue
        if not shared or any(_ends_of_itself(run) for run in whole if run.folder in having):
            notes.append(f"the {name[1]} of {quantity.name} are those of different steps, {ends[0]} to {ends[-1]}")
            continue
        aligned = [_cut(run, quantity, max(shared)) for run in aligned]
        notes.append(
            f"the {name[1]} of {quantity.name} are those of step {max(shared)}, the last that all runs recorded; "
            f"some go on to step {ends[-1]}"
        )
    return aligned, notes


def _plural(quantity: Quantity) -> tuple[str, str]:
    one = {"errors": "error", "residuals": "residual", "losses": "loss term", "monitors": "value"}[quantity.kind]
    return one, f"{one}s"


def _cut(run: Run, quantity: Quantity, step: int) -> Run:
    series = quantity.series(run)
    if run.diverged or series is None:
        return run
    recorded = {**getattr(run, quantity.kind), quantity.name: series.until(step)}
    return replace(run, **{quantity.kind: recorded})  # type: ignore[arg-type]  # one of its fields, by name


def _ends_of_itself(run: Run) -> bool:
    return run.by_lbfgs or flatten(run.config).get("stop_criterion.metric") is not None


def _variants(runs: Sequence[Run]) -> list[Variant]:
    variants = []
    for scheme, of_scheme in _group(runs, [run.scheme for run in runs]).items():
        options = [{k: v for k, v in flatten(run.config).items() if k.startswith("loss.")} for run in of_scheme]
        for parameters, alike in _group(of_scheme, differences(options)).items():
            label = f"{scheme} ({parameters})" if parameters else scheme
            variants.append(Variant(label, scheme, tuple(alike)))
    return sorted(variants, key=lambda variant: variant.scheme != BASELINE)


def _settings(run: Run) -> dict[str, Any]:
    """Return what distinguishes runs besides loss and seed: the config, and optimizers that took turns."""
    options = {name: value for name, value in flatten(run.config).items() if not name.startswith(ALIKE)}
    return {**options, "optimizers": " then ".join(run.optimizers)} if len(run.optimizers) > 1 else options


def _group(runs: Iterable[Run], keys: Iterable[Hashable]) -> dict[Any, list[Run]]:
    groups: dict[Any, list[Run]] = {}
    for run, key in zip(runs, keys, strict=True):
        groups.setdefault(key, []).append(run)
    return groups
