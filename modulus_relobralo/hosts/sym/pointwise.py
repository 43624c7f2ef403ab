"""One pointwise constraint of the host: how its loss is reduced, and where its points come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Dict, Union

import torch
from torch import Tensor

from modulus_relobralo.checks import check_choice
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.points import ResampledPoints
from modulus_relobralo.problems.sampling import REDUCTIONS

POINTS = ("fixed", "resampled")
"""Points that are drawn once and come again in every epoch, or new ones in every step."""

_SAMPLERS = {"interior": "sample_interior", "boundary": "sample_boundary"}

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


def pointwise_constraint(
    where: str,
    nodes: list[Any],
    geometry: Any,
    outvar: Mapping[str, Any],
    batch_size: int,
    reduction: str = "integral",
    points: str = "fixed",
    fractions: Mapping[str, float] | None = None,
    **sampling: Any,
) -> Any:
    """Constrain outputs at points of a geometry.

    Parameters
    ----------
    where : str
        ``"interior"`` or ``"boundary"``.
    nodes, geometry, outvar, batch_size
        Of the host's pointwise constraints.
    reduction : str
        ``"integral"``: the integral of the squared residual, the host's loss, which grows with the domain. ``"mean"``:
        see `MeanSquareLoss`.
    points : str
        ``"fixed"``: ``batch_per_epoch`` batches are drawn once and come again. ``"resampled"``: new points in every
        step, of which ``batch_per_epoch`` batches are drawn at once, see `ResampledPoints`.
    fractions : mapping, optional
        Of `MeanSquareLoss`.
    **sampling
        Further arguments of the host's pointwise constraints, such as ``criteria``.

    Raises
    ------
    ValueError
        If `reduction` or `points` is none of these, or contradicts an argument in `sampling`.
    """
    check_choice("reduction", reduction, REDUCTIONS)
    check_choice("points", points, POINTS)
    if reduction == "mean":
        _check_absent("reduction", reduction, sampling, ("loss",))
        sampling["loss"] = MeanSquareLoss(fractions)
    if points == "fixed":
        kinds = {"interior": host.PointwiseInteriorConstraint, "boundary": host.PointwiseBoundaryConstraint}
        return kinds[where](nodes, geometry, outvar, batch_size, **sampling)
    return _resampled(getattr(geometry, _SAMPLERS[where]), nodes, outvar, batch_size, **sampling)


def _resampled(
    sample: Any,
    nodes: list[Any],
    outvar: Mapping[str, Any],
    batch_size: int,
    loss: Any = None,
    lambda_weighting: Mapping[str, Any] | None = None,
    batch_per_epoch: int = 100,
    num_workers: int = 0,
    **sampling: Any,
) -> Any:
    # The host's sequence of quasirandom points starts from its beginning with every draw.
    _check_absent("points", "resampled", sampling, ("quasirandom", "fixed_dataset", "importance_measure", "shuffle"))
    dataset = ResampledPoints(
        lambda number: sample(number, **sampling), outvar, batch_size, batch_per_epoch, lambda_weighting
    )
    loss = loss or host.load("loss").PointwiseLossNorm()
    return host.PointwiseConstraint(nodes, dataset, loss, batch_size, True, True, num_workers)


def _check_absent(name: str, value: str, sampling: Mapping[str, Any], others: tuple[str, ...]) -> None:
    given = [other for other in others if other in sampling]
    if given:
        raise ValueError(f"`{name} = {value!r}` allows no `{'`, `'.join(given)}` beside it. Found {name} and {given}.")
