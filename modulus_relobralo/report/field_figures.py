"""Figures of fields: values over a plane, and errors in per cent of the exact maximum on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from modulus_relobralo.report.figures import (
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
from modulus_relobralo.report.planes import Plane

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
    values: NDArray[np.float64]
    scale: Scale


def of_values(label: str, *values: NDArray[np.float64]) -> Scale:
    """Return the scale of values as they are."""
    low, high = min(float(entry.min()) for entry in values), max(float(entry.max()) for entry in values)
    return Scale(label, VALUES, Normalize(low, high))


def of_differences(label: str, *values: NDArray[np.float64]) -> Scale:
    """Return the scale of differences, whose middle is 0."""
    largest = max(float(np.abs(entry).max()) for entry in values) or 1.0
    return Scale(label, DIFFERENCES, Normalize(-largest, largest))


def of_sizes(label: str, *values: NDArray[np.float64]) -> Scale:
    """Return the scale of sizes that may be orders of magnitude apart."""
    largest = max(float(entry.max()) for entry in values) or 1.0
    return Scale(label, SIZES, LogNorm(largest * 10.0**-DECADES, largest, clip=True))


def per_cent(difference: NDArray[np.float64], exact: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a difference in per cent of the largest exact value, which is not 0."""
    return 100 * difference / float(np.abs(exact).max())


def draw_pictures(path: Path, title: str, rows: Sequence[Sequence[Picture]], units: Mapping[str, str]) -> Path:
    """Write a figure of pictures to `path` and return it; each row begins a new line of panels."""
    lines = [row[first : first + COLUMNS] for row in rows for first in range(0, len(row), COLUMNS)]
    columns = max(map(len, lines))
    heights = [max(_height(picture.plane, columns) for picture in line) for line in lines]
    figure = new_figure(WIDTH if columns > 1 else WIDTH * 0.6, 0.4 + sum(heights))
    axes = figure.subplots(len(lines), columns, squeeze=False, gridspec_kw={"height_ratios": heights})
    for line, panels in zip(lines, axes, strict=True):
        _draw_line(figure, line, panels, units)
    set_title(figure, title)
    return save(figure, path)


def _draw_line(figure: Figure, line: Sequence[Picture], panels: Sequence[Axes], units: Mapping[str, str]) -> None:
    for picture, ax in zip(line, panels, strict=False):
        _draw(ax, picture, units)
    for ax in panels[len(line) :]:
        ax.remove()
    # One bar for neighbours of one scale, at the last of them.
    for number, picture in enumerate(line):
        if number + 1 < len(line) and line[number + 1].scale is picture.scale:
            continue
        alike = [ax for ax, other in zip(panels, line, strict=False) if other.scale is picture.scale]
        image = panels[number].collections[0]
        extend = _beyond([other for other in line if other.scale is picture.scale])
        bar = figure.colorbar(image, ax=alike, shrink=0.9, pad=0.02, extend=extend)
        bar.set_label(plain(picture.scale.label), fontsize=SMALL)
        bar.ax.tick_params(labelsize=SMALL)


def _draw(ax: Axes, picture: Picture, units: Mapping[str, str]) -> None:
    plane = picture.plane
    ax.tripcolor(
        plane.x, plane.y, picture.values, cmap=picture.scale.colours, norm=picture.scale.norm, shading="gouraud"
    )
    ax.set_title(plain(picture.title), fontsize=SMALL, loc="left")
    ax.set_xlabel(with_unit(plane.names[0], units), fontsize=SMALL)
    ax.set_ylabel(with_unit(plane.names[1], units), fontsize=SMALL)
    ax.set_aspect("equal" if plane.of_lengths else "auto")
    bare(ax)


def with_unit(name: str, units: Mapping[str, str]) -> str:
    """Return a name with its unit, where that is known."""
    return plain(f"{name} [{units[name]}]" if name in units else name)


def _height(plane: Plane, columns: int) -> float:
    ratio = float(np.ptp(plane.y) / np.ptp(plane.x)) if plane.of_lengths else 1.0
    return AROUND + SQUARE[columns] * float(np.clip(ratio, 0.4, 2.0))


def _beyond(pictures: Sequence[Picture]) -> str:
    """Return at which ends of their colours pictures of one scale have values beyond it, in matplotlib's words."""
    norm = pictures[0].scale.norm
    below = any(picture.values.min() < norm.vmin for picture in pictures)
    above = any(picture.values.max() > norm.vmax for picture in pictures)
    return {(True, True): "both", (True, False): "min", (False, True): "max"}.get((below, above), "neither")
