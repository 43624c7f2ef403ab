"""Losses of the host's pointwise constraints that are means in place of integrals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Dict, Union

import torch
from torch import Tensor

from modulus_relobralo.hosts.sym import host

_Loss: Any = host.load("loss").Loss


class MeanSquareLoss(_Loss):
    """The mean of the squared residual over the part of the domain that a constraint covers.

    ::

        L = fraction * sum_i area_i lambda_i r_i^2 / sum_i area_i

    The host's own ``PointwiseLossNorm`` leaves out the division: its loss is the integral, which grows with the domain,
    so that the loss of a plate and that of its edges are weighted by an area and a length. For points that are drawn
    uniformly this is the plain mean over the points of a batch; under importance sampling the areas undo the density.

    Parameters
    ----------
    fractions : mapping, optional
        Factor of an output by its name, 1 where it is not named: the fraction of a loss term's domain that this
        constraint covers. The host adds up the losses of constraints that share an output; with the fractions the sum
        is the mean over all of them.

    Examples
    --------
    It goes where the host takes a loss::

        PointwiseInteriorConstraint(nodes, geometry, {"poisson": 0}, 1000, loss=MeanSquareLoss())
    """

    def __init__(self, fractions: Mapping[str, float] | None = None) -> None:
        super().__init__()
        # Not empty, or TorchScript could not tell the type of its values.
        self.fractions: Dict[str, float] = {"": 1.0, **(fractions or {})}

    def forward(
        self,
        invar: Dict[str, Tensor],
        pred_outvar: Dict[str, Tensor],
        true_outvar: Dict[str, Tensor],
        lambda_weighting: Dict[str, Tensor],
        step: Union[int, Tensor],
    ) -> Dict[str, Tensor]:
        """Return the loss of every output, of shape [], by its name; the arguments are of shape [points, 1]."""
        losses: Dict[str, Tensor] = {}
        for name, prediction in pred_outvar.items():
            square = lambda_weighting[name] * (prediction - true_outvar[name]).square()
            areas = invar["area"] if "area" in invar else torch.ones_like(square)
            losses[name] = self.fractions.get(name, 1.0) * (square * areas).sum() / areas.sum()
        return losses
