"""Optimizers for physics-informed networks."""

from modulus_relobralo.optimizers.lbfgs import LBFGS
from modulus_relobralo.optimizers.natural_gradient import NaturalGradient
from modulus_relobralo.optimizers.pointwise import Pointwise

__all__ = ["LBFGS", "NaturalGradient", "Pointwise"]
