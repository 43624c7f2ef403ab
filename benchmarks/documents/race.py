"""The page of the race to an error, and its figure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.documents.summary import markdown
from benchmarks.peers.clock import TARGETS
from benchmarks.records import Row
from modulus_relobralo.figure_style import COLOURS, WIDTH, finish_axes, label_lines, new_figure, save

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
    """Draw the errors of the shortest limit over the time of training, ours beside those of other codes.

    What never came near is grey and has no name.
    """
    shortest = min(row["limit"] for row in rows)
    figure = new_figure(WIDTH, 4.2)
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    for ax, (title, ours) in zip(axes, (("ours", True), ("other codes", False)), strict=True):
        shown = [row for row in rows if row["limit"] == shortest and row["entry"].startswith(OURS) == ours]
        looks = product(("-", "--"), COLOURS)
        for row in shown:
            # Before the first step there is no time on a logarithmic scale.
            times, errors = np.array([pair for pair in zip(row["times"], row["errors"], strict=True) if pair[0] > 0]).T
            far = row["best error"] >= FAR
            style, colour = ("-", "0.85") if far else next(looks)
            label = "_far" if far else row["entry"].removeprefix(OURS)
            ax.plot(times, errors, color=colour, linestyle=style, linewidth=1.6, label=label, zorder=1 - far)
        for target in TARGETS:
            ax.axhline(target, color="0.6", linewidth=0.8, zorder=0)
        finish_axes(ax, "relative L2 error of the deflection", title)
        ax.set(xscale="log", xlabel="seconds of training")
        label_lines(ax)
    return save(figure, path)


def _seconds(value: float | None) -> str:
    return NOT_REACHED if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _versions(row: Row) -> str:
    return ", ".join(f"{name} {version}" for name, version in row["versions"].items()) + "."
