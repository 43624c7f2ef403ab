"""The page of the race to an error, and its figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from benchmarks.documents.summary import markdown
from benchmarks.peers.clock import TARGETS
from benchmarks.records import Row
from modulus_relobralo.report.figures import COLOURS, WIDTH, finish_axes, label_lines, new_figure, save

NOT_REACHED = "-"
# Entries whose error never fell below are shown without their names.
FAR = 0.5
# How the names of our entries begin.
OURS = "ours, "


def body(rows: Sequence[Row]) -> str:
    """Return a table for each limit, the figure, and the setting of every entry."""
    parts = [
        "One process at a time, each on one core. Seconds of training to a relative L2 error of the deflection, "
        "measured off the clock on a grid of 101 x 101 points; set-up (imports, compiling) is apart. One seed each.",
    ]
    for limit in sorted({row["limit"] for row in rows}):
        table = pd.DataFrame(line(row) for row in rows if row["limit"] == limit)
        parts.append(f"A run ends at 1e-4 or after {limit:g} s:\n\n{markdown(table)}")
    settings = {row["entry"]: f"{row['setting']}. {_versions(row)}" for row in rows}
    parts.append("Settings:\n\n" + "\n".join(f"- {entry}: {setting}" for entry, setting in settings.items()))
    return "\n\n".join(parts)


def line(row: Row) -> dict[str, str]:
    """Return a row of the table as texts."""
    best = NOT_REACHED if row["best error"] is None else f"{row['best error']:.2g} ({_seconds(row['best after'])} s)"
    return {
        "": row["entry"],
        **{name: _seconds(row[name]) for name in ("1 %", "0.1 %", "1e-4")},
        "best error": best,
        "ended by": row["ended"],
        "steps": f"{row['last step']:,}",
        "set-up": _seconds(row["set-up"]),
    }


def draw(path: Path, rows: Sequence[Row]) -> Path:
    """Draw the errors of the shortest limit over the time of training, both on logarithmic scales.

    Each panel names some of them, ours or those of other codes, and has all others in grey.
    """
    shortest = min(row["limit"] for row in rows)
    drawn = [row for row in rows if row["limit"] == shortest and row["times"]]
    panels = _panels([row for row in drawn if row["best error"] < FAR]) or [("", [])]
    lines = -(-len(panels) // 2)
    figure = new_figure(WIDTH, 2.9 * lines + 0.4)
    axes = figure.subplots(lines, min(2, len(panels)), squeeze=False, sharex=True, sharey=True).ravel()
    for ax, (title, named) in zip(axes, panels, strict=False):
        for row in drawn:
            if row not in named:
                _plot(ax, row, color="0.85", linewidth=0.8, zorder=0)
        for row, colour in zip(named, COLOURS, strict=False):
            _plot(ax, row, color=colour, linewidth=1.6, label=row["entry"].removeprefix(OURS))
        for target in TARGETS:
            ax.axhline(target, color="0.6", linewidth=0.8, zorder=0)
        finish_axes(ax, "relative L2 error of the deflection", title)
        ax.set(xscale="log", xlabel="seconds of training")
        # Of a panel above another too, whose neighbour below may be missing.
        ax.tick_params(labelbottom=True)
    for ax in axes[len(panels) :]:
        ax.remove()
    for ax in axes[: len(panels)]:
        label_lines(ax)
    return save(figure, path)


def _panels(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Return titles and rows of panels: ours and other codes, as evenly as no more rows a panel than colours allow."""
    panels = []
    for title, ours in (("ours", True), ("other codes", False)):
        group = [row for row in rows if row["entry"].startswith(OURS) == ours]
        number = -(-len(group) // len(COLOURS))
        parts = [group[part * len(group) // number : (part + 1) * len(group) // number] for part in range(number)]
        panels += [(title, part) for part in parts]
    return panels


def _plot(ax: Axes, row: Row, **look: object) -> None:
    times, errors = np.array(row["times"]), np.array(row["errors"])
    # Before the first step there is no time on a logarithmic scale.
    ax.plot(times[times > 0], errors[times > 0], **look)


def _seconds(value: float | None) -> str:
    return NOT_REACHED if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _versions(row: Row) -> str:
    return ", ".join(f"{name} {version}" for name, version in row["versions"].items()) + "."
