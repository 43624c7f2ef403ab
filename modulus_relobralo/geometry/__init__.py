"""What plates and waves share: shapes, parts of a boundary, and the symbols that people hand in."""

from modulus_relobralo.geometry.ellipse import Ellipse, circle
from modulus_relobralo.geometry.holes import WithHoles, annulus
from modulus_relobralo.geometry.polygon import Polygon
from modulus_relobralo.geometry.rectangle import Rectangle
from modulus_relobralo.geometry.shape import Shape

__all__ = ["Ellipse", "Polygon", "Rectangle", "Shape", "WithHoles", "annulus", "circle"]
