"""What every figure is made of: its paper, axes over the steps, a panel of a field."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from modulus_relobralo.report.run import Field

# Of values, and of differences, whose zero is the middle.
VALUES, DIFFERENCES = "viridis", "RdBu_r"


def finish_axes(ax: Axes, label: str, title: str, legend: bool = True) -> None:
    """Give axes over the steps their scale, labels and legend."""
    ax.set(yscale="log", xlabel="step", ylabel=plain(label), title=plain(title))
    ax.grid(which="major", alpha=0.3)
    if legend and ax.get_legend_handles_labels()[0]:
        ax.legend()


def is_plane(field: Field) -> bool:
    """Whether a field can be drawn: over two coordinates, at points that span a plane, and finite."""
    points = np.array([*field.coordinates.values()])
    if len(points) != 2 or not all(np.isfinite(values).all() for values in (points, field.predicted)):
        return False
    return np.linalg.matrix_rank(points - points.mean(axis=1, keepdims=True)) == 2


def draw_difference(ax: Axes, field: Field, title: str) -> None:
    """Draw predicted - exact, on a scale of its own."""
    difference = field.predicted - field.exact
    largest = float(np.abs(difference).max()) or 1.0
    draw_values(ax, field, difference, title, (-largest, largest), DIFFERENCES)


def draw_values(
    ax: Axes,
    field: Field,
    values: NDArray[np.float64],
    title: str,
    limits: tuple[float, float],
    colors: str = VALUES,
) -> None:
    """Draw `values` at the points of `field` in colours between `limits`, with a scale beside."""
    (name_x, x), (name_y, y) = field.coordinates.items()
    image = ax.tripcolor(x, y, values, cmap=colors, vmin=limits[0], vmax=limits[1], shading="gouraud")
    ax.set(title=plain(title), xlabel=plain(name_x), ylabel=plain(name_y), aspect="equal")
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    figure.colorbar(image, ax=ax)


def file_name(name: str, taken: Container[str]) -> str:
    """Return the name of the figure of a variable, without what leads out of its folder; none of those `taken`."""
    safe = re.sub(r"[^\w.-]", "_", name).lstrip(".") or "field"
    while f"{safe}.png" in taken:
        safe = f"field_{safe}"
    return f"{safe}.png"


def plain(text: str) -> str:
    """Return `text` so that Matplotlib shows it as it is, and takes no dollar for the beginning of a formula."""
    return text.replace("$", r"\$")


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of that size in inches."""
    # Not by pyplot, whose global state belongs to the user's program.
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> Path:
    """Write a figure to `path` and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path
