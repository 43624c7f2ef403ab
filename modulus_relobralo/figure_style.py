"""The style of all figures, in one place: sizes, colours, axes, lines that carry their names."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

# Which Matplotlib writes its PNG with.
from PIL import Image

# Of values, of differences, whose zero is the middle, and of sizes of errors.
VALUES, DIFFERENCES, SIZES = "viridis", "RdBu_r", "cividis"
# Of Okabe and Ito, which the colour-blind tell apart; without their yellow, which is too light for a line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
# The loss that others are compared with.
BASELINE = "black"
# Inches. A page shows a figure 800 to 1000 pixels wide, which is what these are at `DPI`.
WIDTH, DPI = 8.4, 120
# Of a file: no eye finds the difference to millions of them, and the file is less than half as large.
PALETTE = 256
# Points.
TEXT, SMALL = 10, 9
# Characters in a line above a panel, and of a line's name.
TITLE_WIDTH, NAME_WIDTH = 44, 20
# The part of an axis' height that a line of a name takes.
LINE = 0.085


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of that size in inches."""
    # Not by pyplot, whose global state belongs to the user's program.
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> Path:
    """Write a figure to `path`, as a PNG with a palette, and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = BytesIO()
    figure.savefig(drawn, dpi=DPI, format="png")
    with Image.open(drawn) as image:
        # By the widest coverage, because the most frequent colour is white and lines are thin; dots would blur them.
        few = image.convert("RGB").quantize(PALETTE, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, format="PNG", optimize=True)
    return path


def set_title(figure: Figure, title: str) -> None:
    """Put a title above all panels."""
    figure.suptitle(fill(plain(title), 2 * TITLE_WIDTH), fontsize=TEXT + 1, fontweight="bold")


def finish_axes(ax: Axes, label: str, title: str, log: bool = True) -> None:
    """Give axes over the steps their scale, labels and grid."""
    ax.set_title(fill(plain(title), TITLE_WIDTH), fontsize=TEXT, loc="left")
    ax.set_xlabel("step", fontsize=SMALL)
    ax.set_ylabel(plain(label), fontsize=SMALL)
    if log:
        ax.set_yscale("log")
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    ax.margins(x=0)
    bare(ax)
    ax.grid(which="major", alpha=0.3, linewidth=0.6)


def bare(ax: Axes) -> None:
    """Take away the frame where no axis is, and give the numbers their size."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=SMALL)


def label_lines(ax: Axes) -> None:
    """Write the name of each line beside its end, in its colour; names that would overlap are moved apart."""
    ends = [(line, _end(ax, line)) for line in ax.get_lines() if not str(line.get_label()).startswith("_")]
    named = sorted(((end, line) for line, end in ends if end is not None), key=lambda pair: pair[0])
    names = [fill(str(line.get_label()), NAME_WIDTH) for _, line in named]
    # From the lowest to the highest, each at least half of both heights above the one before.
    heights = [LINE * (1 + name.count("\n")) for name in names]
    places: list[float] = []
    for number, (end, _) in enumerate(named):
        low = places[-1] + (heights[number - 1] + heights[number]) / 2 if places else end
        places.append(max(end, low))
    above = max(places[-1] - 1.0, 0.0) if places else 0.0
    for (end, line), place, name in zip(named, places, names, strict=True):
        colour, height = to_hex(line.get_color()), place - above
        # Not by annotate, whose arrows take a second each.
        leader = Line2D([1.0, 1.03], [end, height], color=colour, linewidth=0.6, label="_leader", clip_on=False)
        leader.set_transform(ax.transAxes)
        ax.add_artist(leader)
        ax.text(1.04, height, name, color=colour, fontsize=SMALL, va="center", transform=ax.transAxes)


def plain(text: str) -> str:
    """Return `text` so that Matplotlib shows it as it is, and takes no dollar for the beginning of a formula.

    What is no Unicode, of which Matplotlib draws nothing, is a question mark.
    """
    return text.encode(errors="replace").decode().replace("$", r"\$")


def _end(ax: Axes, line: Line2D) -> float | None:
    """Return the height at which a line ends as a part of the axis', in it; None if it has no point to show."""
    values = np.asarray(line.get_ydata(), dtype=float)
    shown = values[np.isfinite(values) & ((values > 0) | (ax.get_yscale() != "log"))]
    if not shown.size:
        return None
    ax.get_ylim()
    height = ax.transAxes.inverted().transform(ax.transData.transform((0.0, shown[-1])))[1]
    return float(np.clip(height, 0.0, 1.0))
