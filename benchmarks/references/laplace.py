"""Laplace's equation in a square with round holes by harmonic functions, for networks to be held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Hole = tuple[float, float, float]


def holed_square(
    side: float, holes: Sequence[Hole], order: int = 16, points: int = 400
) -> Callable[[Array, Array], Array]:
    """Return u(x, y), harmonic in a square about (0, 0), 1 on its edges and 0 on the holes, each (x, y, radius).

    The sum of harmonic polynomials, and for each hole of log(r) and of the real and imaginary parts of powers of
    1 / (z - centre), up to `order` (Trefethen, Appl. Math. Lett. 2018: series solution of Laplace problems), which
    meets the edges in the sense of least squares. No corner of the square is singular: u goes on by reflection.
    """
    along = side / 2 * np.sin(np.pi / 2 * np.linspace(-1, 1, points))
    edges = np.concatenate([1j**turn * (side / 2 + 1j * along) for turn in range(4)])
    turn = np.exp(2j * np.pi * np.arange(points) / points)
    rims = np.concatenate([complex(x, y) + radius * turn for x, y, radius in holes])

    def basis(z: NDArray[np.complex128]) -> Array:
        powers = [(2 * z / side) ** n for n in range(3 * order)]
        poles = [(radius / (z - complex(x, y))) ** n for x, y, radius in holes for n in range(1, order)]
        logs = [np.log(np.abs(z - complex(x, y))) for x, y, _ in holes]
        return np.stack([part for each in (*powers, *poles) for part in (each.real, each.imag)] + logs, axis=1)

    values = np.concatenate([np.ones(len(edges)), np.zeros(len(rims))])
    factors = np.linalg.lstsq(basis(np.concatenate([edges, rims])), values, rcond=1e-15)[0]
    return lambda x, y: basis(np.asarray(x) + 1j * np.asarray(y)) @ factors
