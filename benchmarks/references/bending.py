"""Moments, and reactions along edges, of a deflection whose derivatives are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
"""NumPy's, of floats."""

Derivative = Callable[[int, int, Array, Array], Array]
"""w differentiated i times by x and j times by y, at points: (i, j, x, y)."""

STEP = 1e-4
"""Of the length of a curved edge: that over which the twisting moment is differenced."""


@dataclass(frozen=True)
class Rigidity:
    """Rigidities [N m] as in article 86: M_x = -(D_x w_xx + D_1 w_yy), M_xy = -2 D_xy w_xy."""

    D_x: float
    D_y: float
    D_1: float
    D_xy: float

    @classmethod
    def isotropic(cls, D: float, nu: float) -> Rigidity:
        return cls(D, D, nu * D, (1 - nu) / 2 * D)


@dataclass(frozen=True)
class Bending:
    """
    A plate whose deflection is known.

    Parameters
    ----------
    w : Derivative
        Its deflection [m], up to the third derivatives.
    rigidity : Rigidity
        Of all of it, or at x = 0 where the thickness grows.
    factor : Derivative, optional
        By which the rigidity is multiplied at a place, and the first derivatives of that; 1 if left out.
    """

    w: Derivative
    rigidity: Rigidity
    factor: Derivative | None = None

    def fields(self, x: Array, y: Array) -> dict[str, Array]:
        """Return the deflection [m] and the moments [N m/m] at points."""
        return {"w": self.w(0, 0, x, y), **self._moments(x, y)}

    def reaction(self, edge: Any, fractions: Array) -> Array:
        """Return what a support pushes with [N/m], -V_n, at fractions of an edge of `modulus_relobralo.problems`."""
        place = edge.at(fractions)
        x, y, n_x, n_y = (place[name] for name in ("x", "y", "normal_x", "normal_y"))
        by_x, by_y = (self._moments(x, y, derived) for derived in ((1, 0), (0, 1)))
        shear = (by_x["M_x"] + by_y["M_xy"]) * n_x + (by_x["M_xy"] + by_y["M_y"]) * n_y
        if edge.curvature == 0:
            twisting = -_twisting(by_x, n_x, n_y) * n_y + _twisting(by_y, n_x, n_y) * n_x
        else:
            # Along a curve the normal turns too: the derivative is that of what is on the edge.
            ends = [edge.at(np.mod(fractions + step, 1.0)) for step in (-STEP, STEP)]
            low, high = (_twisting(self._moments(p["x"], p["y"]), p["normal_x"], p["normal_y"]) for p in ends)
            twisting = (high - low) / (2 * STEP * edge.length)
        return -(shear + twisting)

    def corner(self, corner: Any) -> float:
        """Return the force [N] that holds a corner down or up: by how much the twisting moment of the edge jumps."""
        x, y = (np.array([value]) for value in corner.point)
        half, angle = corner.turn / 2, np.arctan2(corner.normal[1], corner.normal[0])
        moments = self._moments(x, y)
        before, after = (
            float(_twisting(moments, np.cos(angle + turn), np.sin(angle + turn))[0]) for turn in (-half, half)
        )
        return before - after

    def _moments(self, x: Array, y: Array, derived: tuple[int, int] = (0, 0)) -> dict[str, Array]:
        """Return the moments, or their derivatives by x or by y."""
        of = self.rigidity
        i, j = derived

        def moments(i: int, j: int) -> dict[str, Array]:
            xx, yy, xy = self.w(i + 2, j, x, y), self.w(i, j + 2, x, y), self.w(i + 1, j + 1, x, y)
            return {
                "M_x": -(of.D_x * xx + of.D_1 * yy),
                "M_y": -(of.D_y * yy + of.D_1 * xx),
                "M_xy": -2 * of.D_xy * xy,
            }

        found = moments(i, j)
        if self.factor is None:
            return found
        found = {name: self.factor(0, 0, x, y) * value for name, value in found.items()}
        if derived != (0, 0):
            slope = self.factor(i, j, x, y)
            found = {name: found[name] + slope * value for name, value in moments(0, 0).items()}
        return found


def _twisting(moments: Mapping[str, Array], n_x: Array, n_y: Array) -> Array:
    """Return the moment M_nt that twists an edge with normal n and tangent t = (-n_y, n_x)."""
    return (moments["M_y"] - moments["M_x"]) * n_x * n_y + moments["M_xy"] * (n_x**2 - n_y**2)
