"""The figures of docs/evidence/: errors over the steps, a panel for each case; the README's; the race's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from benchmarks.documents import balancing, race
from benchmarks.documents.pages import PAGES
from benchmarks.documents.summary import BASELINE, CASE, runs
from benchmarks.protocols.schemes import GRADIENTS, PROBLEMS
from benchmarks.records import KEYS, RUN, read_rows
from benchmarks.steps.front import CHOICES
from modulus_relobralo.figure_style import BASELINE as BLACK
from modulus_relobralo.figure_style import COLOURS, WIDTH, finish_axes, label_lines, new_figure, save

HEIGHT = 2.9
# A scheme has its colour in every figure; with values of its own it is dashed.
LINES = {
    BASELINE: BLACK,
    **dict(zip((GRADIENTS, "relobralo", "relobralo_builtin", "lr_annealing", "soft_adapt"), COLOURS, strict=True)),
    "grad_norm": "0.5",
}
TITLES = {"helmholtz": "Helmholtz equation", "kirchhoff": "Kirchhoff plate"}


def draw() -> list[Path]:
    """Draw all figures; return their paths."""
    protocols = [name for name, key in KEYS.items() if key == RUN and name != "plates"]
    return [
        *(errors(PAGES / f"{name}.png", runs(name)) for name in protocols),
        race.draw(PAGES / "time_to_error.png", read_rows("time_to_error")),
        *balancing.draw(PAGES, balancing.with_gallery(read_rows("balancing"))),
        front(PAGES / "front.png"),
    ]


def errors(path: Path, found: pd.DataFrame) -> Path:
    """Draw the median error of every scheme over the steps, with the quartiles, a panel for each case."""
    found = found[found["history"].map(bool)]
    cases = list(found.groupby(CASE, dropna=False))
    rows = -(-len(cases) // 2)
    figure = new_figure(WIDTH, HEIGHT * rows)
    axes = figure.subplots(rows, 2, squeeze=False).ravel()
    varying = [column for column in CASE if found[column].nunique() > 1 and column != "variable"]
    for ax, (key, case) in zip(axes, cases, strict=False):
        for scheme, of in case.groupby("scheme"):
            loss, _, values = scheme.partition(", ")
            _band(ax, pd.DataFrame(list(of["history"])), scheme, LINES[loss], "--" if values else "-")
        named = dict(zip(CASE, key, strict=True))
        finish_axes(ax, "relative L2 error", ", ".join(_words(name, named[name]) for name in varying))
        label_lines(ax)
    for ax in axes[len(cases) :]:
        ax.remove()
    return save(figure, path)


def _band(ax: Axes, curves: pd.DataFrame, label: str, colour: str, style: str = "-", scale: float = 1.0) -> None:
    # At the steps that all have.
    curves = curves.sort_index(axis=1).dropna(axis=1)
    steps = scale * curves.columns.to_numpy(dtype=float)
    low, middle, high = np.percentile(curves.to_numpy(), [25, 50, 75], axis=0)
    ax.plot(steps, middle, label=label, color=colour, linewidth=1.6, linestyle=style)
    ax.fill_between(steps, low, high, color=colour, alpha=0.15, linewidth=0)


def _words(name: str, value: object) -> str:
    return {"rate": f"from {value}", "steps": f"{value} steps", "loss terms": f"{value} terms"}.get(name, str(value))


def front(path: Path) -> Path:
    """Draw what each choice reaches in the article's setting over the seconds that it takes, for the README."""
    times = {(row["problem"], row["choice"]): row["ms per step"] / 1e3 for row in read_rows("front")}
    figure = new_figure(WIDTH, 3.4)
    axes = figure.subplots(1, len(PROBLEMS))
    for ax, problem in zip(axes, PROBLEMS, strict=True):
        for choice, colour in zip(CHOICES, (BLACK, *COLOURS), strict=False):
            curves = pd.DataFrame([dict(zip(row["steps"], row["errors"], strict=True)) for row in choice.rows(problem)])
            _band(ax, curves, choice.name, colour, scale=times[problem, choice.name])
        finish_axes(ax, "relative L2 error", TITLES[problem])
        ax.set_xlabel("seconds on one core")
        label_lines(ax)
    return save(figure, path)
