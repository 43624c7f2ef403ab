"""
Closed solutions of the simply supported rectangular plate on [0, a] x [0, b].

References
----------
S. Timoshenko, S. Woinowsky-Krieger: Theory of Plates and Shells, 2nd ed., McGraw-Hill 1959, articles 27 and 28.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Expr, Symbol, pi, sin, sympify

from modulus_relobralo.checks import check_count, check_positive


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
    for name, value in {"a": a, "b": b, "D": D}.items():
        check_positive(name, value)
    amplitude = sympify(p0) / (pi**4 * D * (1 / sympify(a) ** 2 + 1 / sympify(b) ** 2) ** 2)
    return amplitude * sin(pi * Symbol("x") / a) * sin(pi * Symbol("y") / b)


def navier_deflection(
    x: ArrayLike, y: ArrayLike, a: float, b: float, D: float, q: float, terms: int = 50
) -> NDArray[np.float64]:
    """
    Return Navier's deflection under a uniform load q, at points (x, y).

    The load's sine coefficients are 16 q / (pi^2 m n) for odd m and n and zero else, article 28.

    Parameters
    ----------
    x, y : array_like
        Coordinates, of one shape.
    a, b : float
        Lengths of the plate.
    D : float
        Flexural rigidity.
    q : float
        Load per area.
    terms : int
        Number of odd waves in each direction. What is left out of the deflection falls as terms^-4.

    Returns
    -------
    ndarray
        The deflection, of the shape of x and y.

    Examples
    --------
    >>> print(f"{navier_deflection(0.5, 0.5, a=1, b=1, D=1, q=1):.5f}")
    0.00406
    """
    check_count("terms", terms)
    waves = np.arange(1, 2 * terms + 1)
    odd = waves % 2
    return navier_series(x, y, a, b, D, 16 * q / np.pi**2 * np.outer(odd / waves, odd / waves))


def navier_series(
    x: ArrayLike, y: ArrayLike, a: float, b: float, D: float, coefficients: ArrayLike
) -> NDArray[np.float64]:
    """
    Return Navier's deflection under the load sum_mn p_mn sin(m pi x / a) sin(n pi y / b), at points (x, y).

    Article 28. ``coefficients`` holds p_mn in row m - 1 and column n - 1; the other parameters are those of
    `navier_deflection`.
    """
    for name, value in {"a": a, "b": b, "D": D}.items():
        check_positive(name, value)
    load: NDArray[Any] = np.asarray(coefficients, dtype=np.float64)
    if load.ndim != 2:
        raise ValueError(f"Parameter `coefficients` must have two axes. Found shape {load.shape}.")
    points = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    k_x, k_y = (np.pi * np.arange(1, n + 1) / length for n, length in zip(load.shape, (a, b), strict=True))
    amplitudes = load / (D * (k_x[:, None] ** 2 + k_y[None, :] ** 2) ** 2)
    waves_x, waves_y = (np.sin(np.multiply.outer(p.ravel(), k)) for p, k in zip(points, (k_x, k_y), strict=True))
    return np.einsum("pm,mn,pn->p", waves_x, amplitudes, waves_y, optimize=True).reshape(points[0].shape)
