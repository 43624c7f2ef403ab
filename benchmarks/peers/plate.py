"""The plate that everyone solves, and how the error is measured. NumPy alone: every environment has it.

The article's: simply supported, 10 x 10, under a sinusoidal load. Its deflection is known.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

SIDE, D, NU, P0 = 10.0, 20.8333333333, 0.2, 0.15
INTERIOR, EDGE = 800, 100
"""Points of a step: inside, and on each of the four edges."""

PDE_WEIGHT, EDGE_WEIGHT = 0.002304, 1 / 3
"""Factors of the loss terms, which are means of squares: 1 / D^2 for D lap lap w - p, and for w and M_n the fraction of
the points that lie on the edges, as in examples/kirchhoff/conf/article.yaml."""

STRIP = P0 * SIDE**4 / (np.pi**4 * D)
"""What a strip of that span deflects: the scale of a deflection of order 1."""

GRID = 101
"""Points along each axis of the grid on which the error is measured."""

ADAM_FRACTION = 0.25
"""Adam's part of the time where L-BFGS follows it."""

Prediction = Callable[[np.ndarray], np.ndarray]


def exact(points: np.ndarray) -> np.ndarray:
    """Return the deflection at points [n, 2]: p0 sin(pi x/a) sin(pi y/a) / (4 D (pi/a)^4)."""
    wave = np.pi / SIDE
    return P0 * np.sin(wave * points[:, 0]) * np.sin(wave * points[:, 1]) / (4 * D * wave**4)


def grid() -> np.ndarray:
    """Return the points on which the error is measured, [GRID^2, 2]."""
    axis = np.linspace(0, SIDE, GRID)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


def relative_error(predict: Prediction) -> float:
    """Return the relative L2 error of a deflection, a function of points [n, 2] that returns [n] or [n, 1]."""
    points = grid()
    found = np.asarray(predict(points), dtype=float)
    if found.shape not in ((len(points),), (len(points), 1)):
        raise ValueError(f"A prediction must have a value for each of {len(points)} points. Found {found.shape}.")
    wanted = exact(points)
    return float(np.linalg.norm(found.reshape(-1) - wanted) / np.linalg.norm(wanted))
