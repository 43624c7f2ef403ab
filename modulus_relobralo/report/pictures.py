"""Figures of fields over planes: values, and errors in per cent of the largest exact value on one scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from modulus_relobralo.figure_style import (
    DIFFERENCES,
    SIZES,
    SMALL,
    VALUES,
    WIDTH,
    bare,
    new_figure,
    plain,
    save,
    set_title,
)
from modulus_relobralo.report.comparison import last_error
from modulus_relobralo.report.fields import Column, Field, Plane, planes
from modulus_relobralo.report.runs import Run

COLUMNS = 3
# Of errors on one scale: smaller ones are drawn as if they had this part of the largest.
DECADES = 3
# Inches: of the square of a panel in rows of so many, and of what stands around it. No higher than there is width for,
# or the bars of colours would be higher than the squares beside them.
SQUARE, AROUND = {1: 1.9, 2: 1.9, 3: 1.6}, 1.0
PER_CENT = "% of the largest exact value"


@dataclass(frozen=True, eq=False)
class Scale:
    """Colours and the values that they stand for: what panels share, with one bar for all of them."""

    label: str
    colours: str
    norm: Normalize


@dataclass(frozen=True)
class Picture:
    """Values at the points of a field, with a title."""

    title: str
    field: Field
    values: Column
    scale: Scale


Rows = list[list[tuple[Picture, Plane]]]


def pictures_of(groups: Mapping[str, Sequence[Run]], known: Mapping[str, str]) -> list[tuple[str, Rows]]:
    """Return rows of pictures by variable: a row for each plane.

    Of a run they are the exact and the predicted field and the difference; of several the exact field, and of each
    loss the size of the error in the run with the median error, all on one scale. Of an inferencer they are what the
    first run of each loss predicts. `known` are units.
    """
    runs = [run for some in groups.values() for run in some]
    found = []
    for variable in dict.fromkeys(name for run in runs for name in run.fields):
        label = with_unit(variable, known)
        medians = {loss: run for loss, some in groups.items() if (run := _median_run(some, variable))}
        found.append(
            (variable, _of_run(runs[0], variable, label) if len(runs) == 1 else _of_errors(medians, variable, label))
        )
    for variable in dict.fromkeys(name for run in runs for name in run.predictions):
        drawable = {
            loss: [run for run in some if _drawable(run.predictions, variable)] for loss, some in groups.items()
        }
        firsts = {loss: some[0].predictions[variable] for loss, some in drawable.items() if some}
        scale = _of_values(with_unit(variable, known), *(field.predicted for field in firsts.values()))
        titles = [*firsts] if len(runs) > 1 else ["predicted"] * len(firsts)
        found.append(
            (variable, _rows([Picture(t, f, f.predicted, scale) for t, f in zip(titles, firsts.values(), strict=True)]))
        )
    return [(variable, rows) for variable, rows in found if rows]


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
    error = Scale(PER_CENT, DIFFERENCES, Normalize(-largest, largest))
    both = Picture("exact", field, field.exact, scale), Picture(title, field, field.predicted, scale)
    return _rows([*both, Picture("predicted - exact", field, difference, error)])


def _of_errors(runs: Mapping[str, Run], variable: str, label: str) -> Rows:
    """Return the exact field, and the size of the error of each run."""
    fields = {loss: run.fields[variable] for loss, run in runs.items() if _drawable(run.fields, variable)}
    if not fields:
        return []
    sizes = {loss: _per_cent(np.abs(field.predicted - field.exact), field) for loss, field in fields.items()}
    largest, first = max(float(size.max()) for size in sizes.values()) or 1.0, next(iter(fields.values()))
    scale = Scale(PER_CENT, SIZES, LogNorm(largest * 10.0**-DECADES, largest, clip=True))
    pictures = [Picture("exact\n", first, first.exact, _of_values(label, first.exact))]
    for loss, field in fields.items():
        title = f"{loss}\nerror {100 * field.relative_error:.3g} %{_when(field, runs[loss])}"
        pictures.append(Picture(title, field, sizes[loss], scale))
    return _rows(pictures)


def _median_run(runs: Sequence[Run], variable: str) -> Run | None:
    """Return the run with the median error; of an even number, the better of the two in the middle."""
    counted = [run for run in runs if not math.isnan(last_error(run, variable))]
    counted.sort(key=lambda run: last_error(run, variable))
    found = counted[(len(counted) - 1) // 2] if counted else None
    return found if found and not found.diverged else None


def _rows(pictures: Sequence[Picture]) -> Rows:
    """Return a row of pictures for each plane of the first; the points of others may span fewer planes."""
    found = [(picture, planes(picture.field.coordinates)) for picture in pictures]
    count = len(found[0][1]) if found else 0
    return [[(picture, known[number]) for picture, known in found if number < len(known)] for number in range(count)]


def draw_pictures(path: Path, title: str, rows: Rows, known: Mapping[str, str]) -> Path:
    """Write a figure of pictures to `path` and return it; each row begins a new line of panels."""
    lines = [row[first : first + COLUMNS] for row in rows for first in range(0, len(row), COLUMNS)]
    columns = max(map(len, lines))
    heights = [max(_height(plane, columns) for _, plane in line) for line in lines]
    figure = new_figure(WIDTH if columns > 1 else WIDTH * 0.6, 0.4 + sum(heights))
    panels = figure.subplots(len(lines), columns, squeeze=False, gridspec_kw={"height_ratios": heights})
    for line, axes in zip(lines, panels, strict=True):
        for ax in axes[len(line) :]:
            ax.remove()
        drawn = [
            (picture.scale, ax, _draw(ax, picture, plane, known))
            for (picture, plane), ax in zip(line, axes, strict=False)
        ]
        # One bar for neighbours of one scale.
        for scale, alike in groupby(drawn, key=lambda entry: entry[0]):
            _, beside, values = zip(*alike, strict=True)
            _draw_bar(figure, scale, beside, np.concatenate(values))
    set_title(figure, title)
    return save(figure, path)


def with_unit(name: str, known: Mapping[str, str]) -> str:
    """Return a name with its unit, where that is known."""
    return f"{name} [{known[name]}]" if name in known else name


def _when(field: Field, run: Run) -> str:
    """Return of which step a field is, if that is not the last of its run."""
    return "" if field.step in (None, run.last_step) else f" (step {field.step})"


def _drawable(fields: Mapping[str, Field], variable: str) -> Field | None:
    """Return a field that is finite, over a plane and, where there are exact values, not 0 everywhere."""
    field = fields.get(variable)
    if field is None or (field.exact.size and not np.any(field.exact)):
        return None
    return field if np.isfinite(field.predicted).all() and planes(field.coordinates) else None


def _of_values(label: str, *values: Column) -> Scale:
    """Return the scale of values as they are."""
    every = np.concatenate([*values, []])
    return Scale(label, VALUES, Normalize(every.min(initial=math.inf), every.max(initial=-math.inf)))


def _per_cent(difference: Column, field: Field) -> Column:
    """Return a difference in per cent of the largest exact value, which is not 0."""
    return 100 * difference / float(np.abs(field.exact).max())


def _draw(ax: Axes, picture: Picture, plane: Plane, known: Mapping[str, str]) -> Column:
    """Draw a picture over a plane, and return the values there."""
    scale, values = picture.scale, picture.values[plane.rows]
    ax.tripcolor(plane.x, plane.y, values, cmap=scale.colours, norm=scale.norm, shading="gouraud")
    where = f" at {plane.at}" if plane.at else ""
    ax.set_title(plain(f"{picture.title}{where}"), fontsize=SMALL, loc="left")
    ax.set_xlabel(plain(with_unit(plane.names[0], known)), fontsize=SMALL)
    ax.set_ylabel(plain(with_unit(plane.names[1], known)), fontsize=SMALL)
    ax.set_aspect("equal" if plane.of_lengths else "auto")
    bare(ax)
    return values


def _draw_bar(figure: Figure, scale: Scale, beside: Sequence[Axes], values: Column) -> None:
    """Draw the bar of a scale, with an arrow where values lie beyond it."""
    beyond = (values.min() < scale.norm.vmin, values.max() > scale.norm.vmax)
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get(beyond, "neither")
    bar = figure.colorbar(beside[0].collections[0], ax=beside, shrink=0.9, pad=0.02, extend=extend)
    bar.set_label(plain(scale.label), fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)


def _height(plane: Plane, columns: int) -> float:
    ratio = float(np.ptp(plane.y) / np.ptp(plane.x)) if plane.of_lengths else 1.0
    return AROUND + SQUARE[columns] * float(np.clip(ratio, 0.4, 2.0))
