"""Whether something holds a plate in its place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from modulus_relobralo.plates.supports import EdgeSupport
from modulus_relobralo.problems.shapes.edges import Corner
from modulus_relobralo.problems.shapes.shape import Shape

_FRACTIONS = np.array([0.1, 0.35, 0.65, 0.9])


def check_held(
    shape: Shape, supports: dict[str, EdgeSupport], corners: Sequence[Corner], soil: Expr, layer: Expr
) -> None:
    """
    Raise if a plate can move as a rigid body: if some deflection c_0 + c_1 x + c_2 y is held nowhere.

    Parameters
    ----------
    shape : Shape
        The plate.
    supports : dict[str, EdgeSupport]
        What holds each edge.
    corners : sequence of Corner
        Those that rest on a point.
    soil : Expr
        The stiffness of what lies below.
    layer : Expr
        The stiffness of a shear layer in it, which holds slopes.

    Raises
    ------
    ValueError
        The message says how it can move.
    """
    (x0, y0), (x1, y1) = shape.bounds
    middle, size = ((x0 + x1) / 2, (y0 + y1) / 2), max(x1 - x0, y1 - y0) / 2
    rows = [] if soil.is_zero else [np.eye(3)]
    rows += [] if layer.is_zero else [np.eye(3)[1:]]
    held = [edge for name, edge in shape.edges.items() if (supports[name].w, supports[name].k_w) != (None, None)]
    for part in [*held, *corners]:
        place = part.at(_FRACTIONS)
        columns = [np.ones_like(place["x"]), (place["x"] - middle[0]) / size, (place["y"] - middle[1]) / size]
        rows.append(np.stack(columns, axis=1))
    for name, edge in shape.edges.items():
        place, support = edge.at(_FRACTIONS), supports[name]
        if support.slope_n is not None or support.k_slope is not None:
            rows.append(np.stack([np.zeros_like(place["x"]), place["normal_x"], place["normal_y"]], axis=1))
    motions = _free_motions(np.concatenate([*rows, np.zeros((3, 3))]))
    if motions:
        raise ValueError(
            f"Parameter `edges` must hold the plate in its place. Found that it can {motions}: hold the deflection of "
            "one edge, and that of another or its rotation, or of corners, or put the plate on soil."
        )


def _free_motions(rows: NDArray[np.float64]) -> str:
    """Return how the deflections c_0 + c_1 x + c_2 y that all rows leave free move a plate; nothing if none is."""
    values = np.linalg.svd(rows, compute_uv=False)
    free = int((values < 1e-6 * max(values[0], 1.0)).sum())
    shift = free > 0 and bool(np.abs(rows[:, 0]).max() < 1e-6)
    return " and ".join(["move up and down"] * shift + ["tilt"] * (free > shift))
