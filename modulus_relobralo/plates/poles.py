"""
Biharmonic functions with their pole in a hole of a plate, and of one value around it.

In z = x + i y from the middle of the hole, all are real or imaginary parts of conj(z)^m g(z) with m = 0 or 1 and an
analytic g (Goursat's form): powers of 1/z, and the logarithms that have one value around the hole. Derivatives follow
from d/dx = d/dz + d/dconj(z), d/dy = i (d/dz - d/dconj(z)).
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np
from numpy.typing import NDArray

from modulus_relobralo.plates.values import Array, Orders, Points
from modulus_relobralo.problems.shapes.shape import HolePole

Complex = NDArray[np.complex128]
Analytic = Callable[[Complex, int], Complex]

POLES = 4
"""How often the functions around a hole may go up and down."""
COUNT = 4 + 4 * POLES
"""How many functions there are for a hole."""


def around(pole: HolePole, points: Points, order: Orders) -> list[Array]:
    """Return a derivative of each of the functions of a hole, by how often it is taken by x and by y."""
    x, y, size, _ = pole
    z = np.zeros(points["x"].shape, dtype=np.complex128)
    z.real, z.imag = (points["x"] - x) / size, (points["y"] - y) / size
    powers = [_derivative(z, m, _power(k), order) for k in range(1, POLES + 1) for m in (0, 1)]
    plain, conjugate = _derivative(z, 0, _z_log, order), _derivative(z, 1, _log, order)
    functions = [
        _derivative(z, 0, _log, order).real,  # log r
        _derivative(z, 1, _z_log, order).real,  # r^2 log r
        (plain + conjugate).real / 2,  # x log r
        (plain - conjugate).imag / 2,  # y log r
        *(part for power in powers for part in (power.real, power.imag)),
    ]
    return [function / size ** sum(order) for function in functions]


def _derivative(z: Complex, m: int, g: Analytic, order: Orders) -> Complex:
    """Return a derivative of conj(z)^m g(z)."""
    i, j = order
    n = i + j
    if m == 0:
        return 1j**j * g(z, n)
    # Of (d/dz + d/dc)^i (d/dz - d/dc)^j with c = conj(z), c times a function of z keeps what has d/dc once or never.
    return 1j**j * (z.conj() * g(z, n) + ((i - j) * g(z, n - 1) if n else 0))


def _power(k: int) -> Analytic:
    return lambda z, n: float((-1) ** n * factorial(k + n - 1) // factorial(k - 1)) * z ** (-k - n)


def _log(z: Complex, n: int) -> Complex:
    if n == 0:
        return np.log(z)
    return float((-1) ** (n - 1) * factorial(n - 1)) * z ** (-n)


def _z_log(z: Complex, n: int) -> Complex:
    if n < 2:
        return np.asarray(z * np.log(z) if n == 0 else np.log(z) + 1, dtype=np.complex128)
    return float((-1) ** n * factorial(n - 2)) * z ** (1 - n)
