"""The figures of a run, those of the article: loss terms, weights and fields."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from modulus_relobralo.report.run import Field, Run, Series


def plot_run(run: Run, folder: Path | str | None = None) -> list[Path]:
    """Write the figures of `run` into `folder` (default: the run's own), and return their paths.

    ``losses.png`` shows the loss terms over the steps, ``weights.png`` the weights, and ``<variable>.png`` the
    exact and the predicted field and their difference. What the run did not record is left out, and so are fields
    over other than two coordinates.
    """
    folder = Path(folder or run.folder)
    title = f"{run.problem}, {run.label}"
    paths = []
    for name, label, series in (("losses", "loss term", run.losses), ("weights", "weight", run.weights)):
        if series:
            paths.append(_plot_series(folder / f"{name}.png", title, label, series))
    for variable, field in run.fields.items():
        if len(field.coordinates) == 2:
            paths.append(_plot_field(folder / f"{variable}.png", title, variable, field))
    return paths


def _plot_series(path: Path, title: str, label: str, series: dict[str, Series]) -> Path:
    figure = new_figure(7, 4)
    ax = figure.subplots()
    for name, entry in series.items():
        ax.plot(entry.steps, entry.values, label=name)
    finish_axes(ax, label, title)
    return save(figure, path)


def _plot_field(path: Path, title: str, variable: str, field: Field) -> Path:
    figure = new_figure(14, 4)
    (name_x, x), (name_y, y) = field.coordinates.items()
    low, high = field.exact.min(), field.exact.max()
    error = field.predicted - field.exact
    largest = float(np.abs(error).max()) or 1.0
    panels = (
        (f"{variable}, exact", field.exact, "viridis", low, high),
        (f"{variable}, predicted", field.predicted, "viridis", low, high),
        ("predicted - exact", error, "RdBu_r", -largest, largest),
    )
    for ax, (name, values, colors, vmin, vmax) in zip(figure.subplots(1, 3), panels, strict=True):
        image = ax.tripcolor(x, y, values, cmap=colors, vmin=vmin, vmax=vmax, shading="gouraud")
        ax.set(title=name, xlabel=name_x, ylabel=name_y, aspect="equal")
        figure.colorbar(image, ax=ax)
    figure.suptitle(title)
    return save(figure, path)


def finish_axes(ax: Axes, label: str, title: str, legend: bool = True) -> None:
    """Give axes over the steps their scale, labels and legend."""
    ax.set(yscale="log", xlabel="step", ylabel=label, title=title)
    ax.grid(which="major", alpha=0.3)
    if legend and ax.get_legend_handles_labels()[0]:
        ax.legend()


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
