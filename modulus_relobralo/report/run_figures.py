"""The figures of a run, those of the article: loss terms, weights and fields."""

from __future__ import annotations

from pathlib import Path

from modulus_relobralo.report.figures import (
    draw_difference,
    draw_values,
    file_name,
    finish_axes,
    is_plane,
    new_figure,
    plain,
    save,
)
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
        if is_plane(field):
            path = folder / file_name(variable, {"losses.png", "weights.png", *(path.name for path in paths)})
            paths.append(_plot_field(path, title, variable, field))
    return paths


def _plot_series(path: Path, title: str, label: str, series: dict[str, Series]) -> Path:
    figure = new_figure(7, 4)
    ax = figure.subplots()
    for name, entry in series.items():
        ax.plot(entry.steps, entry.values, label=plain(name))
    finish_axes(ax, label, title)
    return save(figure, path)


def _plot_field(path: Path, title: str, variable: str, field: Field) -> Path:
    figure = new_figure(14, 4)
    exact, predicted, difference = figure.subplots(1, 3)
    limits = float(field.exact.min()), float(field.exact.max())
    draw_values(exact, field, field.exact, f"{variable}, exact", limits)
    draw_values(predicted, field, field.predicted, f"{variable}, predicted", limits)
    draw_difference(difference, field, "predicted - exact")
    figure.suptitle(plain(title))
    return save(figure, path)
