"""A comparison as rows of text: on the terminal, and in Markdown."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from modulus_relobralo.report.comparison import Comparison, Variant, why_uncounted
from modulus_relobralo.report.comparison_figures import plot_comparison
from modulus_relobralo.report.spread import Spread, spread

FOOTNOTE = (
    "Errors are medians over the seeds, with the quartiles in brackets; ratios to `sum` are of the medians over the "
    "seeds that both have. The wall time of a step hangs on what else the machine did: for runs that did not take "
    "turns it is no measure of what a scheme costs."
)


def summarize(comparison: Comparison, target: float | None = None) -> list[dict[str, str]]:
    """Return one row per variant and variable: its errors as median and quartiles over the runs, and its time.

    Parameters
    ----------
    comparison : Comparison
        Of any number of variants.
    target : float, optional
        A relative L2 error; adds the steps that it took to reach it.
    """
    return [
        _row(comparison, variant, variable, target)
        for variable in comparison.variables
        for variant in comparison.variants
    ]


def print_summary(comparison: Comparison, target: float | None = None) -> None:
    """Print the rows of `summarize`, and below them the runs that are in no variant."""
    rows = summarize(comparison, target)
    console = Console(width=None if Console().is_terminal else 180)
    if rows:
        table = Table(title=comparison.title)
        for column in rows[0]:
            table.add_column(column, justify="left" if column == "loss" else "right")
        for row in rows:
            table.add_row(*row.values())
        console.print(table)
    for line in list_uncounted(comparison):
        console.print(line, soft_wrap=True)


def list_uncounted(comparison: Comparison) -> list[str]:
    """Return a line for each run that is in no variant: which, where and why."""
    return [
        f"not counted: {comparison.title}: {run.label}: {why_uncounted(run)} ({run.folder})"
        for run in comparison.uncounted
    ]


def write_report(
    comparisons: Sequence[Comparison], folder: Path, target: float | None = None, source: str = ""
) -> Path:
    """Write `comparisons` with their figures into `folder`, as ``report.md`` and PNG, and return the former.

    `source`, the command that made it for example, comes below the title.
    """
    lines = ["# Loss balancing schemes compared", "", *([source, ""] if source else [])]
    for comparison in comparisons:
        lines += [f"## {comparison.title}", "", *to_markdown(summarize(comparison, target)), ""]
        for path in plot_comparison(comparison, folder / _folder_name(comparison)):
            lines += [f"![{path.stem}]({path.relative_to(folder).as_posix()})", ""]
        if comparison.uncounted:
            lines += [*(f"- {line}" for line in list_uncounted(comparison)), ""]
    lines += [FOOTNOTE, ""]
    path = folder / "report.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines))
    return path


def to_markdown(rows: Sequence[dict[str, str]]) -> list[str]:
    """Return the lines of a Markdown table; no rows, no lines."""
    if not rows:
        return []
    return [
        "| " + " | ".join(rows[0]) + " |",
        "|" + " --- |" * len(rows[0]),
        *("| " + " | ".join(row.values()) + " |" for row in rows),
    ]


def _row(comparison: Comparison, variant: Variant, variable: str, target: float | None) -> dict[str, str]:
    row = {"loss": variant.label, "seeds": _seeds(variant), "at step": _last_steps(variant, variable)}
    row[f"relative L2 error of {variable}"] = _spread(spread(variant.errors(variable)))
    row["error / sum"] = _number(comparison.ratio(variant, lambda entry: entry.errors(variable)))
    row["mean squared error (MSE)"] = _spread(spread(variant.mean_squares(variable)))
    row["MSE / sum"] = _number(comparison.ratio(variant, lambda entry: entry.mean_squares(variable)))
    row["ms per step"] = f"{variant.step_seconds * 1e3:.1f}"
    if target is not None:
        steps = variant.steps_to(target, variable)
        reached = sum(map(math.isfinite, steps))
        row[f"steps to {target:g}"] = f"{_number(spread(steps).median, 'g')} ({reached} of {len(steps)})"
    return row


def _folder_name(comparison: Comparison) -> str:
    # Of the title, so that it stays the same whatever else is compared; short enough for every file system.
    return re.sub(r"[^\w.=-]+", "_", comparison.title)[:200]


def _seeds(variant: Variant) -> str:
    text = str(len(variant.seeds))
    if len(variant.runs) != len(variant.seeds):
        text += f" ({len(variant.runs)} runs)"
    return text + (f", {variant.diverged} diverged" if variant.diverged else "")


def _last_steps(variant: Variant, variable: str) -> str:
    steps = sorted({int(run.errors[variable].steps[-1]) for run in variant.runs if not run.diverged})
    return " to ".join(map(str, dict.fromkeys((steps[0], steps[-1])))) if steps else "-"


def _spread(values: Spread) -> str:
    if values.low == values.high:
        return _number(values.median)
    return f"{_number(values.median)} [{_number(values.low)}, {_number(values.high)}]"


def _number(value: float, form: str = ".2e") -> str:
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "never" if form == "g" else "diverged"
    return f"{value:.3g}" if form == ".2e" and 0.01 <= abs(value) < 100 else format(value, form)
