"""The figures of a comparison: errors, loss terms, weights and fields of every variant, with the spread over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from modulus_relobralo.report.comparison import Comparison
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
from modulus_relobralo.report.run import Run, Series
from modulus_relobralo.report.spread import band
from modulus_relobralo.report.variant import Variant

COLUMNS = 3
# Characters in a line above a panel: a label with parameters takes several.
LABEL_WIDTH = 32


def plot_comparison(comparison: Comparison, folder: Path | str) -> list[Path]:
    """Write the figures of `comparison` into `folder`, and return their paths.

    ``error.png`` shows the errors over the steps, ``losses.png`` the loss terms, ``weights.png`` the weights:
    the median over the seeds as a line, the quartiles as a band. ``<variable>.png`` shows the exact field, and of
    each variant the error of the run with the median error. What no run recorded is left out.
    """
    folder = Path(folder)
    paths = [_plot_errors(folder / "error.png", comparison)] if comparison.variables else []
    for name, label, kind in (("losses", "loss term", "losses"), ("weights", "weight", "weights")):
        variants = [variant for variant in comparison.variants if any(getattr(run, kind) for run in variant.runs)]
        if variants:
            paths.append(_plot_terms(folder / f"{name}.png", comparison.title, label, kind, variants))
    for variable in comparison.variables:
        runs = {variant.label: variant.median_run(variable) for variant in comparison.variants}
        drawn = {label: run for label, run in runs.items() if run is not None and _is_drawn(run, variable)}
        if drawn:
            taken = {"error.png", "losses.png", "weights.png", *(path.name for path in paths)}
            paths.append(_plot_fields(folder / file_name(variable, taken), comparison.title, variable, drawn))
    return paths


def _plot_errors(path: Path, comparison: Comparison) -> Path:
    # Room for a legend below, where it hides no line.
    figure = new_figure(8 * len(comparison.variables), 5 + 0.25 * len(comparison.variants))
    panels = figure.subplots(1, len(comparison.variables), squeeze=False)[0]
    for ax, variable in zip(panels, comparison.variables, strict=True):
        for number, variant in enumerate(comparison.variants):
            runs = [run for run in variant.runs if variable in run.errors]
            # Ten colours, then again with dashes.
            line = {"color": f"C{number % 10}", "linestyle": "-" if number < 10 else "--"}
            if runs:
                _plot_band(ax, f"{variant.label}, {len(runs)}", [run.errors[variable] for run in runs], runs, **line)
        finish_axes(ax, f"relative L2 error of {variable}", comparison.title)
        ax.legend(title="loss, number of runs", fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.12))
    return save(figure, path)


def _plot_terms(path: Path, title: str, label: str, kind: str, variants: Sequence[Variant]) -> Path:
    rows = -(-len(variants) // COLUMNS)
    columns = min(COLUMNS, len(variants))
    # A title wants its width, and so does the legend beside it.
    figure = new_figure(max(5.5 * columns, 9), 4 * rows)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    # A run may lack a term that others have.
    terms = list(dict.fromkeys(term for variant in variants for run in variant.runs for term in getattr(run, kind)))
    for ax, variant in zip(panels, variants, strict=False):
        for number, term in enumerate(terms):
            runs = [run for run in variant.runs if term in getattr(run, kind)]
            if runs:
                _plot_band(ax, term, [getattr(run, kind)[term] for run in runs], runs, color=f"C{number % 10}")
        finish_axes(ax, label, fill(variant.label, LABEL_WIDTH), legend=False)
    handles = {name: handle for ax in panels for handle, name in zip(*ax.get_legend_handles_labels(), strict=True)}
    figure.legend([handles[plain(term)] for term in terms], map(plain, terms), loc="outside right center")
    for ax in panels[len(variants) :]:
        ax.remove()
    figure.suptitle(plain(title))
    return save(figure, path)


def _plot_fields(path: Path, title: str, variable: str, runs: dict[str, Run]) -> Path:
    panels = len(runs) + 1
    rows, columns = -(-panels // COLUMNS), min(COLUMNS, panels)
    figure = new_figure(4.8 * columns, 4 * rows)
    first, *axes = figure.subplots(rows, columns, squeeze=False).ravel()
    field = next(iter(runs.values())).fields[variable]
    limits = float(field.exact.min()), float(field.exact.max())
    draw_values(first, field, field.exact, f"{variable}, exact", limits)
    for ax, (label, run) in zip(axes, runs.items(), strict=False):
        # Errors differ by orders of magnitude, and points may differ: each panel has its own.
        own = run.fields[variable]
        draw_difference(ax, own, f"{fill(label, LABEL_WIDTH)}\nerror {own.relative_error:.2g}")
    for ax in (first, *axes):
        ax.title.set_fontsize("small")
    for ax in axes[len(runs) :]:
        ax.remove()
    figure.suptitle(f"{plain(title)}: predicted - exact in the run with the median error")
    return save(figure, path)


def _plot_band(ax: Axes, label: str, series: Sequence[Series], runs: Sequence[Run], **line: Any) -> None:
    median, low, high = band(series, [run.diverged for run in runs])
    ax.plot(median.steps, median.values, label=plain(label), **line)
    if len(runs) > 1:
        # Matplotlib draws nothing at infinity: the band of diverged runs is open to the top.
        top = np.where(np.isfinite(high.values), high.values, np.finfo(np.float32).max)
        ax.fill_between(low.steps, low.values, top, alpha=0.2, color=line["color"], linewidth=0)


def _is_drawn(run: Run, variable: str) -> bool:
    return variable in run.fields and is_plane(run.fields[variable]) and not run.diverged
