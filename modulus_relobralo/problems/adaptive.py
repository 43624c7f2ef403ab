"""Points where residuals are large, chosen among more candidates than a step can use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modulus_relobralo.checks import check_number

Array = NDArray[np.float64]

FRACTION = 0.5
"""How much of a draw follows the residuals."""

CANDIDATES = 16
"""Candidates per point."""

EVERY = 20
"""Steps after which new candidates are drawn and their residuals computed."""

# Of a place on Morton's curve, so that it is an integer of 64.
_BITS = 62


class Candidates:
    """Candidates, of which a fraction is drawn in proportion to their residuals and the others evenly.

    Residual-adaptive refinement by a density, as Wu et al. (Comput. Methods Appl. Mech. Eng. 2023, arXiv:2207.10289)
    have it, with the areas divided by the density: a loss stays an unbiased estimate of the integral. The candidates
    lie along a curve of Morton (Z-order), on which close ones are mostly neighbours, and a draw takes them at even
    steps of the density. So its points are spread evenly, too, as those of a quasirandom sequence (Stevens & Olsen,
    J. Am. Stat. Assoc. 2004, sample lakes and rivers so), in any shape.

    Parameters
    ----------
    points : ndarray
        Whatever the residuals depend on, [candidates, columns].
    areas : ndarray
        What each candidate stands for in an integral, [candidates].
    residuals : ndarray
        Sizes of the residuals, at least 0, [candidates]. Those that are not finite count as the mean of the others.
    fraction : float
        How much of a draw follows the residuals, in [0, 1).

    Examples
    --------
    >>> x = np.linspace(0, 1, 1000)
    >>> chosen, areas = Candidates(x[:, None], np.full(1000, 1e-3), x > 0.9, fraction=0.5).draw(100, offset=0.5)
    >>> int((x[chosen] > 0.9).sum()), round(float(areas.sum()), 3), round(float(areas @ x[chosen]), 1)
    (55, 1.0, 0.5)
    """

    def __init__(self, points: Array, areas: Array, residuals: Array, fraction: float) -> None:
        check_fraction(fraction)
        sizes = np.asarray(residuals, dtype=float)
        known = np.isfinite(sizes)
        sizes = np.where(known, sizes, sizes[known].mean() if known.any() else 1.0)
        mean = sizes.mean()
        self._density = 1 - fraction + fraction * (sizes / mean if mean > 0 else np.ones(len(sizes)))
        self._areas, self._order = areas, np.argsort(_morton(points), kind="stable")
        self._steps = np.cumsum(self._density[self._order])

    def draw(self, count: int, offset: float) -> tuple[NDArray[np.int64], Array]:
        """Return which candidates are chosen, and what each stands for, both [count].

        Parameters
        ----------
        count : int
            How many. A candidate whose residual is large enough comes more than once.
        offset : float
            Where on the curve the draw begins, in [0, 1): at random, draws are independent of one another.
        """
        places = (np.arange(count) + offset) / count * self._steps[-1]
        chosen = self._order[np.searchsorted(self._steps, places, side="right").clip(max=len(self._order) - 1)]
        return chosen, self._areas[chosen] * len(self._areas) / (count * self._density[chosen])


def check_fraction(value: float) -> float:
    """Return `value` if the fraction of a draw that follows the residuals can be it."""
    if check_number("fraction", value, 0.0, 1.0) == 1.0:
        raise ValueError(
            "Parameter `fraction` must be in [0, 1). Found `fraction = 1`: no point would be drawn where the residual "
            "vanishes, whatever it does there later."
        )
    return value


def _morton(points: Array) -> NDArray[np.int64]:
    """Return the place of each point, [points, columns], on Morton's curve through the box around all of them."""
    points = points[:, np.ptp(points, axis=0) > 0]
    if not points.shape[1]:
        return np.zeros(len(points), dtype=np.int64)
    bits, columns = max(_BITS // points.shape[1], 1), points.shape[1]
    cells = ((points - points.min(axis=0)) / np.ptp(points, axis=0) * (2**bits - 1)).astype(np.int64)
    codes = np.zeros(len(points), dtype=np.int64)
    for bit in range(bits):
        for column in range(columns):
            codes |= (cells[:, column] >> bit & 1) << (bit * columns + column)
    return codes
