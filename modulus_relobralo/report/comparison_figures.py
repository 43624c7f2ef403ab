"""The figures of a comparison: errors, loss terms, weights and fields of every variant, with the spread over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from modulus_relobralo.report.comparison import Comparison
from modulus_relobralo.report.comparison_fields import errors_of_fields, predicted_fields
from modulus_relobralo.report.field_figures import draw_pictures
from modulus_relobralo.report.figures import BASELINE, COLOURS, file_name
from modulus_relobralo.report.line_figures import Line, Panel, coloured, draw_panels
from modulus_relobralo.report.quantities import Quantity, quantities
from modulus_relobralo.report.run import Run, Series
from modulus_relobralo.report.settings import in_words, units
from modulus_relobralo.report.spread import band
from modulus_relobralo.report.variant import Variant

TERMS = {"losses": "loss term", "weights": "weight"}
NAMES = ("error", "residuals", "monitors", *TERMS)
"""Of figures that are not of fields."""
TUNED = {"at their defaults": False, "at tuned values": True}
"""Losses that are shown apart: what tuning gained is no merit of a scheme."""


def plot_comparison(comparison: Comparison, folder: Path | str) -> list[Path]:
    """Write the figures of `comparison` into `folder`, and return their paths.

    ``error.png`` shows the errors over the steps, ``residuals.png`` and ``monitors.png`` what monitors recorded,
    ``losses.png`` the loss terms, ``weights.png`` the weights: the median over the seeds as a line, the quartiles as
    a band. ``<variable>.png`` shows the exact field, and of each variant the error of the run with the median error;
    of an inferencer what the first run of each predicts. What no run recorded is left out.
    """
    folder, title = Path(folder), in_words(comparison.title)
    paths = []
    for name, kind in (("error", "errors"), ("residuals", "residuals"), ("monitors", "monitors")):
        found = quantities(comparison.runs, [kind])
        panels = [panel for quantity in found for panel in _of_variants(comparison, quantity)]
        if panels:
            paths.append(draw_panels(folder / f"{name}.png", title, panels, share=kind == "errors"))
    for kind, label in TERMS.items():
        panels = [panel for variant in comparison.variants for panel in _of_terms(comparison, variant, kind, label)]
        if panels:
            paths.append(draw_panels(folder / f"{kind}.png", title, panels))
    for variable, rows in [*errors_of_fields(comparison), *predicted_fields(comparison)]:
        taken = {*(f"{name}.png" for name in NAMES), *(path.name for path in paths)}
        path = folder / file_name(variable, taken)
        paths.append(draw_pictures(path, title, rows, units(comparison.runs[0].config)))
    return paths


def _of_variants(comparison: Comparison, quantity: Quantity) -> list[Panel]:
    """Return panels with a line for each variant, the baseline in each: at defaults, and at values of their own."""
    baseline = comparison.baseline
    others = [variant for variant in comparison.variants if variant is not baseline and variant.having(quantity).runs]
    groups = {"": others}
    if any(variant.tuned for variant in others) and not all(variant.tuned for variant in others):
        groups = {words: [v for v in others if v.tuned == tuned] for words, tuned in TUNED.items()}
    reference = [_line(baseline, quantity, BASELINE)] if baseline and baseline.having(quantity).runs else []
    most = len(COLOURS) - len(reference)
    panels = []
    for words, group in groups.items():
        for first in range(0, max(len(group), 1 if reference else 0), most):
            some = group[first : first + most]
            lines = [_line(variant, quantity, colour) for variant, colour in zip(some, COLOURS, strict=False)]
            panels.append(Panel(words, quantity.label, [*reference, *lines], quantity.lower_is_better))
    return panels


def _line(variant: Variant, quantity: Quantity, colour: str) -> Line:
    runs = variant.having(quantity).runs
    recorded = [(run, series) for run in runs if (series := quantity.series(run))]
    seeds = f" ({len(recorded)})" if len(recorded) > 1 else ""
    counted, curves = [run for run, _ in recorded], [series for _, series in recorded]
    return _band(f"{in_words(variant.label)}{seeds}", counted, curves, colour)


def _of_terms(comparison: Comparison, variant: Variant, kind: str, label: str) -> list[Panel]:
    """Return panels with a line for each loss term of a variant; a term has one colour in all of them."""
    # A run may lack a term that others have.
    terms = list(dict.fromkeys(term for run in comparison.runs for term in getattr(run, kind)))
    lines = []
    for term in terms:
        runs = [run for run in variant.runs if term in getattr(run, kind)]
        nothing = Series(np.array([], dtype=np.int64), np.array([]))
        lines.append(_band(term, runs, [getattr(run, kind)[term] for run in runs]) if runs else Line(term, nothing))
    panels = coloured(lines, Panel(in_words(variant.label), label))
    return [panel for panel in panels if any(line.middle.steps.size for line in panel.lines)]


def _band(name: str, runs: Sequence[Run], series: Sequence[Series], colour: str = BASELINE) -> Line:
    median, low, high = band(series, [run.diverged for run in runs])
    return Line(name, median, low, high, colour) if len(runs) > 1 else Line(name, median, colour=colour)
