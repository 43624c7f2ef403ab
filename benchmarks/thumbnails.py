"""Small pictures of the gallery: a field, its reference and the error, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.records import ROOT
from modulus_relobralo.figure_style import SIZES, VALUES, bare, new_figure, save
from modulus_relobralo.loops import Solution

FOLDER = ROOT / "examples" / "gallery" / "pictures"
SIZE, TEXT = (4.2, 1.5), 7
MARKER = 4


def draw(name: str, found: Solution, reference: Any) -> Path:
    """Draw the first field of a reference, at the last time where there are two coordinates and time."""
    inputs, (field, exact) = reference.inputs, next(iter(reference.values.items()))
    values = found(**inputs)[field]
    rows = inputs["t"] == inputs["t"].max() if {"y", "t"} <= inputs.keys() else slice(None)
    # Time runs to the right.
    axes = [axis for axis in ("t", "x", "y") if axis in inputs][-2:]
    places = [inputs[axis][rows] for axis in axes]
    values, exact = values[rows], exact[rows]
    off = np.abs(values - exact)
    figure = new_figure(*SIZE)
    panels = {field: values, "reference": exact, f"error, up to {off.max():.0e}": off}
    for ax, (title, shown) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        ax.set_title(title, fontsize=TEXT, loc="left")
        ax.set_xticks([])
        ax.set_yticks([])
        bare(ax)
        low, high = (0.0, float(np.quantile(off, 0.99))) if shown is off else (exact.min(), exact.max())
        if len(places) == 1:
            ax.plot(*places, shown)
        else:
            # Markers that touch: a triangulation would fill holes.
            width = 72 * SIZE[0] / len(panels) / np.sqrt(len(shown))
            ax.scatter(
                *places,
                c=shown,
                s=MARKER * width**2,
                marker="s",
                linewidths=0,
                vmin=low,
                vmax=high,
                cmap=SIZES if shown is off else VALUES,
            )
            ax.margins(0)
    return save(figure, FOLDER / f"{name}.png")
