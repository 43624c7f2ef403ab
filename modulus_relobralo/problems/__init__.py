"""Boundary value problems in the plane: shapes, points, and the Helmholtz equation."""

from modulus_relobralo.problems.helmholtz import HelmholtzRectangle
from modulus_relobralo.problems.helmholtz_equation import HelmholtzWave
from modulus_relobralo.problems.helmholtz_solutions import standing_wave
from modulus_relobralo.problems.shapes.ellipse import Ellipse, circle
from modulus_relobralo.problems.shapes.holes import WithHoles, annulus
from modulus_relobralo.problems.shapes.polygon import Polygon
from modulus_relobralo.problems.shapes.rectangle import Rectangle
from modulus_relobralo.problems.shapes.shape import Shape

__all__ = [
    "Ellipse",
    "HelmholtzRectangle",
    "HelmholtzWave",
    "Polygon",
    "Rectangle",
    "Shape",
    "WithHoles",
    "annulus",
    "circle",
    "standing_wave",
]
