"""The figures of a run and of a comparison: curves over the steps in panels of at most five lines, and fields."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from modulus_relobralo.figure_style import (
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
from modulus_relobralo.report.comparison import Comparison, Quantity, Variant, band, quantities
from modulus_relobralo.report.events import Series
from modulus_relobralo.report.pictures import draw_pictures, of_comparison, of_run
from modulus_relobralo.report.runs import Run
from modulus_relobralo.report.settings import units

COLUMNS = 2
# Of a panel, in inches; a figure of one is a little lower than wide.
HEIGHT, ALONE = 2.9, 3.8
OF_RUN = {"losses": "loss term", "weights": "weight", "residuals": "residual (RMS)", "monitors": ""}
"""What has a figure of its own over the steps, and how its axis is called; of monitors the title says it."""
OF_COMPARISON = {"error": "errors", "residuals": "residuals", "monitors": "monitors"}
TERMS = {"losses": "loss term", "weights": "weight"}
TUNED = {"at their defaults": False, "at tuned values": True}
"""Losses that are shown apart: what tuning gained is no merit of a scheme."""
TAKEN = {f"{name}.png" for name in (*OF_RUN, *OF_COMPARISON)}
"""Files of figures that are not of fields."""


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


def plot_run(run: Run, folder: Path | str | None = None) -> list[Path]:
    """Write the figures of `run` into `folder` (default: the run's own), and return their paths.

    ``losses.png`` shows the loss terms over the steps, ``weights.png`` the weights, ``residuals.png`` and
    ``monitors.png`` what monitors recorded, and ``<variable>.png`` the exact and the predicted field and their
    difference, or of an inferencer the predicted one. What the run did not record is left out, and so are fields at
    points that span no plane.
    """
    folder, title, known = Path(folder or run.folder), f"{run.problem}, {run.label}", units(run.config)
    paths = []
    for kind, label in OF_RUN.items():
        lines = [Line(name, series) for name, series in getattr(run, kind).items()]
        panels = _coloured(lines, Panel("", label))
        if kind == "monitors":
            # They have scales of their own, and may be negative.
            panels = [panel for line in lines for panel in _coloured([line], Panel(line.name, "", log=False))]
        if panels:
            paths.append(_draw_panels(folder / f"{kind}.png", title, panels, share=kind != "monitors"))
    for variable, found in [*run.fields.items(), *run.predictions.items()]:
        rows = of_run(run, variable, found)
        if rows:
            path = folder / file_name(variable, TAKEN | {path.name for path in paths})
            paths.append(draw_pictures(path, title, rows, known))
    return paths


def plot_comparison(comparison: Comparison, folder: Path | str) -> list[Path]:
    """Write the figures of `comparison` into `folder`, and return their paths.

    ``error.png`` shows the errors over the steps, ``residuals.png`` and ``monitors.png`` what monitors recorded,
    ``losses.png`` the loss terms, ``weights.png`` the weights: the median over the seeds as a line, the quartiles as
    a band. ``<variable>.png`` shows the exact field, and of each variant the error of the run with the median error;
    of an inferencer what the first run of each predicts. What no run recorded is left out.
    """
    folder, title = Path(folder), comparison.title
    paths = []
    for name, kind in OF_COMPARISON.items():
        found = quantities(comparison.runs, [kind])
        panels = [panel for quantity in found for panel in _of_variants(comparison, quantity)]
        if panels:
            paths.append(_draw_panels(folder / f"{name}.png", title, panels, share=kind == "errors"))
    for kind, label in TERMS.items():
        panels = [panel for variant in comparison.variants for panel in _of_terms(comparison, variant, kind, label)]
        if panels:
            paths.append(_draw_panels(folder / f"{kind}.png", title, panels))
    for variable, rows in of_comparison(comparison):
        path = folder / file_name(variable, TAKEN | {path.name for path in paths})
        paths.append(draw_pictures(path, title, rows, units(comparison.runs[0].config)))
    return paths


def file_name(name: str, taken: Container[str]) -> str:
    """Return the name of the figure of a variable, without what leads out of its folder; none of those `taken`."""
    safe = re.sub(r"[^\w.-]", "_", name)[:100].lstrip(".") or "field"
    while f"{safe}.png" in taken:
        safe = f"field_{safe}"
    return f"{safe}.png"


def _of_variants(comparison: Comparison, quantity: Quantity) -> list[Panel]:
    """Return panels with a line for each variant, the baseline in each: at defaults, and at values of their own."""
    baseline = comparison.baseline
    others = [variant for variant in comparison.variants if variant is not baseline and variant.having(quantity).runs]
    groups = {"": others}
    if any(variant.tuned for variant in others) and not all(variant.tuned for variant in others):
        groups = {words: [v for v in others if v.tuned == tuned] for words, tuned in TUNED.items()}
    reference = [_of_variant(baseline, quantity, BASELINE)] if baseline and baseline.having(quantity).runs else []
    most = len(COLOURS) - len(reference)
    panels = []
    for words, group in groups.items():
        for first in range(0, max(len(group), 1 if reference else 0), most):
            pairs = zip(group[first : first + most], COLOURS, strict=False)
            lines = [_of_variant(variant, quantity, colour) for variant, colour in pairs]
            panels.append(Panel(words, quantity.label, [*reference, *lines], quantity.lower_is_better))
    return panels


def _of_variant(variant: Variant, quantity: Quantity, colour: str) -> Line:
    recorded = [(run, series) for run in variant.runs if (series := quantity.series(run))]
    seeds = f" ({len(recorded)})" if len(recorded) > 1 else ""
    return replace(_band(f"{variant.label}{seeds}", recorded), colour=colour)


def _of_terms(comparison: Comparison, variant: Variant, kind: str, label: str) -> list[Panel]:
    """Return panels with a line for each loss term of a variant; a term has one colour in all of them."""
    # A run may lack a term that others have.
    terms = list(dict.fromkeys(term for run in comparison.runs for term in getattr(run, kind)))
    recorded = {term: [(r, getattr(r, kind)[term]) for r in variant.runs if term in getattr(r, kind)] for term in terms}
    panels = _coloured([_band(*entry) for entry in recorded.items()], Panel(variant.label, label))
    return [panel for panel in panels if any(line.middle.steps.size for line in panel.lines)]


def _band(name: str, recorded: Sequence[tuple[Run, Series]]) -> Line:
    if not recorded:
        return Line(name, Series(np.array([], dtype=np.int64), np.array([])))
    median, low, high = band([series for _, series in recorded], [run.diverged for run, _ in recorded])
    return Line(name, median, low, high) if len(recorded) > 1 else Line(name, median)


def _coloured(lines: Sequence[Line], panel: Panel) -> list[Panel]:
    """Return panels like `panel` with as many of `lines` each as there are colours to tell them apart."""
    groups = [lines[first : first + len(COLOURS)] for first in range(0, len(lines), len(COLOURS))]
    return [
        replace(panel, lines=[replace(line, colour=colour) for line, colour in zip(group, COLOURS, strict=False)])
        for group in groups
    ]


def _draw_panels(path: Path, title: str, panels: Sequence[Panel], share: bool = True) -> Path:
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
