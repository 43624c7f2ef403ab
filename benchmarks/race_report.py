"""What comes out of a race: rows of its records, a table in Markdown, a figure of the errors over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from peers.clock import TARGETS
from peers.entries import Entry
from records import heading

from modulus_relobralo.figure_style import COLOURS, WIDTH, finish_axes, label_lines, new_figure, save
from modulus_relobralo.tables import to_markdown

Row = dict[str, object]
Line = dict[str, object]
# Measured errors that go into the result file.
HISTORY = 80
COLUMNS = ("1 %", "0.1 %", "1e-4")
NOT_REACHED = "-"
FAILED = "failed"
# Entries whose error never fell below are shown without their names.
FAR = 0.5
# How the names of our entries begin.
OURS = "ours, "


def make_row(entry: Entry, seed: int, record: Sequence[Line]) -> Row:
    """Return what the result file keeps of an entry's record."""
    measured = [line for line in record if line.get("error") is not None]
    best = min(measured, key=lambda line: line["error"], default={})
    chosen = (
        [measured[i] for i in np.unique(np.linspace(0, len(measured) - 1, HISTORY).astype(int))] if measured else []
    )
    return {
        "entry": entry.name,
        "setting": entry.setting,
        "seed": seed,
        "ended": next((line["ended"] for line in reversed(record) if "ended" in line), FAILED),
        "set-up": round(sum(line.get("set-up", 0.0) for line in record), 1),
        **{name: time_to(measured, target) for name, target in zip(COLUMNS, TARGETS, strict=True)},
        "best error": best.get("error"),
        "best after": best.get("seconds"),
        "last step": measured[-1]["step"] if measured else 0,
        "seconds": measured[-1]["seconds"] if measured else 0.0,
        "versions": {name: version for line in record for name, version in line.get("versions", {}).items()},
        "times": [line["seconds"] for line in chosen],
        "errors": [line["error"] for line in chosen],
    }


def time_to(measured: Sequence[Line], target: float) -> float | None:
    """Return the seconds after which the error was at most `target` for the first time; None if it never was."""
    return next((line["seconds"] for line in measured if line["error"] <= target), None)


def write_table(path: Path, rows: Sequence[Row], made: dict[str, object], limit: float) -> Path:
    """Write the table of `rows` to `path`.md, with the circumstances `made` and every entry's setting."""
    lines = [
        f"# {heading(path)}",
        "",
        f"`{made['command']}`, {made['date']}, on {made['device']}; one process at a time, each on one core.",
        "",
        "Seconds of training to a relative L2 error of the deflection, measured off the clock on a grid of 101 x 101",
        f"points; set-up (imports, compiling) is apart. A run ends at 1e-4 or after {limit:g} s. One seed each.",
        "",
        *to_markdown([table_row(row) for row in rows]),
        "",
        f"![errors over the time of training]({path.name}.png)",
        "",
        "Settings:",
        "",
        *(f"- {row['entry']}: {row['setting']}. {_versions(row)}" for row in rows),
    ]
    markdown = path.with_suffix(".md")
    markdown.write_text("\n".join(lines) + "\n")
    return markdown


def table_row(row: Row) -> dict[str, str]:
    """Return a row of the table as texts."""
    best = NOT_REACHED if row["best error"] is None else f"{row['best error']:.2g} ({_seconds(row['best after'])} s)"
    return {
        "": str(row["entry"]),
        **{name: _seconds(row[name]) for name in COLUMNS},
        "best error": best,
        "ended by": str(row["ended"]),
        "steps": f"{row['last step']:,}",
        "set-up": _seconds(row["set-up"]),
    }


def plot_errors(path: Path, rows: Sequence[Row]) -> Path:
    """Draw the errors of `rows` over the time of training, both on logarithmic scales, to `path`.png.

    Each panel names some of them, ours or those of other codes, and has all others in grey.
    """
    drawn = [row for row in rows if row["times"]]
    panels = _panels([row for row in drawn if row["best error"] < FAR]) or [("", [])]
    lines = -(-len(panels) // 2)
    figure = new_figure(WIDTH, 2.9 * lines + 0.4)
    axes = figure.subplots(lines, min(2, len(panels)), squeeze=False, sharex=True, sharey=True).ravel()
    for ax, (title, named) in zip(axes, panels, strict=False):
        for row in drawn:
            if row not in named:
                _plot(ax, row, color="0.85", linewidth=0.8, zorder=0)
        for row, colour in zip(named, COLOURS, strict=False):
            _plot(ax, row, color=colour, linewidth=1.6, label=str(row["entry"]).removeprefix(OURS))
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
    return save(figure, path.with_suffix(".png"))


def _panels(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Return titles and rows of panels: ours and other codes, as evenly as no more rows a panel than colours allow."""
    panels = []
    for title, ours in (("ours", True), ("other codes", False)):
        group = [row for row in rows if str(row["entry"]).startswith(OURS) == ours]
        number = -(-len(group) // len(COLOURS))
        parts = [group[part * len(group) // number : (part + 1) * len(group) // number] for part in range(number)]
        panels += [(title, part) for part in parts]
    return panels


def _plot(ax: Axes, row: Row, **look: object) -> None:
    times, errors = np.array(row["times"]), np.array(row["errors"])
    # Before the first step there is no time on a logarithmic scale.
    ax.plot(times[times > 0], errors[times > 0], **look)


def _seconds(value: object) -> str:
    return NOT_REACHED if value is None else f"{value:.3g}" if float(str(value)) < 100 else f"{value:.0f}"


def _versions(row: Row) -> str:
    return ", ".join(f"{name} {version}" for name, version in dict(row["versions"]).items()) + "."
