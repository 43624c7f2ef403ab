"""Plates and waves in a training loop of one's own: their points, loss terms and residuals, without a host."""

from modulus_relobralo.geometry.samples import Samples, samples
from modulus_relobralo.loops.loss_terms import LossTerms, Points
from modulus_relobralo.loops.residuals import Residuals

__all__ = ["LossTerms", "Points", "Residuals", "Samples", "samples"]
