"""Which planes of a field a figure shows: two coordinates, and of further ones some values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LENGTHS = ("x", "y", "z")
"""Coordinates that are lengths: axes of two of them have one scale."""
MOST = 3
"""Planes of a field: of the first, the middle and the last value of its further coordinates."""


@dataclass(frozen=True)
class Plane:
    """Some points of a field, over two coordinates. `at` says where the further ones are, in words."""

    names: tuple[str, str]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    rows: NDArray[np.int64]
    at: str = ""

    @property
    def of_lengths(self) -> bool:
        """Whether both axes are lengths."""
        return all(name in LENGTHS for name in self.names)


def planes(coordinates: Mapping[str, NDArray[np.float64]]) -> list[Plane]:
    """Return the planes of a field with those coordinates; none if its points span no plane.

    Coordinates of one value only are no axes. Where more than two are left, as of a field with parameters, the axes
    are lengths before others, and there is a plane for the first, the middle and the last value of the rest.
    """
    if not all(np.isfinite(column).all() for column in coordinates.values()):
        return []
    names = [name for name, column in coordinates.items() if column.size and np.ptp(column) > 0]
    names.sort(key=lambda name: name not in LENGTHS)
    axes, rest = names[:2], names[2:]
    if len(axes) < 2:
        return []
    fixed = [name for name in coordinates if name not in names]
    values, which = (
        np.unique(np.array([coordinates[name] for name in rest]).T, axis=0, return_inverse=True)
        if rest
        else (
            np.zeros((1, 0)),
            np.zeros(len(coordinates[axes[0]]), dtype=int),
        )
    )
    found = []
    for number in sorted({0, len(values) // 2, len(values) - 1}):
        rows = np.flatnonzero(which.reshape(-1) == number)
        words = [f"{name} = {coordinates[name][rows[0]]:.3g}" for name in [*rest, *fixed]]
        x, y = (coordinates[name][rows] for name in axes)
        if _span(x, y):
            found.append(Plane((axes[0], axes[1]), x, y, rows, ", ".join(words)))
    return found[:MOST]


def _span(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    points = np.array([x, y])
    return bool(np.linalg.matrix_rank(points - points.mean(axis=1, keepdims=True)) == 2)
