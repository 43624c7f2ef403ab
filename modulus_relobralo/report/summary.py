"""Runs and comparisons as tables of texts, and what is to be said below them."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from pandas import DataFrame

from modulus_relobralo.options import EPS, NEARLY_ALL, TEMPERATURE
from modulus_relobralo.report.comparison import (
    BASELINE,
    WITHOUT_REFERENCE,
    Comparison,
    Quantity,
    Spread,
    Variant,
    quantities,
    spread,
    why_uncounted,
)
from modulus_relobralo.report.runs import Run
from modulus_relobralo.report.settings import select
from modulus_relobralo.tables import print_lines, print_rows

# So many runs stand side by side.
COLUMNS = 6
FEW_SEEDS = 3
"""With fewer seeds the quartiles say nothing of the spread."""
NO_REFERENCE = (
    "No run has a reference solution: these numbers say how well the equations and conditions are met at the points "
    "that were looked at, not how far a field is from the truth."
)
RESIDUALS = (
    "Residuals are root mean squares at points that training did not use. Between two losses the lower one meets the "
    "equation better there. They bound no error: a wrong value on the boundary leaves no residual inside."
)
NO_RESIDUALS = (
    "No residuals at other points were recorded: loss terms are those of the points of training, and a network may "
    "meet them there and be wrong in between. A monitor named residuals records them (hosts.sym.residual_monitor)."
)
TERMS = "Loss terms are shown without the weights of the balancing, so that they compare between losses."
MONITORS = (
    "Of a monitor no value is better than another. Where the losses agree on it, the choice between them does not "
    "matter to it; where they do not, at least one of them is wrong."
)
APART = "Two losses are apart in a number where their quartiles do not overlap; which number matters more, none says."
SEEDS = f"With fewer than {FEW_SEEDS} seeds of each, a difference may be that of two seeds of one loss."

LONG = 0.25
"""For which part of the records a term holds nearly all of the weight before it is said."""
STILL, ONE = 0.01, 0.01
"""A term moved if its values differ by more than this part of the largest; a weight this near to 1 counts as 1."""
FEW = 5
"""Of fewer records nothing is said that takes time to see."""


# ----- runs side by side


def print_table(runs: Sequence[Run]) -> None:
    """Print the runs side by side: steps, errors and the like, wall time and status, and below what is to be said."""
    labels = name_runs(runs)
    for first in range(0, len(runs), COLUMNS):
        some, names = runs[first : first + COLUMNS], labels[first : first + COLUMNS]
        print_rows(tabulate(some, names), " and ".join(dict.fromkeys(run.problem for run in some)))
    print_lines([f"{label}: {note}" for run, label in zip(runs, labels, strict=True) for note in _notes(run)])


def tabulate(runs: Sequence[Run], labels: Sequence[str]) -> DataFrame:
    """Return a row for each thing that is known of `runs`, which have a column each under `labels`.

    A value that is not of a run's last step has its own beside it.
    """
    kinds = ("errors", "losses", "residuals", "monitors")
    found = [*quantities(runs, ["errors"]), *(Quantity("losses", name) for run in runs for name in run.losses)]
    found += quantities(runs, kinds[2:])
    things = {
        "steps": [str(run.last_step) if run.last_step >= 0 else "-" for run in runs],
        **{entry.label: [_last(entry, run) for run in runs] for entry in found},
        "wall time [s]": ["-" if math.isnan(run.seconds) else f"{run.seconds:.1f}" for run in runs],
        "status": [run.status for run in runs],
    }
    return _by_columns(things, labels)


def name_runs(runs: Sequence[Run]) -> list[str]:
    """Return a name for each run, no two alike."""
    times = Counter(run.label for run in runs)
    common = os.path.commonpath([run.folder.resolve() for run in runs]) if len(runs) > 1 else ""
    return [
        run.label if times[run.label] == 1 else f"{run.label} ({os.path.relpath(run.folder.resolve(), common)})"
        for run in runs
    ]


def _notes(run: Run) -> list[str]:
    before = ["the loss terms are not known: the host records those before L-BFGS"] if run.by_lbfgs else []
    return [*([f"{run.status}, {run.reason}"] if run.reason else []), *before, *run.notes]


def _last(quantity: Quantity, run: Run) -> str:
    series = quantity.series(run)
    return "-" if series is None else f"{float(series.values[-1]):.3e}{_off([run], quantity)}"


def _off(runs: Iterable[Run], quantity: Quantity) -> str:
    """Return of which steps values are that are not of the last steps of their runs, to be written behind them."""
    ends = [(int(series.steps[-1]), run) for run in runs if not run.diverged and (series := quantity.series(run))]
    steps = sorted({end for end, run in ends if end != run.last_step})
    return "" if not steps else f" (step {steps[0]})" if len(steps) == 1 else f" (steps {steps[0]} to {steps[-1]})"


# ----- comparisons


def print_summary(comparison: Comparison, target: float | None = None) -> None:
    """Print the rows of `summarize`, and below them what is to be said of them and of the runs that are in none."""
    print_rows(summarize(comparison, target), comparison.title)
    print_lines(remarks(comparison))


def summarize(comparison: Comparison, target: float | None = None) -> DataFrame:
    """Return one row per variant: its errors as median and quartiles over the runs, and its time.

    Several variables have columns of their own. Without a reference there is a row for each quantity that was
    recorded and a column for each variant, with the ratio to the plain sum in brackets. A value that is not of the
    last step of its run has its step beside it.

    Parameters
    ----------
    comparison : Comparison
        Of any number of variants.
    target : float, optional
        A relative L2 error; adds the steps that it took to reach it.
    """
    if comparison.variables:
        return DataFrame([_row(comparison, variant, target) for variant in comparison.variants])
    variants, compared = comparison.variants, quantities(comparison.runs, WITHOUT_REFERENCE)
    if not compared:
        return DataFrame()
    things = {
        "seeds": [_seeds(variant) for variant in variants],
        **{entry.label: [_of_quantity(comparison, variant, entry) for variant in variants] for entry in compared},
        "ms per step": [_milliseconds(variant) for variant in variants],
        "wall time [s]": [f"{spread(run.seconds for run in variant.runs).median:.1f}" for variant in variants],
    }
    return _by_columns(things, [variant.label for variant in variants])


def remarks(comparison: Comparison) -> list[str]:
    """Return what is to be said of a comparison: what it can conclude, what is suspected, what is not counted."""
    uncounted = [
        f"not counted: {comparison.title}: {run.label}: {why_uncounted(run, bool(comparison.variables))} ({run.folder})"
        for run in comparison.uncounted
    ]
    return [*_conclude(comparison), *_suspicions(comparison), *comparison.notes, *uncounted]


def _row(comparison: Comparison, variant: Variant, target: float | None) -> dict[str, str]:
    ends = {int(error.steps[-1]) for run in variant.runs if not run.diverged for error in run.errors.values()}
    at = " to ".join(map(str, dict.fromkeys((min(ends), max(ends))))) if ends else "-"
    row = {"loss": variant.label, "seeds": _seeds(variant), "at step": at}
    several = len(comparison.variables) > 1
    errors = {f", {name}" if several else "": Quantity("errors", name) for name in comparison.variables}
    for suffix, quantity in errors.items():
        off = _off(variant.having(quantity).runs, quantity)
        measures = {quantity.label: Variant.errors, f"mean squared error (MSE){suffix}": Variant.mean_squares}
        for (label, measure), short in zip(measures.items(), ("error", "MSE"), strict=True):
            row[label] = _spread(spread(measure(variant, quantity.name))) + off
            row[f"{short} / sum{suffix}"] = _number(comparison.ratio(variant, quantity, measure))
    row["ms per step"] = _milliseconds(variant)
    for suffix, quantity in errors.items() if target is not None else ():
        steps = [_first_step(run, quantity, target or 0.0) for run in variant.having(quantity).runs]
        reached = sum(map(math.isfinite, steps))
        row[f"steps to {target:g}{suffix}"] = f"{_number(spread(steps).median, 'g')} ({reached} of {len(steps)})"
    return row


def _of_quantity(comparison: Comparison, variant: Variant, quantity: Quantity) -> str:
    values = _spread(spread(variant.values(quantity))) + _off(variant.runs, quantity)
    ratio = comparison.ratio(variant, quantity)
    if math.isnan(ratio) or variant is comparison.baseline or not quantity.lower_is_better:
        return values
    return f"{values} ({_number(ratio)} of {BASELINE})"


def _first_step(run: Run, quantity: Quantity, target: float) -> float:
    """Return the first recorded step at which a quantity is at most `target`, or infinity."""
    series = quantity.series(run)
    reached = series.steps[series.values <= target] if series else np.array([])
    return float(reached[0]) if reached.size else math.inf


def _by_columns(things: dict[str, list[str]], labels: Sequence[str]) -> DataFrame:
    return DataFrame([[thing, *values] for thing, values in things.items()], columns=["", *labels])


def _seeds(variant: Variant) -> str:
    text, diverged = str(len(variant.seeds)), sum(run.diverged for run in variant.runs)
    if len(variant.runs) != len(variant.seeds):
        text += f" ({len(variant.runs)} runs)"
    return text + (f", {diverged} diverged" if diverged else "")


def _milliseconds(variant: Variant) -> str:
    seconds = variant.step_seconds
    return "-" if math.isnan(seconds) else f"{seconds * 1e3:.1f}"


def _spread(values: Spread) -> str:
    if values.low == values.high or math.isnan(values.median):
        return _number(values.median)
    return f"{_number(values.median)} [{_number(values.low)}, {_number(values.high)}]"


def _number(value: float, form: str = ".2e") -> str:
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "never" if form == "g" else "diverged"
    return f"{value:.3g}" if form == ".2e" and 0.01 <= abs(value) < 100 else format(value, form)


# ----- remarks


def _conclude(comparison: Comparison) -> list[str]:
    """Return what a comparison without a reference can conclude, and what not; nothing of any other."""
    if comparison.variables or not comparison.variants:
        return []
    kinds = {quantity.kind for quantity in quantities(comparison.runs, WITHOUT_REFERENCE)}
    several = len(comparison.variants) > 1
    said = {
        NO_REFERENCE: True,
        RESIDUALS: "residuals" in kinds,
        NO_RESIDUALS: "residuals" not in kinds,
        TERMS: "losses" in kinds,
        MONITORS: "monitors" in kinds,
        APART: several,
        SEEDS: several and min(len(variant.seeds) for variant in comparison.variants) < FEW_SEEDS,
    }
    return [text for text, holds in said.items() if holds]


def _suspicions(comparison: Comparison) -> list[str]:
    """Return a line for each suspicion of a variant, with the number of its runs that raise it."""
    lines = []
    for variant in comparison.variants:
        found: dict[str, list[str]] = {}
        for what, why in (suspicion for run in variant.runs for suspicion in suspect(run)):
            found.setdefault(what, []).append(why)
        for what, raised in found.items():
            runs = f" ({len(raised)} of {len(variant.runs)} runs)" if len(variant.runs) > 1 else ""
            lines.append(f"suspicious: {variant.label}: {what}{runs}: {raised[0]}")
    return lines


def suspect(run: Run) -> Iterator[tuple[str, str]]:
    """Yield what is suspected of a run, and what it is seen by and may mean; nothing of one that looks as it should."""
    recorded = [series.values for series in run.weights.values()]
    if len(recorded) > 1 and len(recorded[0]) >= FEW and len({*map(len, recorded)}) == 1:
        weights = np.array(recorded)
        held = (weights > NEARLY_ALL * weights.sum(axis=0)).mean(axis=1)
        option = "a smaller bound" if run.scheme == "relobralo_grad" else "a higher temperature"
        for name, part in zip(run.weights, held, strict=True):
            if part > LONG:
                yield (
                    f"loss term {name} holds nearly all of the weight for long",
                    f"more than {NEARLY_ALL:.0%} of it at {part:.0%} of the recorded steps, where the other terms "
                    f"hardly count; {option} spreads the weight",
                )
        largest = max((float(np.max(np.abs(series.values))) for series in run.losses.values()), default=math.inf)
        eps = _option(run, EPS.default, EPS.name)
        temperature = _option(run, TEMPERATURE.default, TEMPERATURE.alias, TEMPERATURE.name)
        if largest <= eps / temperature and np.all(np.abs(weights - 1) <= ONE):
            yield (
                "all weights stay 1 because the losses are tiny",
                f"none is above {largest:.2g}, and below eps / temperature = {eps / temperature:.2g} the balancing "
                "does not see their ratios; scale the equations, or lower eps",
            )
    for name, series in run.losses.items():
        values, largest = series.values, float(np.max(np.abs(series.values)))
        if (zeros := values == 0).any():
            yield (
                f"loss term {name} is exactly 0",
                f"at {zeros.sum()} of {len(zeros)} recorded steps, first at step {series.steps[zeros][0]}; it has no "
                "points there, or the network meets it by how it is made",
            )
        if len(values) >= FEW and 0 < largest < math.inf and np.ptp(values) <= STILL * largest:
            yield (
                f"loss term {name} never moves",
                f"it stays within {STILL:.0%} of {values[0]:.3g}; no parameter acts on it, or its weight is too small",
            )


def _option(run: Run, default: float, *names: str) -> float:
    """Return a number of the loss in the run's config under the first of its names that has one, or its default."""
    given = [select(run.config, f"loss.{name}") for name in names]
    return next((float(value) for value in given if isinstance(value, int | float) and value > 0), default)
