"""Figures of fields over planes: values, and errors in per cent of the largest exact value on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from modulus_relobralo.report.comparison import Comparison
from modulus_relobralo.report.fields import Column, Field, Plane, planes
from modulus_relobralo.report.runs import Run
from modulus_relobralo.report.settings import units

COLUMNS = 3
# Of errors on one scale: smaller ones are drawn as if they had this part of the largest.
DECADES = 3
# Inches: of the square of a panel in rows of so many, and of what stands around it. No higher than there is width for,
# or the bars of colours would be higher than the squares beside them.
SQUARE, AROUND = {1: 1.9, 2: 1.9, 3: 1.6}, 1.0
PER_CENT = "% of the largest exact value"


@dataclass(frozen=True)
class Scale:
    """Colours and the values that they stand for: what panels share, with one bar for all of them."""

    label: str
    colours: str
    norm: Normalize


@dataclass(frozen=True)
class Picture:
    """Values at the points of a plane, with a title."""

    title: str
    plane: Plane
    values: Column
    scale: Scale


Rows = list[list[Picture]]


def of_run(run: Run, variable: str, field: Field) -> Rows:
    """Return a row for each plane: exact, predicted and the difference; without an exact field the predicted one."""
    if not np.isfinite(field.predicted).all():
        return []
    label, predicted = with_unit(variable, units(run.config)), f"predicted{_when(field, run)}"
    if not np.any(field.exact):
        scale = _of_values(label, field.predicted)
        return [[_picture(predicted, plane, field.predicted, scale)] for plane in planes(field.coordinates)]
    scale, difference = _of_values(label, field.exact), _per_cent(field.predicted - field.exact, field.exact)
    rows = []
    for plane in planes(field.coordinates):
        largest = float(np.abs(difference[plane.rows]).max()) or 1.0
        error = Scale(PER_CENT, DIFFERENCES, Normalize(-largest, largest))
        rows.append(
            [
                _picture("exact", plane, field.exact, scale),
                _picture(predicted, plane, field.predicted, scale),
                Picture("predicted - exact", plane, difference[plane.rows], error),
            ]
        )
    return rows


def of_comparison(comparison: Comparison) -> list[tuple[str, Rows]]:
    """Return rows of pictures by variable, of all variants on one scale.

    Of a validator they are the exact field and the sizes of the errors, of each variant in the run with the median
    error; of an inferencer what each variant predicts in its first run. There is a row for each plane.
    """
    known = units(comparison.runs[0].config) if comparison.runs else {}
    found = []
    for variable in comparison.variables:
        runs = [(variant, variant.median_run(variable)) for variant in comparison.variants]
        drawn = [
            (f"{variant.label}\nerror {100 * field.relative_error:.3g} %{_when(field, run)}", field)
            for variant, run in runs
            if run and not run.diverged and (field := _drawable(run.fields, variable))
        ]
        if not drawn:
            continue
        sizes = [_per_cent(np.abs(field.predicted - field.exact), field.exact) for _, field in drawn]
        largest, first = max(float(size.max()) for size in sizes) or 1.0, drawn[0][1]
        shared = Scale(PER_CENT, SIZES, LogNorm(largest * 10.0**-DECADES, largest, clip=True))
        exact = _of_values(with_unit(variable, known), first.exact)
        entries = [(title, field, size) for (title, field), size in zip(drawn, sizes, strict=True)]
        rows = [
            [_picture("exact", plane, first.exact, exact, end="\n"), *_each(entries, number, shared)]
            for number, plane in enumerate(planes(first.coordinates))
        ]
        found.append((variable, rows))
    for variable in dict.fromkeys(name for run in comparison.runs for name in run.predictions):
        entries = [
            (f"{variant.label}\n", having[0], having[0].predicted)
            for variant in comparison.variants
            if (having := [field for run in variant.runs if (field := _drawable(run.predictions, variable))])
        ]
        if entries:
            shared = _of_values(with_unit(variable, known), *(values for *_, values in entries))
            count = len(planes(entries[0][1].coordinates))
            found.append((variable, [_each(entries, number, shared, say_where=True) for number in range(count)]))
    return found


def draw_pictures(path: Path, title: str, rows: Sequence[Sequence[Picture]], known: Mapping[str, str]) -> Path:
    """Write a figure of pictures to `path` and return it; each row begins a new line of panels."""
    lines = [row[first : first + COLUMNS] for row in rows for first in range(0, len(row), COLUMNS)]
    columns = max(map(len, lines))
    heights = [max(_height(picture.plane, columns) for picture in line) for line in lines]
    figure = new_figure(WIDTH if columns > 1 else WIDTH * 0.6, 0.4 + sum(heights))
    axes = figure.subplots(len(lines), columns, squeeze=False, gridspec_kw={"height_ratios": heights})
    for line, panels in zip(lines, axes, strict=True):
        _draw_line(figure, line, panels, known)
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


def _each(
    entries: Sequence[tuple[str, Field, Column]], number: int, scale: Scale, say_where: bool = False
) -> list[Picture]:
    """Return the picture of each field over its plane of that number; points may differ between runs."""
    found = []
    for title, field, values in entries:
        for plane in planes(field.coordinates)[number : number + 1]:
            where = f" at {plane.at}" if say_where and plane.at else ""
            found.append(Picture(f"{title}{where}", plane, values[plane.rows], scale))
    return found


def _picture(title: str, plane: Plane, values: Column, scale: Scale, end: str = "") -> Picture:
    return Picture(f"{title}{f' at {plane.at}' if plane.at else ''}{end}", plane, values[plane.rows], scale)


def _of_values(label: str, *values: Column) -> Scale:
    """Return the scale of values as they are."""
    low, high = min(float(entry.min()) for entry in values), max(float(entry.max()) for entry in values)
    return Scale(label, VALUES, Normalize(low, high))


def _per_cent(difference: Column, exact: Column) -> Column:
    """Return a difference in per cent of the largest exact value, which is not 0."""
    return 100 * difference / float(np.abs(exact).max())


def _draw_line(figure: Figure, line: Sequence[Picture], panels: Sequence[Axes], known: Mapping[str, str]) -> None:
    for picture, ax in zip(line, panels, strict=False):
        _draw(ax, picture, known)
    for ax in panels[len(line) :]:
        ax.remove()
    # One bar for neighbours of one scale, at the last of them.
    for number, picture in enumerate(line):
        if number + 1 < len(line) and line[number + 1].scale is picture.scale:
            continue
        alike = [(ax, other) for ax, other in zip(panels, line, strict=False) if other.scale is picture.scale]
        bar = figure.colorbar(
            panels[number].collections[0],
            ax=[ax for ax, _ in alike],
            shrink=0.9,
            pad=0.02,
            extend=_beyond([other for _, other in alike]),
        )
        bar.set_label(plain(picture.scale.label), fontsize=SMALL)
        bar.ax.tick_params(labelsize=SMALL)


def _draw(ax: Axes, picture: Picture, known: Mapping[str, str]) -> None:
    plane, scale = picture.plane, picture.scale
    ax.tripcolor(plane.x, plane.y, picture.values, cmap=scale.colours, norm=scale.norm, shading="gouraud")
    ax.set_title(plain(picture.title), fontsize=SMALL, loc="left")
    ax.set_xlabel(plain(with_unit(plane.names[0], known)), fontsize=SMALL)
    ax.set_ylabel(plain(with_unit(plane.names[1], known)), fontsize=SMALL)
    ax.set_aspect("equal" if plane.of_lengths else "auto")
    bare(ax)


def _height(plane: Plane, columns: int) -> float:
    ratio = float(np.ptp(plane.y) / np.ptp(plane.x)) if plane.of_lengths else 1.0
    return AROUND + SQUARE[columns] * float(np.clip(ratio, 0.4, 2.0))


def _beyond(pictures: Sequence[Picture]) -> str:
    """Return at which ends of their colours pictures of one scale have values beyond it, in matplotlib's words."""
    norm = pictures[0].scale.norm
    below = any(picture.values.min() < norm.vmin for picture in pictures)
    above = any(picture.values.max() > norm.vmax for picture in pictures)
    return {(True, True): "both", (True, False): "min", (False, True): "max"}.get((below, above), "neither")
