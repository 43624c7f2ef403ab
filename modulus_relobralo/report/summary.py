"""Runs and comparisons as tables of texts, and what is to be said below them."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from pandas import DataFrame, Series

from modulus_relobralo.options import EPS, TEMPERATURE
from modulus_relobralo.report.comparison import Comparison, Quantity, quantities, spread
from modulus_relobralo.report.runs import Run
from modulus_relobralo.report.settings import select
from modulus_relobralo.tables import print_lines, print_rows

NO_REFERENCE = (
    "No run has a reference solution: these numbers say how well equations and conditions are met at the points that "
    "were looked at, and bound no error."
)
NO_RESIDUALS = (
    "No residuals at other points were recorded: loss terms are those of the points of training. A monitor named "
    "residuals records them (hosts.sym.residual_monitor)."
)

STILL, ONE = 0.01, 0.01
"""A term moved if its values differ by more than this part of the largest; a weight this near to 1 counts as 1."""
FEW = 5
"""Of fewer records nothing is said that takes time to see."""


# ----- tables


def print_table(runs: Sequence[Run]) -> None:
    """Print the runs side by side: steps, errors and the like, wall time and status, and below what is to be said."""
    print_rows(tabulate(runs), " and ".join(dict.fromkeys(run.problem for run in runs)))
    named = zip(runs, name_runs(runs), strict=True)
    print_lines([f"{name}: {note}" for run, name in named for note in _notes(run)])


def tabulate(runs: Sequence[Run]) -> DataFrame:
    """Return a row for each thing that is known of `runs`, which have a column each.

    A value that is not of a run's last step has its own beside it.
    """
    found = quantities(runs, ("errors", "losses", "residuals", "monitors"))
    return _upright(
        {
            "": name,
            "steps": str(run.last_step) if run.last_step >= 0 else "-",
            **{q.label: "-" if q.series(run) is None else _value(q, [run]) for q in found},
            "wall time [s]": _number(run.seconds, ".1f"),
            "status": run.status,
        }
        for run, name in zip(runs, name_runs(runs), strict=True)
    )


def name_runs(runs: Sequence[Run]) -> list[str]:
    """Return a name for each run, no two alike."""
    times = Counter(run.label for run in runs)
    common = os.path.commonpath([run.folder.resolve() for run in runs]) if len(runs) > 1 else ""
    return [
        run.label if times[run.label] == 1 else f"{run.label} ({os.path.relpath(run.folder.resolve(), common)})"
        for run in runs
    ]


def print_summary(comparison: Comparison, target: float | None = None) -> None:
    """Print the rows of `summarize`, and below them what is to be said of them and of the runs that do not count."""
    print_rows(summarize(comparison, target), comparison.title)
    print_lines(remarks(comparison))


def summarize(comparison: Comparison, target: float | None = None) -> DataFrame:
    """Return a row for each loss: what it reached, as median and quartiles over the runs, and its time.

    Without a reference, where there are many quantities, the losses have a column each. A value that is not of the
    last step of its run has its step beside it. `target` is a relative L2 error; it adds the steps that it took to
    reach it.
    """
    rows = [_row(comparison, loss, runs, target) for loss, runs in comparison.groups.items()]
    if comparison.variables:
        return DataFrame(rows).rename(columns={"": "loss"})
    return _upright(rows) if comparison.quantities else DataFrame()


def _row(comparison: Comparison, loss: str, runs: Sequence[Run], target: float | None) -> dict[str, str]:
    row = {"": loss, "seeds": _seeds(runs), "at step": _range(_ends(runs, comparison.quantities))}
    for quantity in comparison.quantities:
        row[quantity.label] = _value(quantity, runs)
        if comparison.baseline and quantity.lower_is_better:
            row[quantity.ratio_label] = _number(comparison.ratio(loss, quantity))
    row["ms per step"] = _number(1e3 * spread(run.step_seconds for run in runs)["median"], ".1f")
    row["wall time [s]"] = _number(spread(run.seconds for run in runs)["median"], ".1f")
    for variable in comparison.variables if target is not None else ():
        counted = comparison.of(loss, Quantity("errors", variable))["run"]
        row[f"steps to {target:g} of {variable}"] = _reached([run.errors.get(variable) for run in counted], target)
    return row


def _upright(rows: Iterable[Mapping[str, str]]) -> DataFrame:
    """Return a table with the names of things in its first column, and then one for each of `rows` under its name."""
    # By place, because names may be alike, or none.
    table = DataFrame(rows, dtype=object)
    return DataFrame([[name, *table[name]] for name in table.columns[1:]], columns=["", *table[""]])


def _reached(errors: Sequence[Series | None], target: float | None) -> str:
    """Return the median of the first recorded steps at which errors are at most `target`, and of how many they are."""
    firsts = [math.inf if error is None else min(error.index[error <= target], default=math.inf) for error in errors]
    median = spread(firsts)["median"]
    words = "never" if math.isinf(median) else "-" if math.isnan(median) else f"{median:g}"
    return f"{words} ({sum(map(math.isfinite, firsts))} of {len(firsts)})"


def _seeds(runs: Sequence[Run]) -> str:
    seeds, diverged = len({run.seed for run in runs}), sum(run.diverged for run in runs)
    twice = f" ({len(runs)} runs)" if len(runs) != seeds else ""
    return f"{seeds}{twice}{f', {diverged} diverged' if diverged else ''}"


def _value(quantity: Quantity, runs: Sequence[Run]) -> str:
    """Return the median and the quartiles of last values, and of which step they are where it is not the last."""
    low, median, high = spread(quantity.last(run) for run in runs)
    alike = low == high or math.isnan(median)
    steps = {end for run in runs for end in _ends([run], [quantity]) if end != run.last_step}
    return (
        _number(median)
        + ("" if alike else f" [{_number(low)}, {_number(high)}]")
        + (f" (step{'s' if len(steps) > 1 else ''} {_range(steps)})" if steps else "")
    )


def _ends(runs: Sequence[Run], known: Iterable[Quantity]) -> set[int]:
    """Return the steps at which what runs recorded of quantities ends; none of runs that diverged."""
    recorded = (quantity.series(run) for quantity in known for run in runs if not run.diverged)
    return {int(series.index[-1]) for series in recorded if series is not None}


def _range(steps: Iterable[int]) -> str:
    ordered = sorted(steps)
    return " to ".join(map(str, dict.fromkeys((ordered[0], ordered[-1])))) if ordered else "-"


def _number(value: float, form: str = "") -> str:
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "diverged"
    return format(value, form or (".3g" if 0.01 <= abs(value) < 100 else ".2e"))


# ----- remarks


def remarks(comparison: Comparison) -> list[str]:
    """Return what is to be said of a comparison: what it can conclude, what is suspected, what is not counted."""
    missing = []
    if comparison.quantities and not comparison.variables:
        residuals = any(quantity.kind == "residuals" for quantity in comparison.quantities)
        missing = [NO_REFERENCE] if residuals else [NO_REFERENCE, NO_RESIDUALS]
    uncounted = [
        f"not counted: {comparison.title}: {run.label}: {reason} ({run.folder})" for run, reason in comparison.uncounted
    ]
    return [*missing, *suspicions(comparison), *comparison.notes, *uncounted]


def suspicions(comparison: Comparison) -> list[str]:
    """Return a line for each suspicion of a loss, with the number of its runs that raise it."""
    lines = []
    for loss, runs in comparison.groups.items():
        found: dict[str, list[str]] = {}
        for what, why in (suspicion for run in runs for suspicion in suspect(run)):
            found.setdefault(what, []).append(why)
        for what, raised in found.items():
            times = f" ({len(raised)} of {len(runs)} runs)" if len(runs) > 1 else ""
            lines.append(f"suspicious: {loss}: {what}{times}: {raised[0]}")
    return lines


def _notes(run: Run) -> list[str]:
    before = ["the loss terms are not known: the host records those before L-BFGS"] if run.by_lbfgs else []
    return [*([f"{run.status}, {run.reason}"] if run.reason else []), *before, *_natural_gradients(run), *run.notes]


def _natural_gradients(run: Run) -> Iterator[str]:
    """Yield what natural gradients say of their last step, if they took the run's last one."""
    if run.optimizers[-1:] != ("NaturalGradient",):
        return
    last = {name: series.iloc[-1] for name, series in run.natural_gradients.items()}
    if {"rows", "parameters", "primal", "damping", "accepted", "refused"} <= last.keys():
        adaptive = f", {last['adaptive']:.0%} of the points where residuals are large" if "adaptive" in last else ""
        yield (
            f"natural gradients: the {'primal' if last['primal'] else 'dual'} system, {last['rows']:.0f} rows by "
            f"{last['parameters']:.0f} parameters{adaptive}; {last['accepted']:.0f} steps accepted, "
            f"{last['refused']:.0f} tries refused, damping {last['damping']:.1e}"
        )


