"""Arrays that a person hands in."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Of a length: coordinates in single precision may lie beyond the edge by a rounding.
ROUNDING = 1e-6


def real_array(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return an array of finite real numbers in double precision.

    Raises
    ------
    TypeError
        If it holds anything but integers and floating-point numbers.
    ValueError
        If a number is not finite.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"Parameter `{name}` must be an array of real numbers. Found dtype {array.dtype}.")
    if not np.isfinite(array).all():
        raise ValueError(f"Parameter `{name}` must be finite. Found {array[~np.isfinite(array)][0]}.")
    return array.astype(np.float64)


def on_plate(name: str, value: ArrayLike, length: float) -> NDArray[np.float64]:
    """Return coordinates from 0 to a length; a series would go on beyond as if the plate did."""
    array = real_array(name, value)
    outside = array[(array < -ROUNDING * length) | (array > (1 + ROUNDING) * length)]
    if outside.size:
        raise ValueError(f"Parameter `{name}` must lie on the plate, in [0, {length:g}]. Found {outside[0]:g}.")
    return array
