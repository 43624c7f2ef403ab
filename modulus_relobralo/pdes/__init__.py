"""Equations: PDE classes in the style of the host's own."""

from .kirchhoff_plate import KirchhoffPlate

__all__ = ["KirchhoffPlate"]
