"""Figures of curves over the steps: panels of at most five lines, each named where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from modulus_relobralo.report.figures import (
    BASELINE,
    COLOURS,
    WIDTH,
    finish_axes,
    label_lines,
    new_figure,
    plain,
    save,
    set_title,
)
from modulus_relobralo.report.run import Series

COLUMNS = 2
# Of a panel, in inches; a figure of one is a little lower than wide.
HEIGHT, ALONE = 2.9, 3.8


@dataclass(frozen=True)
class Line:
    """A curve with its name: `middle`, and where there are several runs the quartiles `low` and `high`."""

    name: str
    middle: Series
    low: Series | None = None
    high: Series | None = None
    colour: str = BASELINE


@dataclass(frozen=True)
class Panel:
    """Axes with a title, the label of their values, and lines."""

    title: str
    label: str
    lines: list[Line] = field(default_factory=list)
    log: bool = True


def coloured(lines: Sequence[Line], panel: Panel) -> list[Panel]:
    """Return panels like `panel` with as many of `lines` each as there are colours to tell them apart."""
    most = len(COLOURS)
    groups = [lines[first : first + most] for first in range(0, len(lines), most)]
    return [
        Panel(
            panel.title,
            panel.label,
            [
                Line(line.name, line.middle, line.low, line.high, colour)
                for line, colour in zip(group, COLOURS, strict=False)
            ],
            panel.log,
        )
        for group in groups
    ]


def draw_panels(path: Path, title: str, panels: Sequence[Panel], share: bool = True) -> Path:
    """Write a figure of `panels` to `path` and return it; `share` gives all of them one scale."""
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(WIDTH, HEIGHT * rows if columns > 1 else ALONE)
    axes = figure.subplots(rows, columns, squeeze=False, sharey=share).ravel()
    for ax, panel in zip(axes, panels, strict=False):
        for line in (entry for entry in panel.lines if entry.middle.steps.size):
            ax.plot(line.middle.steps, line.middle.values, label=plain(line.name), color=line.colour, linewidth=1.5)
            if line.low is not None and line.high is not None:
                # Matplotlib draws nothing at infinity: the band of diverged runs is open to the top.
                top = np.where(np.isfinite(line.high.values), line.high.values, np.finfo(np.float32).max)
                ax.fill_between(line.low.steps, line.low.values, top, alpha=0.15, color=line.colour, linewidth=0)
        finish_axes(ax, panel.label, panel.title, panel.log)
    for ax in axes[len(panels) :]:
        ax.remove()
    # The scale is known when all is drawn.
    for ax in axes[: len(panels)]:
        label_lines(ax)
    set_title(figure, title)
    return save(figure, path)
