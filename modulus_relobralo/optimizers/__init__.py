"""Optimizers for physics-informed networks."""

from modulus_relobralo.optimizers.lbfgs import LBFGS

__all__ = ["LBFGS"]
