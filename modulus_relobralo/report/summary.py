"""A comparison as rows of text: each variant's errors, and its time."""

from __future__ import annotations

import math

from modulus_relobralo.report.comparison import Comparison, why_uncounted
from modulus_relobralo.report.spread import Spread, spread
from modulus_relobralo.report.tables import Row, print_lines, print_rows
from modulus_relobralo.report.variant import Variant


def summarize(comparison: Comparison, target: float | None = None) -> list[Row]:
    """Return one row per variant: its errors as median and quartiles over the runs, and its time.

    Several variables have columns of their own.

    Parameters
    ----------
    comparison : Comparison
        Of any number of variants.
    target : float, optional
        A relative L2 error; adds the steps that it took to reach it.
    """
    if not comparison.variables:
        return []
    return [_row(comparison, variant, target) for variant in comparison.variants]


def print_summary(comparison: Comparison, target: float | None = None) -> None:
    """Print the rows of `summarize`, and below them what is to be said of them and of the runs that are in none."""
    print_rows(summarize(comparison, target), comparison.title)
    print_lines([*comparison.notes, *list_uncounted(comparison)])


def list_uncounted(comparison: Comparison) -> list[str]:
    """Return a line for each run that is in no variant: which, where and why."""
    return [
        f"not counted: {comparison.title}: {run.label}: {why_uncounted(run)} ({run.folder})"
        for run in comparison.uncounted
    ]


def _row(comparison: Comparison, variant: Variant, target: float | None) -> Row:
    row = {"loss": variant.label, "seeds": _seeds(variant), "at step": _last_steps(variant)}
    for variable in comparison.variables:
        row.update(_of_variable(comparison, variant, variable))
    seconds = variant.step_seconds
    row["ms per step"] = "-" if math.isnan(seconds) else f"{seconds * 1e3:.1f}"
    for variable in comparison.variables if target is not None else ():
        steps = variant.steps_to(target or 0.0, variable)
        reached = sum(map(math.isfinite, steps))
        name = f"steps to {target:g}" + _suffix(comparison, variable)
        row[name] = f"{_number(spread(steps).median, 'g')} ({reached} of {len(steps)})"
    return row


def _of_variable(comparison: Comparison, variant: Variant, variable: str) -> Row:
    suffix = _suffix(comparison, variable)
    error = comparison.ratio(variant, variable, lambda entry: entry.errors(variable))
    square = comparison.ratio(variant, variable, lambda entry: entry.mean_squares(variable))
    return {
        f"relative L2 error of {variable}": _spread(spread(variant.errors(variable))),
        f"error / sum{suffix}": _number(error),
        f"mean squared error (MSE){suffix}": _spread(spread(variant.mean_squares(variable))),
        f"MSE / sum{suffix}": _number(square),
    }


def _suffix(comparison: Comparison, variable: str) -> str:
    return f", {variable}" if len(comparison.variables) > 1 else ""


def _seeds(variant: Variant) -> str:
    text = str(len(variant.seeds))
    if len(variant.runs) != len(variant.seeds):
        text += f" ({len(variant.runs)} runs)"
    return text + (f", {variant.diverged} diverged" if variant.diverged else "")


def _last_steps(variant: Variant) -> str:
    ends = {int(error.steps[-1]) for run in variant.runs if not run.diverged for error in run.errors.values()}
    return " to ".join(map(str, dict.fromkeys((min(ends), max(ends))))) if ends else "-"


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
