"""Boundary value problems: shapes, equations, what holds on edges and at the start, and points for all of it."""

from modulus_relobralo.problems.helmholtz import HelmholtzRectangle, HelmholtzWave, standing_wave
from modulus_relobralo.problems.problem import Problem
from modulus_relobralo.problems.shapes.composite import Composite
from modulus_relobralo.problems.shapes.holes import WithHoles, annulus
from modulus_relobralo.problems.shapes.interval import Interval
from modulus_relobralo.problems.shapes.primitives import Ellipse, Polygon, Rectangle, circle
from modulus_relobralo.problems.shapes.shape import Shape

__all__ = [
    "Composite",
    "Ellipse",
    "HelmholtzRectangle",
    "HelmholtzWave",
    "Interval",
    "Polygon",
    "Problem",
    "Rectangle",
    "Shape",
    "WithHoles",
    "annulus",
    "circle",
    "standing_wave",
]
