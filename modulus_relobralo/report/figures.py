"""The figures of a run and of a comparison: curves over the steps in panels of at most five lines, and fields."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from pandas import DataFrame

from modulus_relobralo.figure_style import BASELINE as BLACK
from modulus_relobralo.figure_style import (
    COLOURS,
    WIDTH,
    finish_axes,
    label_lines,
    new_figure,
    plain,
    save,
    set_title,
)
from modulus_relobralo.report.comparison import BASELINE, Comparison, Quantity, band, quantities
from modulus_relobralo.report.pictures import draw_pictures, pictures_of
from modulus_relobralo.report.runs import Run
from modulus_relobralo.report.settings import units

COLUMNS = 2
# Of a panel, in inches; a figure of one is a little lower than wide.
HEIGHT, ALONE = 2.9, 3.8
OF_QUANTITIES = {"error": "errors", "residuals": "residuals", "monitors": "monitors"}
"""The kinds with a panel for each quantity, by file."""
OF_TERMS = {"losses": "loss term", "weights": "weight"}
"""The kinds with a panel for each loss, and how their axis is called."""
TAKEN = {f"{name}.png" for name in (*OF_QUANTITIES, *OF_TERMS)}
"""Files of figures that are not of fields."""
T = TypeVar("T")


class Line(NamedTuple):
    """A curve with its name: the median over the steps, and where there are several runs the quartiles."""

    name: str
    values: DataFrame
    colour: str


class Panel(NamedTuple):
    """Axes with a title, the label of their values, and lines."""

    title: str
    label: str
    lines: Sequence[Line]
    log: bool = True


def plot_run(run: Run, folder: Path | str | None = None) -> list[Path]:
    """Write the figures of `run` into `folder` (default: the run's own), and return their paths.

    They are those of `plot_comparison`; ``<variable>.png`` shows the exact and the predicted field and their
    difference, or of an inferencer the predicted one.
    """
    return _plot({run.scheme: [run]}, f"{run.problem}, {run.label}", Path(folder or run.folder))


def plot_comparison(comparison: Comparison, folder: Path | str) -> list[Path]:
    """Write the figures of `comparison` into `folder`, and return their paths.

    ``error.png`` shows the errors over the steps, ``residuals.png`` and ``monitors.png`` what monitors recorded,
    ``losses.png`` the loss terms, ``weights.png`` the weights: the median over the seeds as a line, the quartiles as
    a band. ``<variable>.png`` shows the exact field, and of each loss the error of the run with the median error; of
    an inferencer what the first run of each predicts. What no run recorded is left out, and so are fields at points
    that span no plane.
    """
    return _plot(comparison.groups, comparison.title, Path(folder))


def file_name(name: str, taken: Container[str]) -> str:
    """Return the name of the figure of a variable, without what leads out of its folder; none of those `taken`."""
    safe = re.sub(r"[^\w.-]", "_", name)[:100].lstrip(".") or "field"
    while f"{safe}.png" in taken:
        safe = f"field_{safe}"
    return f"{safe}.png"


def _plot(groups: Mapping[str, Sequence[Run]], title: str, folder: Path) -> list[Path]:
    runs = [run for some in groups.values() for run in some]
    panels = {
        file: [panel for quantity in quantities(runs, [kind]) for panel in _of_quantity(groups, quantity)]
        for file, kind in OF_QUANTITIES.items()
    }
    panels |= {kind: _of_terms(groups, kind, label) for kind, label in OF_TERMS.items()}
    # What monitors record has scales of its own.
    paths = [_draw_panels(folder / f"{n}.png", title, some, n != "monitors") for n, some in panels.items() if some]
    known = units(runs[0].config) if runs else {}
    for variable, rows in pictures_of(groups, known):
        path = folder / file_name(variable, TAKEN | {path.name for path in paths})
        paths.append(draw_pictures(path, title, rows, known))
    return paths


def _of_quantity(groups: Mapping[str, Sequence[Run]], quantity: Quantity) -> list[Panel]:
    """Return panels with a line for each loss, the plain sum in each."""
    recorded = {loss: [run for run in runs if quantity.series(run) is not None] for loss, runs in groups.items()}
    lines = [
        Line(f"{loss} ({len(runs)})" if len(runs) > 1 else loss, band(runs, *quantity), BLACK)
        for loss, runs in sorted(recorded.items(), key=lambda entry: entry[0] != BASELINE)
        if runs
    ]
    first = lines[:1] if recorded.get(BASELINE) else []
    # At least one: of the plain sum alone.
    chunks = [*_chunks(lines[len(first) :], len(COLOURS) - len(first))] or [[]]
    return [Panel("", quantity.label, [*first, *_coloured(chunk)], quantity.lower_is_better) for chunk in chunks]


def _of_terms(groups: Mapping[str, Sequence[Run]], kind: str, label: str) -> list[Panel]:
    """Return panels for each loss with a line for each of its terms; a term has one colour in all of them."""
    # A run may lack a term that others have.
    terms = dict.fromkeys(term for runs in groups.values() for run in runs for term in getattr(run, kind))
    panels = []
    for loss, runs in groups.items():
        for chunk in _chunks([*terms], len(COLOURS)):
            lines = _coloured([Line(term, band(runs, kind, term), "") for term in chunk])
            panels.append(Panel(loss, label, [line for line in lines if len(line.values)]))
    return [panel for panel in panels if panel.lines]


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[first : first + size] for first in range(0, len(items), size))


def _coloured(lines: Sequence[Line]) -> list[Line]:
    return [line._replace(colour=colour) for line, colour in zip(lines, COLOURS, strict=False)]


def _draw_panels(path: Path, title: str, panels: Sequence[Panel], share: bool) -> Path:
    """Write a figure of `panels` to `path` and return it; `share` gives all of them one scale."""
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(WIDTH, HEIGHT * rows if columns > 1 else ALONE)
    axes = figure.subplots(rows, columns, squeeze=False, sharey=share).ravel()
    for ax, panel in zip(axes, panels, strict=False):
        for name, values, colour in panel.lines:
            ax.plot(values.index, values["median"], label=plain(name), color=colour, linewidth=1.5)
            # Matplotlib draws nothing at infinity: the band of diverged runs is open to the top.
            high = values["high"].clip(upper=float(np.finfo(np.float32).max))
            if (high > values["low"]).any():
                ax.fill_between(values.index, values["low"], high, alpha=0.15, color=colour, linewidth=0)
        finish_axes(ax, panel.label, panel.title, panel.log)
    for ax in axes[len(panels) :]:
        ax.remove()
    # The scale is known when all is drawn.
    for ax in axes[: len(panels)]:
        label_lines(ax)
    set_title(figure, title)
    return save(figure, path)