def suspect(run: Run) -> Iterator[tuple[str, str]]:
    """Yield what is suspected of a run, and what it is seen by and may mean; nothing of one that looks as it should."""
    largest = max((float(series.abs().max()) for series in run.losses.values()), default=math.inf)
    eps = _option(run, EPS.default, EPS.name)
    temperature = _option(run, TEMPERATURE.default, TEMPERATURE.alias, TEMPERATURE.name)
    still = all(len(series) >= FEW and ((series - 1).abs() <= ONE).all() for series in run.weights.values())
    if len(run.weights) > 1 and still and largest <= eps / temperature:
        yield (
            "all weights stay 1 because the losses are tiny",
            f"none is above {largest:.2g}, and below eps / temperature = {eps / temperature:.2g} the balancing does "
            "not see their ratios; scale the equations, or lower eps",
        )
    for name, series in run.losses.items():
        zeros = series[series == 0]
        if len(zeros):
            yield (
                f"loss term {name} is exactly 0",
                f"at {len(zeros)} of {len(series)} recorded steps, first at step {zeros.index[0]}; it has no points "
                "there, or the network meets it by how it is made",
            )
        largest = float(series.abs().max(skipna=False))
        if len(series) >= FEW and 0 < largest < math.inf and np.ptp(series) <= STILL * largest:
            yield (
                f"loss term {name} never moves",
                f"it stays within {STILL:.0%} of {series.iloc[0]:.3g}; no parameter acts on it, or its weight is too "
                "small",
            )


def _option(run: Run, default: float, *names: str) -> float:
    """Return a number of the loss in the run's config under the first of its names that has one, or its default."""
    given = [select(run.config, f"loss.{name}") for name in names]
    return next((float(value) for value in given if isinstance(value, int | float) and value > 0), default)
