"""Ritz's method for a clamped rectangle, for which there is no closed form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import legendre

from benchmarks.references.bending import Array

FUNCTIONS = 18
"""Along each axis; 14 give the same edge shear to 1e-5, the moment to 1e-7."""


@dataclass(frozen=True)
class ClampedRectangle:
    """
    Article 44 by another way: w = sum c_ij f_i(x) f_j(y) of least energy under a uniform load.

    f_i is the second integral of what is orthogonal to linear functions, a combination of three Legendre polynomials
    that is zero with its slope at both ends.

    Parameters
    ----------
    a, b : float
        Lengths along x and y [m], from 0.
    D : float
        Flexural rigidity [N m].
    q : float
        Load [N/m^2].
    """

    a: float
    b: float
    D: float
    q: float

    def __call__(self, i: int, j: int, x: Array, y: Array) -> Array:
        """Return w differentiated i times by x and j times by y."""
        along, across = _functions(i, 2 * x / self.a - 1), _functions(j, 2 * y / self.b - 1)
        sums = np.einsum("pi,ij,pj->p", along, self._coefficients, across)
        return sums * (2 / self.a) ** i * (2 / self.b) ** j

    @cached_property
    def _coefficients(self) -> Array:
        nodes, weights = legendre.leggauss(2 * FUNCTIONS + 8)
        plain, slope, second = (_functions(order, nodes) for order in range(3))
        mass, stretch, bend = ((f * weights[:, None]).T @ f for f in (plain, slope, second))
        p, q = 2 / self.a, 2 / self.b
        # Of a clamped plate the energy is that of the Laplacian squared.
        energy = p**4 * np.kron(bend, mass) + q**4 * np.kron(mass, bend) + 2 * (p * q) ** 2 * np.kron(stretch, stretch)
        push = weights @ plain
        return np.linalg.solve(self.D * energy, self.q * np.kron(push, push)).reshape(FUNCTIONS, FUNCTIONS)


def _functions(order: int, t: Array) -> Array:
    """Return derivatives of the even functions at t, [points, FUNCTIONS]."""
    columns = []
    for n in range(2, 2 * FUNCTIONS + 2, 2):
        # integrated twice, P_n is zero at both ends with its slope
        series = legendre.legint([0.0] * n + [1.0], 2, lbnd=-1)
        columns.append(legendre.legval(t, legendre.legder(series, order)))
    return np.stack(columns, axis=-1)
