"""The screened Poisson equation in a square with round holes, for networks to be held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ive, kve

Array = NDArray[np.float64]
Hole = tuple[float, float, float]

HOLES: tuple[Hole, ...] = ((0.5, 0.5, 0.2), (0.4, -0.4, 0.4), (-0.2, -0.7, 0.1), (-0.6, 0.5, 0.3))
"""Middles and radii of PINNacle's Poisson 2d-CG."""
CORNERS = (1 + 1j, -1 + 1j, -1 - 1j, 1 - 1j)


def poisson_boltzmann(
    k: float = 8, holes: Sequence[Hole] = HOLES, order: int = 30, points: int = 400
) -> Callable[[Array, Array], Array]:
    """Return u(x, y) with -u_xx - u_yy + k^2 u = 10 (17 + x^2 + y^2) sin(pi x) sin(4 pi y) in [-1, 1]^2 without holes.

    It is 0.2 on the square and 1 on the holes: a particular solution, and a sum of modified Bessel functions about the
    middle of the square and of each hole, and about points that draw near to each corner from outside, since the
    solution is not smooth there (Gopal & Trefethen, SIAM J. Numer. Anal. 2019, for Laplace's equation). The sum meets
    the edges in the sense of least squares; nowhere does it miss by more than on the edges, by the maximum principle.
    """
    near = np.sin(np.pi / 2 * np.linspace(-1, 1, points))
    # Closer still to the corners, as the points outside are.
    near = np.concatenate([near, *(side * (1 - np.geomspace(1e-6, 0.1, points // 4)) for side in (-1, 1))])
    square = np.concatenate([1j**turn * (1 + 1j * near) for turn in range(4)])
    turn = np.exp(2j * np.pi * np.arange(points) / points)
    rims = np.concatenate([complex(x, y) + radius * turn for x, y, radius in holes])
    away = 2 * np.exp(-4 * (np.sqrt(order) - np.sqrt(np.arange(1, order + 1))))
    outside = [corner * (1 + step) for corner in CORNERS for step in away]

    def basis(z: NDArray[np.complex128]) -> Array:
        parts = [_waves(z, 0, k, n, _growing, np.sqrt(2)) for n in range(2 * order)]
        parts += [_waves(z, complex(x, y), k, n, _fading, radius) for x, y, radius in holes for n in range(order)]
        parts += [_waves(z, at, k, n, _fading, abs(at) - np.sqrt(2)) for at in outside for n in range(2)]
        return np.concatenate(parts, axis=1)

    z = np.concatenate([square, rims])
    wanted = np.where(np.arange(len(z)) < len(square), 0.2, 1) - _particular(z.real, z.imag, k)
    factors = np.linalg.lstsq(basis(z), wanted, rcond=1e-14)[0]
    return lambda x, y: _particular(x, y, k) + basis(np.asarray(x) + 1j * np.asarray(y)) @ factors


def _growing(n: int, r: Array, size: float) -> Array:
    return ive(n, r) / ive(n, size) * np.exp(r - size)


def _fading(n: int, r: Array, size: float) -> Array:
    return kve(n, r) / kve(n, size) * np.exp(size - r)


def _waves(
    z: NDArray[np.complex128], at: complex, k: float, n: int, radial: Callable[..., Array], size: float
) -> Array:
    """Return the one or two functions of order n about a point, of order one at a distance."""
    away = z - at
    turned = np.exp(1j * n * np.angle(away)) * radial(n, k * np.abs(away), k * size)
    return np.stack([turned.real, turned.imag][: 1 + (n > 0)], axis=1)


def _particular(x: Array, y: Array, k: float) -> Array:
    """Return a function that satisfies the equation and no condition."""
    total = 17 * np.pi**2 + k**2
    squares = 10 / total
    along_x, along_y = 4 * np.pi * squares / total, 16 * np.pi * squares / total
    plain = (170 + 4 * squares - 2 * np.pi * along_x - 8 * np.pi * along_y) / total
    sine_x, sine_y = np.sin(np.pi * x), np.sin(4 * np.pi * y)
    return (
        (plain + squares * (x**2 + y**2)) * sine_x * sine_y
        + along_x * x * np.cos(np.pi * x) * sine_y
        + along_y * y * sine_x * np.cos(4 * np.pi * y)
    )
