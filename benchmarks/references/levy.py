"""Levy's solution of a rectangle: a sine series along x between simply supported edges, exact across."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.references.bending import Array, Rigidity

SHEAR_WAVES, WAVES = 4_000, 600
"""Waves along x: the sum for a shear leaves out the square of their number, of which 1e-4 of it is left; that for a
moment the cube."""
TOGETHER = 1e-6
"""Roots that are nearer are taken as one: the wave's answer changes by no more."""
POINTS = 100
"""At which a series is summed at a time."""

# By which derivatives of Y, in units of the wave, an edge is held: factors of Y, Y', Y'' and Y''' of each condition.
Conditions = Callable[[Rigidity], list[list[float]]]
EDGES: dict[str, Conditions] = {
    "simply_supported": lambda of: [[1, 0, 0, 0], [0, 0, 1, 0]],
    "clamped": lambda of: [[1, 0, 0, 0], [0, 1, 0, 0]],
    "free": lambda of: [[-of.D_1, 0, of.D_y, 0], [0, -(of.D_1 + 4 * of.D_xy), 0, of.D_y]],
}


@dataclass(frozen=True)
class Levy:
    """
    Articles 30 to 33, 41 to 48, 59 and 86: w = sum_m Y_m(y) sin(m pi x / a) over 0 <= x <= a, 0 <= y <= b.

    Each Y_m solves D_y Y'''' - 2 (D_1 + 2 D_xy) k^2 Y'' + (D_x k^4 + soil) Y = p_m with k = m pi / a.

    Parameters
    ----------
    a, b : float
        Lengths along x and y [m].
    rigidity : Rigidity
        Of the plate.
    load : callable
        p_m [N/m^2] by m, an array: the sine coefficients of the load along x.
    held : str
        One of `EDGES`: how the edges y = 0 and y = b are held.
    soil : float
        Winkler's stiffness [N/m^3].
    loaded : tuple[float, float], optional
        From which to which y the load lies; all of it if left out.
    """

    a: float
    b: float
    rigidity: Rigidity
    load: Callable[[Array], Array]
    held: str = "simply_supported"
    soil: float = 0.0
    loaded: tuple[float, float] | None = None

    def __call__(self, i: int, j: int, x: Array, y: Array) -> Array:
        """Return w differentiated i times by x and j times by y."""
        count = int(np.searchsorted(self._waves, (SHEAR_WAVES if i + j > 2 else WAVES) * np.pi / self.a))
        k = self._waves[:count]
        pieces = [slice(start, start + POINTS) for start in range(0, len(x), POINTS)]
        return np.concatenate([self._sum(i, j, x[piece], y[piece], k) for piece in pieces])

    def _sum(self, i: int, j: int, x: Array, y: Array, k: Array) -> Array:
        # Along an edge y is one and the same.
        levels, back = np.unique(y, return_inverse=True)
        across = self._across(j, levels, len(k))[back]
        return (k**i * np.sin(np.outer(x, k) + i * np.pi / 2) * across).sum(axis=1)

    @cached_property
    def _waves(self) -> Array:
        """k of the waves that are loaded."""
        m = np.arange(1, SHEAR_WAVES + 1)
        amplitude = self.load(m)
        return m[np.abs(amplitude) > 1e-12 * np.abs(amplitude).max()] * np.pi / self.a

    @property
    def _ends(self) -> list[float]:
        """y where pieces meet: the load's ends are inside."""
        return [0.0, *(self.loaded or ()), self.b]

    @cached_property
    def _particular(self) -> Array:
        """What the load alone makes of Y, [waves, pieces]."""
        k = self._waves
        plain = self.load(np.rint(k * self.a / np.pi)) / (self.rigidity.D_x * k**4 + self.soil)
        shares = [0.0, 1.0, 0.0] if self.loaded else [1.0]
        return np.outer(plain, shares)

    @cached_property
    def _roots(self) -> tuple[Array, Array, Array]:
        """Both roots in units of the wave, and whether they are one."""
        of, k = self.rigidity, self._waves
        middle, last = (of.D_1 + 2 * of.D_xy) / of.D_y, (of.D_x + self.soil / k**4) / of.D_y
        inside = np.asarray(middle**2 - last, dtype=complex)
        together = np.abs(inside) < TOGETHER * middle**2
        spread = np.where(together, 0, np.sqrt(inside))
        return np.sqrt(middle + spread), np.sqrt(middle - spread), together

    def _functions(self, j: int, y: Array, low: float, high: float, count: int) -> Array:
        """Return derivatives, in units of the wave, of the four solutions in a piece, [points, waves, 4]."""
        found = []
        k = self._waves[:count]
        first, second, together = (root[:count] for root in self._roots)
        for s, sign in ((y - low, 1), (high - y, (-1) ** j)):
            s = np.outer(s, k)
            one = (-first) ** j * np.exp(-first * s)
            # Of one double root the second solution is r s exp(-r s).
            double = (-first) ** j * (first * s - j) * np.exp(-first * s)
            found += [sign * one, sign * np.where(together, double, (-second) ** j * np.exp(-second * s))]
        return np.stack(found, axis=-1)

    @cached_property
    def _coefficients(self) -> Array:
        """Of the solutions in each piece, [waves, pieces, 4]; pieces agree up to the third derivative."""
        ends, particular = self._ends, self._particular
        pieces, count = len(ends) - 1, len(self._waves)
        matrix, right = np.zeros((count, 4 * pieces, 4 * pieces), dtype=complex), np.zeros((count, 4 * pieces))

        def at(y: float, piece: int) -> Array:
            functions = [self._functions(j, np.array([y]), *ends[piece : piece + 2], count)[0] for j in range(4)]
            return np.stack(functions, axis=1)

        conditions = np.array(EDGES[self.held](self.rigidity), dtype=float)
        for row, y, piece in ((0, 0.0, 0), (2, self.b, pieces - 1)):
            matrix[:, row : row + 2, 4 * piece : 4 * piece + 4] = conditions @ at(y, piece)
            right[:, row : row + 2] = -np.outer(particular[:, piece], conditions[:, 0])
        for piece in range(pieces - 1):
            rows = slice(4 + 4 * piece, 8 + 4 * piece)
            matrix[:, rows, 4 * piece : 4 * piece + 4] = at(ends[piece + 1], piece)
            matrix[:, rows, 4 * piece + 4 : 4 * piece + 8] = -at(ends[piece + 1], piece + 1)
            right[:, rows.start] = particular[:, piece + 1] - particular[:, piece]
        return np.linalg.solve(matrix, right[..., None]).reshape(count, pieces, 4)

    def _across(self, j: int, y: Array, count: int) -> Array:
        """Return Y differentiated j times, [points, waves]."""
        ends, found = self._ends, np.zeros((len(y), count))
        inside: Sequence[float] = ends[1:-1]
        for piece in range(len(ends) - 1):
            here = np.searchsorted(inside, y) == piece
            solutions = self._functions(j, y[here], *ends[piece : piece + 2], count)
            found[here] = (solutions * self._coefficients[:count, piece]).sum(-1).real * self._waves[:count] ** j
            if j == 0:
                found[here] += self._particular[:count, piece]
        return found


def uniform(q: float) -> Callable[[Array], Array]:
    """Return the sine coefficients of a load q everywhere along x."""
    return lambda m: np.where(m % 2 == 1, 4 * q / (np.pi * m), 0.0)


def rising(q: float) -> Callable[[Array], Array]:
    """Return those of a load that rises from 0 to q along x."""
    return lambda m: -2 * q * (-1.0) ** m / (np.pi * m)


def between(q: float, a: float, low: float, high: float) -> Callable[[Array], Array]:
    """Return those of a load q from x = low to x = high of 0 to a."""
    return lambda m: 2 * q / (np.pi * m) * (np.cos(m * np.pi * low / a) - np.cos(m * np.pi * high / a))
