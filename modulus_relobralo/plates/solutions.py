"""
Closed solutions of the simply supported rectangular plate on [0, a] x [0, b].

References
----------
S. Timoshenko, S. Woinowsky-Krieger: Theory of Plates and Shells, 2nd ed., McGraw-Hill 1959, articles 27 and 28.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Expr, pi, sin

from modulus_relobralo.checks import check_count
from modulus_relobralo.problems.expressions import COORDINATES, as_number, as_positive

MOST_TERMS = 1000
"""Odd waves in each direction: beyond, what is left out is below double precision."""
# Of a length: coordinates in single precision may lie beyond the edge by a rounding.
_ROUNDING = 1e-6


def sinusoidal_deflection(a: float, b: float, D: float, p0: float) -> Expr:
    """
    Return the deflection w(x, y) under the load p0 sin(pi x / a) sin(pi y / b), as a SymPy expression.

    It is w = p0 / (pi^4 D (1/a^2 + 1/b^2)^2) sin(pi x / a) sin(pi y / b), article 27.

    Examples
    --------
    >>> w = sinusoidal_deflection(a=2, b=2, D=1, p0=1)
    >>> w.subs({"x": 1, "y": 1})
    4/pi**4
    """
    length, width, rigidity = as_positive("a", a), as_positive("b", b), as_positive("D", D)
    x, y = COORDINATES
    amplitude = as_number("p0", p0) / (pi**4 * rigidity * (1 / length**2 + 1 / width**2) ** 2)
    return amplitude * sin(pi * x / length) * sin(pi * y / width)


def navier_deflection(
    x: ArrayLike, y: ArrayLike, a: float, b: float, D: float, q: float, terms: int = 50
) -> NDArray[np.float64]:
    """
    Return Navier's deflection under a uniform load q, at points (x, y).

    The load's sine coefficients are 16 q / (pi^2 m n) for odd m and n and zero else, article 28.

    Parameters
    ----------
    x, y : array_like
        Coordinates of points of the plate [m]: arrays of one shape, or of shapes that NumPy brings to one.
    a, b : float
        Lengths of the plate [m].
    D : float
        Flexural rigidity [N m].
    q : float
        Load per area [N/m^2].
    terms : int
        Number of odd waves in each direction, at most 1000. What is left out of the deflection falls as terms^-4.

    Returns
    -------
    ndarray
        The deflection [m], of the shape of x and y.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not what is asked for above.

    Examples
    --------
    >>> print(f"{navier_deflection(0.5, 0.5, a=1, b=1, D=1, q=1):.5f}")
    0.00406
    """
    check_count("terms", terms)
    if terms > MOST_TERMS:
        raise ValueError(f"Parameter `terms` must be at most {MOST_TERMS}. Found `terms = {terms}`.")
    waves = np.arange(1, 2 * terms + 1)
    odd = waves % 2
    return navier_series(x, y, a, b, D, 16 * float(as_number("q", q)) / np.pi**2 * np.outer(odd / waves, odd / waves))


def navier_series(
    x: ArrayLike, y: ArrayLike, a: float, b: float, D: float, coefficients: ArrayLike
) -> NDArray[np.float64]:
    """
    Return Navier's deflection under the load sum_mn p_mn sin(m pi x / a) sin(n pi y / b), at points (x, y).

    Article 28. ``coefficients`` holds p_mn in row m - 1 and column n - 1 [N/m^2]; the other parameters are those of
    `navier_deflection`.
    """
    lengths = float(as_positive("a", a)), float(as_positive("b", b))
    load = _real_array("coefficients", coefficients)
    if load.ndim != 2:
        raise ValueError(f"Parameter `coefficients` must have two axes. Found shape {load.shape}.")
    points = np.broadcast_arrays(_on_plate("x", x, lengths[0]), _on_plate("y", y, lengths[1]))
    k_x, k_y = (np.pi * np.arange(1, n + 1) / length for n, length in zip(load.shape, lengths, strict=True))
    amplitudes = load / (float(as_positive("D", D)) * (k_x[:, None] ** 2 + k_y[None, :] ** 2) ** 2)
    waves_x, waves_y = (np.sin(np.multiply.outer(p.ravel(), k)) for p, k in zip(points, (k_x, k_y), strict=True))
    return np.einsum("pm,mn,pn->p", waves_x, amplitudes, waves_y, optimize=True).reshape(points[0].shape)


def _real_array(name: str, value: ArrayLike) -> NDArray[np.float64]:
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


def _on_plate(name: str, value: ArrayLike, length: float) -> NDArray[np.float64]:
    """Return coordinates from 0 to a length; a series would go on beyond as if the plate did."""
    array = _real_array(name, value)
    outside = array[(array < -_ROUNDING * length) | (array > (1 + _ROUNDING) * length)]
    if outside.size:
        raise ValueError(f"Parameter `{name}` must lie on the plate, in [0, {length:g}]. Found {outside[0]:g}.")
    return array
