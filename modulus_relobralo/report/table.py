"""Runs side by side, as a table on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from modulus_relobralo.report.run import Run


def print_table(runs: Sequence[Run]) -> None:
    """Print one row per run: its status, errors, loss terms and wall time."""
    terms = list(dict.fromkeys(term for run in runs for term in run.losses))
    variables = list(dict.fromkeys(variable for run in runs for variable in run.errors))
    table = Table(title=" and ".join(dict.fromkeys(run.problem for run in runs)))
    table.add_column("loss")
    table.add_column("steps", justify="right")
    for variable in variables:
        table.add_column(f"relative L2 error of {variable}", justify="right")
    for term in terms:
        table.add_column(f"loss term {term}", justify="right")
    table.add_column("wall time [s]", justify="right")
    table.add_column("status")
    for run in runs:
        series = [run.errors.get(variable) for variable in variables] + [run.losses.get(term) for term in terms]
        last = [f"{entry.values[-1]:.3e}" if entry is not None else "-" for entry in series]
        table.add_row(run.label, str(run.last_step), *last, f"{run.seconds:.1f}", run.status)
    # Into a file or a pipe as wide as it needs.
    width = 60 + 20 * (len(terms) + len(variables))
    Console(width=None if Console().is_terminal else max(140, width)).print(table)
