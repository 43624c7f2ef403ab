"""Integrals over a plate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from modulus_relobralo.plates.polynomial import arrays
from modulus_relobralo.plates.values import Array, Points
from modulus_relobralo.problems.shapes.shape import Shape

CELLS = 300
"""Along each side of a shape's bounds: the integral of a smooth function is exact to about 1e-4."""


def over(shape: Shape, function: Callable[[Points], Array]) -> float:
    """Return the integral of a function over a shape: the mean at the middles of small cells, times the area."""
    return float(np.mean(function(arrays(shape.points(CELLS))))) * shape.area
