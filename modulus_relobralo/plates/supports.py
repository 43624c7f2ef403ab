"""How the edge of a plate is held."""

from __future__ import annotations

from enum import Enum


class EdgeCondition(str, Enum):
    """
    A homogeneous condition on the edge of a plate.

    ``SIMPLY_SUPPORTED``: neither deflection nor bending moment, w = 0 and M_n = 0.
    ``CLAMPED``: neither deflection nor rotation, w = 0 and slope_n = 0.

    Corners need no condition of their own where w = 0 on both edges: the corner force 2 M_xy is then a reaction.
    A free edge would be a member here, with the condition of its corners beside it.

    Members are strings, so a config writes them as "simply_supported" and "clamped".
    """

    SIMPLY_SUPPORTED = "simply_supported"
    CLAMPED = "clamped"

    @property
    def vanishing(self) -> tuple[str, ...]:
        """The outputs of `KirchhoffPlate` that are zero on such an edge."""
        return ("w", "M_n") if self is EdgeCondition.SIMPLY_SUPPORTED else ("w", "slope_n")
