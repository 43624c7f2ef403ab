"""A comparison as rows of text: each variant's errors, or what there is without a reference, and its time."""

from __future__ import annotations

import math

from modulus_relobralo.report.comparison import Comparison, why_uncounted
from modulus_relobralo.report.conclusions import conclude
from modulus_relobralo.report.quantities import WITHOUT_REFERENCE, Quantity, quantities
from modulus_relobralo.report.spread import Spread, spread
from modulus_relobralo.report.suspicions import list_suspicions
from modulus_relobralo.report.tables import Row, print_lines, print_rows
from modulus_relobralo.report.variant import BASELINE, Variant


def summarize(comparison: Comparison, target: float | None = None) -> list[Row]:
    """Return one row per variant: its errors as median and quartiles over the runs, and its time.

    Several variables have columns of their own. Without a reference there is a row for each quantity that was
    recorded and a column for each variant, with the ratio to the plain sum in brackets.

    Parameters
    ----------
    comparison : Comparison
        Of any number of variants.
    target : float, optional
        A relative L2 error; adds the steps that it took to reach it.
    """
    if not comparison.variables:
        return _without_reference(comparison)
    return [_row(comparison, variant, target) for variant in comparison.variants]


def print_summary(comparison: Comparison, target: float | None = None) -> None:
    """Print the rows of `summarize`, and below them what is to be said of them and of the runs that are in none."""
    print_rows(summarize(comparison, target), comparison.title)
    print_lines(remarks(comparison))


def remarks(comparison: Comparison) -> list[str]:
    """Return what is to be said of a comparison: what it can conclude, what is suspected, what is not counted."""
    return [
        *conclude(comparison),
        *list_suspicions(comparison),
        *comparison.notes,
        *list_uncounted(comparison),
    ]


def list_uncounted(comparison: Comparison) -> list[str]:
    """Return a line for each run that is in no variant: which, where and why."""
    return [
        f"not counted: {comparison.title}: {run.label}: {why_uncounted(run, bool(comparison.variables))} ({run.folder})"
        for run in comparison.uncounted
    ]


def _row(comparison: Comparison, variant: Variant, target: float | None) -> Row:
    row = {"loss": variant.label, "seeds": _seeds(variant), "at step": _last_steps(variant)}
    for variable in comparison.variables:
        row.update(_of_variable(comparison, variant, variable))
    row["ms per step"] = _milliseconds(variant)
    for variable in comparison.variables if target is not None else ():
        steps = variant.steps_to(target or 0.0, variable)
        reached = sum(map(math.isfinite, steps))
        name = f"steps to {target:g}" + _suffix(comparison, variable)
        row[name] = f"{_number(spread(steps).median, 'g')} ({reached} of {len(steps)})"
    return row


def _without_reference(comparison: Comparison) -> list[Row]:
    variants, compared = comparison.variants, quantities(comparison.runs, WITHOUT_REFERENCE)
    if not compared:
        return []
    things = {
        "seeds": [_seeds(variant) for variant in variants],
        **{entry.label: [_of_quantity(comparison, variant, entry) for variant in variants] for entry in compared},
        "ms per step": [_milliseconds(variant) for variant in variants],
        "wall time [s]": [f"{spread(run.seconds for run in variant.runs).median:.1f}" for variant in variants],
    }
    labels = [variant.label for variant in variants]
    return [{"": thing, **dict(zip(labels, values, strict=True))} for thing, values in things.items()]


def _of_quantity(comparison: Comparison, variant: Variant, quantity: Quantity) -> str:
    values = _spread(spread(variant.values(quantity)))
    ratio = comparison.ratio_of(variant, quantity, lambda entry: entry.values(quantity))
    if math.isnan(ratio) or variant is comparison.baseline or not quantity.lower_is_better:
        return values
    return f"{values} ({_number(ratio)} of {BASELINE})"


def _milliseconds(variant: Variant) -> str:
    seconds = variant.step_seconds
    return "-" if math.isnan(seconds) else f"{seconds * 1e3:.1f}"


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
