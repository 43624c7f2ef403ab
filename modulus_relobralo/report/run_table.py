"""Runs side by side: a column for each, a row for each thing that is known of them."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Sequence

from modulus_relobralo.report.quantities import quantities
from modulus_relobralo.report.run import Run, Series
from modulus_relobralo.report.tables import Row, print_lines, print_rows

# So many runs stand side by side.
COLUMNS = 6


def print_table(runs: Sequence[Run]) -> None:
    """Print the runs side by side: steps, errors and the like, wall time and status, and below what is to be said."""
    labels = name_runs(runs)
    for first in range(0, len(runs), COLUMNS):
        some, names = runs[first : first + COLUMNS], labels[first : first + COLUMNS]
        print_rows(tabulate(some, names), " and ".join(dict.fromkeys(run.problem for run in some)))
    print_lines([f"{label}: {note}" for run, label in zip(runs, labels, strict=True) for note in _notes(run)])


def tabulate(runs: Sequence[Run], labels: Sequence[str]) -> list[Row]:
    """Return a row for each thing that is known of `runs`, which have a column each under `labels`."""
    variables = dict.fromkeys(variable for run in runs for variable in run.errors)
    terms = dict.fromkeys(term for run in runs for term in run.losses)
    errors = {name: [_number(_last(run.errors.get(name))) for run in runs] for name in variables}
    things = {
        "steps": [str(run.last_step) if run.last_step >= 0 else "-" for run in runs],
        **{f"relative L2 error of {name}": values for name, values in errors.items()},
        **{f"loss term {name}": [_number(run.last_loss(name)) for run in runs] for name in terms},
        **{
            quantity.label: [_number(_last(quantity.series(run))) for run in runs]
            for quantity in quantities(runs, ("residuals", "monitors"))
        },
        "wall time [s]": ["-" if math.isnan(run.seconds) else f"{run.seconds:.1f}" for run in runs],
        "status": [run.status for run in runs],
    }
    return [{"": thing, **dict(zip(labels, values, strict=True))} for thing, values in things.items()]


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


def _last(series: Series | None) -> float | None:
    return None if series is None else float(series.values[-1])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3e}"
