"""One pointwise constraint of the host: how its loss is reduced, and where its points come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Dict, Union

import numpy as np
import torch
from torch import Tensor

from modulus_relobralo.checks import check_choice
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.points import AdaptivePoints, Batch, ResampledPoints
from modulus_relobralo.problems.sampling import REDUCTIONS

_NEW = {"resampled": ResampledPoints, "adaptive": AdaptivePoints}

POINTS = ("fixed", *_NEW)
"""Points that are drawn once and come again in every epoch; new ones in every step; and where residuals are large."""

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


class SensorConstraint(host.PointwiseConstraint):
    """Measured values at given points: conditions on the solution."""


def sensor_constraint(
    nodes: list[Any], data: Mapping[str, Any], outputs: Iterable[str], batch_size: int, loss: Any = None
) -> Any:
    """Constrain outputs at sensors: the loss is the mean of the squares over the points of a step.

    Parameters
    ----------
    nodes : list of Node
        Of the host's pointwise constraints.
    data : mapping of str to ndarray
        A column for each input, and one for each output with what was measured, each [points].
    outputs : iterable of str
        Names of the outputs.
    batch_size : int
        Points per step.
    loss : Loss, optional
        Of the host's pointwise constraints.
    """
    columns = {name: column[:, None] for name, column in data.items()}
    outvar = {name: columns.pop(name) for name in outputs}
    columns["area"] = np.full((len(next(iter(columns.values()))), 1), 1 / batch_size)
    loss = loss or host.load("loss").PointwiseLossNorm()
    return SensorConstraint.from_numpy(nodes, columns, outvar, batch_size, loss=loss)


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
        step, of which ``batch_per_epoch`` batches are drawn at once, see `ResampledPoints`. ``"adaptive"``: new points
        in every step, a ``fraction`` of them where the residual is large, chosen among ``batch_per_epoch`` candidates
        per point, which last for ``every`` steps, see `AdaptivePoints`.
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
    return _new(points, getattr(geometry, _SAMPLERS[where]), nodes, outvar, batch_size, **sampling)


def _new(
    points: str,
    sample: Any,
    nodes: list[Any],
    outvar: Mapping[str, Any],
    batch_size: int,
    loss: Any = None,
    num_workers: int = 0,
    **sampling: Any,
) -> Any:
    # The host's sequence of quasirandom points starts from its beginning with every draw.
    _check_absent("points", points, sampling, ("quasirandom", "fixed_dataset", "importance_measure", "shuffle"))
    own = {"lambda_weighting": sampling.pop("lambda_weighting", None)}
    own |= {"batches": sampling.pop("batch_per_epoch")} if "batch_per_epoch" in sampling else {}
    if points == "adaptive":
        own |= {name: sampling.pop(name) for name in ("fraction", "every") if name in sampling}
        if num_workers:
            raise ValueError(
                "`points = 'adaptive'` needs `num_workers = 0`: the residuals are those of the network in training, "
                f"which no other process has. Found `num_workers = {num_workers}`."
            )
    dataset = _NEW[points](lambda number: sample(number, **sampling), outvar, batch_size, **own)
    loss = loss or host.load("loss").PointwiseLossNorm()
    constraint = host.PointwiseConstraint(nodes, dataset, loss, batch_size, True, True, num_workers)
    dataset.residuals = partial(_residuals, constraint)
    return constraint


def _residuals(constraint: Any, batch: Batch) -> Tensor:
    """Return the sizes of the residuals at points of a batch, of all outputs together, [points]."""
    device = constraint.device
    invar, outvar, weights = ({name: value.to(device) for name, value in part.items()} for part in batch)
    graph = getattr(constraint.model, "module", constraint.model)
    with torch.enable_grad():
        found = graph({name: value.requires_grad_() for name, value in invar.items()})
    squares = [weights[name] * (found[name].detach() - value).square() for name, value in outvar.items()]
    return torch.cat(squares, dim=1).sum(dim=1).sqrt()


def _check_absent(name: str, value: str, sampling: Mapping[str, Any], others: tuple[str, ...]) -> None:
    given = [other for other in others if other in sampling]
    if given:
        raise ValueError(f"`{name} = {value!r}` allows no `{'`, `'.join(given)}` beside it. Found {name} and {given}.")
