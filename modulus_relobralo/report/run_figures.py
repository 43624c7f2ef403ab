"""The figures of a run, those of the article: loss terms, weights and fields, and what else it recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modulus_relobralo.report.field_figures import (
    PER_CENT,
    Picture,
    draw_pictures,
    of_differences,
    of_values,
    per_cent,
    with_unit,
)
from modulus_relobralo.report.figures import file_name
from modulus_relobralo.report.line_figures import Line, Panel, coloured, draw_panels
from modulus_relobralo.report.planes import planes
from modulus_relobralo.report.run import Field, Prediction, Run
from modulus_relobralo.report.settings import in_words, units

SERIES = {"losses": "loss term", "weights": "weight", "residuals": "residual (RMS)", "monitors": ""}
"""What has a figure of its own over the steps, and how its axis is called; of monitors the title says it."""


def plot_run(run: Run, folder: Path | str | None = None) -> list[Path]:
    """Write the figures of `run` into `folder` (default: the run's own), and return their paths.

    ``losses.png`` shows the loss terms over the steps, ``weights.png`` the weights, ``residuals.png`` and
    ``monitors.png`` what monitors recorded, and ``<variable>.png`` the exact and the predicted field and their
    difference, or of an inferencer the predicted one. What the run did not record is left out, and so are fields at
    points that span no plane.
    """
    folder = Path(folder or run.folder)
    title = in_words(f"{run.problem}, {run.label}")
    paths = []
    for kind, label in SERIES.items():
        lines = [Line(name, series) for name, series in getattr(run, kind).items()]
        if lines:
            panels = apart(lines) if kind == "monitors" else coloured(lines, Panel("", label))
            paths.append(draw_panels(folder / f"{kind}.png", title, panels, share=kind != "monitors"))
    recorded: list[tuple[str, Field | Prediction]] = [*run.fields.items(), *run.predictions.items()]
    for variable, field in recorded:
        rows = _pictures(variable, field, units(run.config))
        if rows:
            taken = {*(f"{kind}.png" for kind in SERIES), *(path.name for path in paths)}
            paths.append(draw_pictures(folder / file_name(variable, taken), title, rows, units(run.config)))
    return paths


def apart(lines: list[Line]) -> list[Panel]:
    """Return a panel for each line: monitors have scales of their own, and may be negative."""
    return [panel for line in lines for panel in coloured([line], Panel(line.name, "", log=False))]


def _pictures(variable: str, field: Field | Prediction, known: dict[str, str]) -> list[list[Picture]]:
    """Return a row for each plane: exact, predicted and the difference; without an exact field the predicted one."""
    if not np.isfinite(field.predicted).all():
        return []
    exact = field.exact if isinstance(field, Field) and np.any(field.exact) else None
    label = with_unit(variable, known)
    scale = of_values(label, field.predicted) if exact is None else of_values(label, exact)
    rows = []
    for plane in planes(field.coordinates):
        at = f" at {plane.at}" if plane.at else ""
        predicted = Picture(f"predicted{at}", plane, field.predicted[plane.rows], scale)
        if exact is None:
            rows.append([predicted])
            continue
        difference = per_cent(field.predicted - exact, exact)[plane.rows]
        error = of_differences(PER_CENT, difference)
        rows.append(
            [
                Picture(f"exact{at}", plane, exact[plane.rows], scale),
                predicted,
                Picture("predicted - exact", plane, difference, error),
            ]
        )
    return rows
