"""Points inside a shape that lie more densely on some patches of it, and what area each stands for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from modulus_relobralo.problems.shapes.shape import Shape

Array = NDArray[np.float64]

SHARE = 0.25
"""Share of the points that is drawn on each patch, if there is one; half of them at most, on all together."""


def split(count: int, patches: Sequence[Shape]) -> list[int]:
    """Return how many of `count` points are drawn on each patch; the others are drawn everywhere.

    Examples
    --------
    >>> from modulus_relobralo.problems import Rectangle
    >>> split(100, [Rectangle(1, 1)]), split(100, [Rectangle(1, 1)] * 4)
    ([25], [12, 12, 12, 12])
    """
    share = min(SHARE, 0.5 / max(len(patches), 1))
    return [round(share * count) for _ in patches]


def areas(shape: Shape, patches: Sequence[Shape], counts: Sequence[int], x: Array, y: Array) -> Array:
    """Return what area each point stands for, so that a sum over all is the integral over the shape on the average.

    It is one over the number of points per area there, of those drawn everywhere and of those of the patches.

    Parameters
    ----------
    shape : Shape
        Where points are drawn.
    patches : sequence of Shape
        Where more of them are.
    counts : sequence of int
        How many more on each, as `split` has it.
    x, y : ndarray
        All points, of any shape.
    """
    density = np.full_like(x, (x.size - sum(counts)) / shape.area)
    for patch, count in zip(patches, counts, strict=True):
        density += (patch.level(x, y) > 0) * count / patch.area
    return 1 / density
