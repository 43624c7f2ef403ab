"""Optimizers for physics-informed networks, and what lets one follow another in a run directory."""

from modulus_relobralo.optimizers.adam import Adam
from modulus_relobralo.optimizers.lbfgs import LBFGS
from modulus_relobralo.optimizers.natural_gradient import NaturalGradient
from modulus_relobralo.optimizers.residuals import Pointwise
from modulus_relobralo.optimizers.resumable import Resumable

__all__ = ["LBFGS", "Adam", "NaturalGradient", "Pointwise", "Resumable"]
