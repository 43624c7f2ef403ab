"""Kirchhoff plates: geometry, edge conditions and closed solutions."""

from .edge_condition import EdgeCondition
from .rectangular_plate import RectangularPlate
from .solutions import navier_deflection, navier_series, sinusoidal_deflection

__all__ = [
    "EdgeCondition",
    "RectangularPlate",
    "navier_deflection",
    "navier_series",
    "sinusoidal_deflection",
]
