"""Weights of loss terms."""

from modulus_relobralo.balancing.plain_sum import Sum
from modulus_relobralo.balancing.relobralo import ReLoBRaLo

__all__ = ["ReLoBRaLo", "Sum"]
