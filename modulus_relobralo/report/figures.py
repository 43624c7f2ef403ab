"""The figures of a run and of a comparison: curves over the steps in panels of at most five lines, and fields."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from pandas import DataFrame

from modulus_relobralo import figure_style as style
from modulus_relobralo.report.comparison import BASELINE, Comparison, Quantity, band, last_error, quantities
from modulus_relobralo.report.fields import Column, Field, Plane, planes
from modulus_relobralo.report.runs import Run
from modulus_relobralo.report.settings import units

# Of panels beside each other: of curves, and of fields.
CURVES, FIELDS = 2, 3
# Of a panel of curves, in inches; a figure of one is a little lower than wide.
HEIGHT, ALONE = 2.9, 3.8
# Of the square of a field in rows of so many, and of what stands around it. No higher than there is width for, or the
# bars of colours would be higher than the squares beside them.
SQUARE, AROUND = {1: 1.9, 2: 1.9, 3: 1.6}, 1.0
# Of errors on one scale: smaller ones are drawn as if they had this part of the largest.
DECADES = 3
PER_CENT = "% of the largest exact value"
OF_QUANTITIES = {"error": "errors", "residuals": "residuals", "monitors": "monitors"}
"""The kinds with a panel for each quantity, by file."""
OF_TERMS = {"losses": "loss term", "weights": "weight"}
"""The kinds with a panel for each loss, and how their axis is called."""
TAKEN = {f"{name}.png" for name in (*OF_QUANTITIES, *OF_TERMS)}
"""Files of figures that are not of fields."""


class Line(NamedTuple):
    """A curve with its name: the median over the steps, and where there are several runs the quartiles."""

    name: str
    values: DataFrame
    colour: str = style.BASELINE


class Panel(NamedTuple):
    """Axes with a title, the label of their values, and lines."""

    title: str
    label: str
    lines: Sequence[Line]
    log: bool = True


class Scale(NamedTuple):
    """Colours and the values that they stand for: what panels share, with one bar for all of them."""

    label: str
    colours: str
    norm: Normalize


class Picture(NamedTuple):
    """Values at the points of a field, with a title."""

    title: str
    field: Field
    values: Column
    scale: Scale


Rows = list[list[tuple[Picture, Plane]]]


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
    for variable, rows in _pictures(groups, known):
        if rows:
            path = folder / file_name(variable, TAKEN | {path.name for path in paths})
            paths.append(_draw_rows(path, title, rows, known))
    return paths


# ----- curves


def _of_quantity(groups: Mapping[str, Sequence[Run]], quantity: Quantity) -> list[Panel]:
    """Return panels with a line for each loss, the plain sum in each."""
    recorded = {loss: [run for run in runs if quantity.series(run) is not None] for loss, runs in groups.items()}
    lines = [
        Line(f"{loss} ({len(runs)})" if len(runs) > 1 else loss, band(runs, *quantity))
        for loss, runs in sorted(recorded.items(), key=lambda entry: entry[0] != BASELINE)
        if runs
    ]
    first = lines[:1] if recorded.get(BASELINE) else []
    # At least one: of the plain sum alone.
    chunks = [*_chunks(lines[len(first) :], len(style.COLOURS) - len(first))] or [[]]
    return [Panel("", quantity.label, [*first, *_coloured(chunk)], quantity.lower_is_better) for chunk in chunks]


def _of_terms(groups: Mapping[str, Sequence[Run]], kind: str, label: str) -> list[Panel]:
    """Return panels for each loss with a line for each of its terms; a term has one colour in all of them."""
    # A run may lack a term that others have.
    terms = dict.fromkeys(term for runs in groups.values() for run in runs for term in getattr(run, kind))
    panels = []
    for loss, runs in groups.items():
        for chunk in _chunks([Line(term, band(runs, kind, term)) for term in terms], len(style.COLOURS)):
            panels.append(Panel(loss, label, [line for line in _coloured(chunk) if len(line.values)]))
    return [panel for panel in panels if panel.lines]


def _chunks(lines: Sequence[Line], size: int) -> Iterator[Sequence[Line]]:
    return (lines[first : first + size] for first in range(0, len(lines), size))


def _coloured(lines: Sequence[Line]) -> list[Line]:
    return [line._replace(colour=colour) for line, colour in zip(lines, style.COLOURS, strict=False)]


def _draw_panels(path: Path, title: str, panels: Sequence[Panel], share: bool) -> Path:
    """Write a figure of `panels` to `path` and return it; `share` gives all of them one scale."""
    columns = min(CURVES, len(panels))
    rows = -(-len(panels) // columns)
    figure = style.new_figure(style.WIDTH, HEIGHT * rows if columns > 1 else ALONE)
    axes = figure.subplots(rows, columns, squeeze=False, sharey=share).ravel()
    for ax, panel in zip(axes, panels, strict=False):
        for name, values, colour in panel.lines:
            ax.plot(values.index, values["median"], label=style.plain(name), color=colour, linewidth=1.5)
            # Matplotlib draws nothing at infinity: the band of diverged runs is open to the top.
            high = values["high"].clip(upper=float(np.finfo(np.float32).max))
            if (high > values["low"]).any():
                ax.fill_between(values.index, values["low"], high, alpha=0.15, color=colour, linewidth=0)
        style.finish_axes(ax, panel.label, panel.title, panel.log)
    for ax in axes[len(panels) :]:
        ax.remove()
    # The scale is known when all is drawn.
    for ax in axes[: len(panels)]:
        style.label_lines(ax)
    style.set_title(figure, title)
    return style.save(figure, path)


# ----- fields


def _pictures(groups: Mapping[str, Sequence[Run]], known: Mapping[str, str]) -> Iterator[tuple[str, Rows]]:
    """Yield each variable with its pictures, a row for each plane; `known` are units."""
    runs = [run for some in groups.values() for run in some]
    for variable in dict.fromkeys(name for run in runs for name in run.fields):
        label = _with_unit(variable, known)
        yield variable, _of_run(runs[0], variable, label) if len(runs) == 1 else _of_errors(groups, variable, label)
    for variable in dict.fromkeys(name for run in runs for name in run.predictions):
        firsts: dict[str, Field] = {}
        for loss, some in groups.items():
            for field in (run.predictions.get(variable) for run in some):
                if field and _drawable(field):
                    firsts.setdefault(loss if len(runs) > 1 else "predicted", field)
        scale = _of_values(_with_unit(variable, known), *(field.predicted for field in firsts.values()))
        yield variable, _rows([Picture(title, field, field.predicted, scale) for title, field in firsts.items()])


def _of_run(run: Run, variable: str, label: str) -> Rows:
    """Return the exact and the predicted field and the difference; of an exact one that is 0 the predicted one only."""
    field = run.fields[variable]
    if not np.isfinite(field.predicted).all():
        return []
    title, scale = f"predicted{_when(field, run)}", _of_values(label, field.exact)
    if not np.any(field.exact):
        return _rows([Picture(title, field, field.predicted, _of_values(label, field.predicted))])
    difference = _per_cent(field.predicted - field.exact, field)
    largest = float(np.abs(difference).max()) or 1.0
    error = Scale(PER_CENT, style.DIFFERENCES, Normalize(-largest, largest))
    both = Picture("exact", field, field.exact, scale), Picture(title, field, field.predicted, scale)
    return _rows([*both, Picture("predicted - exact", field, difference, error)])


def _of_errors(groups: Mapping[str, Sequence[Run]], variable: str, label: str) -> Rows:
    """Return the exact field, and of each loss the size of the error in the run with the median one, on one scale."""
    medians = {loss: run for loss, runs in groups.items() if (run := _median_run(runs, variable))}
    fields = {loss: run.fields[variable] for loss, run in medians.items() if _drawable(run.fields[variable])}
    if not fields:
        return []
    sizes = {loss: _per_cent(np.abs(field.predicted - field.exact), field) for loss, field in fields.items()}
    largest, first = max(float(size.max()) for size in sizes.values()) or 1.0, next(iter(fields.values()))
    scale = Scale(PER_CENT, style.SIZES, LogNorm(largest * 10.0**-DECADES, largest, clip=True))
    pictures = [Picture("exact\n", first, first.exact, _of_values(label, first.exact))]
    for loss, field in fields.items():
        title = f"{loss}\nerror {100 * field.relative_error:.3g} %{_when(field, medians[loss])}"
        pictures.append(Picture(title, field, sizes[loss], scale))
    return _rows(pictures)


def _median_run(runs: Sequence[Run], variable: str) -> Run | None:
    """Return the run with the median error; of an even number, the better of the two in the middle."""
    errors = [(last_error(run, variable), number) for number, run in enumerate(runs)]
    counted = sorted(entry for entry in errors if not math.isnan(entry[0]))
    found = runs[counted[(len(counted) - 1) // 2][1]] if counted else None
    return found if found and not found.diverged else None


def _drawable(field: Field) -> bool:
    """Tell whether a field is finite, over a plane and, where there are exact values, not 0 everywhere."""
    zero = field.exact.size and not np.any(field.exact)
    return not zero and bool(np.isfinite(field.predicted).all() and planes(field.coordinates))


def _rows(pictures: Sequence[Picture]) -> Rows:
    """Return a row of pictures for each plane of the first; the points of others may span fewer planes."""
    found = [(picture, planes(picture.field.coordinates)) for picture in pictures]
    count = len(found[0][1]) if found else 0
    return [[(picture, spanned[n]) for picture, spanned in found if n < len(spanned)] for n in range(count)]


def _with_unit(name: str, known: Mapping[str, str]) -> str:
    return f"{name} [{known[name]}]" if name in known else name


def _when(field: Field, run: Run) -> str:
    """Return of which step a field is, if that is not the last of its run."""
    return "" if field.step in (None, run.last_step) else f" (step {field.step})"


def _of_values(label: str, *values: Column) -> Scale:
    every = np.concatenate([*values, []])
    return Scale(label, style.VALUES, Normalize(every.min(initial=math.inf), every.max(initial=-math.inf)))


def _per_cent(difference: Column, field: Field) -> Column:
    """Return a difference in per cent of the largest exact value, which is not 0."""
    return 100 * difference / float(np.abs(field.exact).max())


def _draw_rows(path: Path, title: str, rows: Rows, known: Mapping[str, str]) -> Path:
    """Write a figure of pictures to `path` and return it; each row begins a new line of panels."""
    lines = [row[first : first + FIELDS] for row in rows for first in range(0, len(row), FIELDS)]
    columns = max(map(len, lines))
    heights = [max(_height(plane, columns) for _, plane in line) for line in lines]
    figure = style.new_figure(style.WIDTH if columns > 1 else style.WIDTH * 0.6, 0.4 + sum(heights))
    panels = figure.subplots(len(lines), columns, squeeze=False, gridspec_kw={"height_ratios": heights})
    for line, axes in zip(lines, panels, strict=True):
        for ax in axes[len(line) :]:
            ax.remove()
        drawn = [(entry[0].scale, ax, _draw(ax, *entry, known)) for entry, ax in zip(line, axes, strict=False)]
        # One bar for neighbours of one scale.
        for _, alike in groupby(drawn, key=lambda entry: id(entry[0])):
            (scale, *_), beside, values = zip(*alike, strict=True)
            _draw_bar(figure, scale, beside, np.concatenate(values))
    style.set_title(figure, title)
    return style.save(figure, path)


def _draw(ax: Axes, picture: Picture, plane: Plane, known: Mapping[str, str]) -> Column:
    """Draw a picture over a plane, and return the values there."""
    scale, values = picture.scale, picture.values[plane.rows]
    ax.tripcolor(plane.x, plane.y, values, cmap=scale.colours, norm=scale.norm, shading="gouraud")
    where = f" at {plane.at}" if plane.at else ""
    ax.set_title(style.plain(f"{picture.title}{where}"), fontsize=style.SMALL, loc="left")
    ax.set_xlabel(style.plain(_with_unit(plane.names[0], known)), fontsize=style.SMALL)
    ax.set_ylabel(style.plain(_with_unit(plane.names[1], known)), fontsize=style.SMALL)
    ax.set_aspect("equal" if plane.of_lengths else "auto")
    style.bare(ax)
    return values


def _draw_bar(figure: Figure, scale: Scale, beside: Sequence[Axes], values: Column) -> None:
    """Draw the bar of a scale, with an arrow where values lie beyond it."""
    beyond = (values.min() < scale.norm.vmin, values.max() > scale.norm.vmax)
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get(beyond, "neither")
    bar = figure.colorbar(beside[0].collections[0], ax=beside, shrink=0.9, pad=0.02, extend=extend)
    bar.set_label(style.plain(scale.label), fontsize=style.SMALL)
    bar.ax.tick_params(labelsize=style.SMALL)


def _height(plane: Plane, columns: int) -> float:
    ratio = float(np.ptp(plane.y) / np.ptp(plane.x)) if plane.of_lengths else 1.0
    return AROUND + SQUARE[columns] * float(np.clip(ratio, 0.4, 2.0))
