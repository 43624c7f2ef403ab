"""Kirchhoff plates: equation, rectangles with edges that are held, and closed solutions."""

from modulus_relobralo.plates.equation import KirchhoffPlate
from modulus_relobralo.plates.rectangle import RectangularPlate
from modulus_relobralo.plates.solutions import navier_deflection, navier_series, sinusoidal_deflection
from modulus_relobralo.plates.supports import EdgeCondition

__all__ = [
    "EdgeCondition",
    "KirchhoffPlate",
    "RectangularPlate",
    "navier_deflection",
    "navier_series",
    "sinusoidal_deflection",
]
