"""Weights of loss terms."""

from modulus_relobralo.balancing.plain_sum import Sum
from modulus_relobralo.balancing.relobralo import ReLoBRaLo
from modulus_relobralo.balancing.relobralo_grad import ReLoBRaLoGrad

__all__ = ["ReLoBRaLo", "ReLoBRaLoGrad", "Sum"]
