"""Kirchhoff plates: shape, stiffness, load, how the edges are held, and closed solutions."""

from modulus_relobralo.plates.equation import KirchhoffPlate
from modulus_relobralo.plates.loads import Patch
from modulus_relobralo.plates.plate import Plate, RectangularPlate
from modulus_relobralo.plates.solutions import navier_deflection, navier_series, sinusoidal_deflection
from modulus_relobralo.plates.stiffness import Orthotropic, flexural_rigidity
from modulus_relobralo.plates.supports import EdgeCondition, EdgeSupport

__all__ = [
    "EdgeCondition",
    "EdgeSupport",
    "KirchhoffPlate",
    "Orthotropic",
    "Patch",
    "Plate",
    "RectangularPlate",
    "flexural_rigidity",
    "navier_deflection",
    "navier_series",
    "sinusoidal_deflection",
]
