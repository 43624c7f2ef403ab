"""The host's constraints as residuals, point by point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.pointwise import MeanSquareLoss
from modulus_relobralo.optimizers.residuals import Pointwise
from modulus_relobralo.taylor import TaylorDerivatives


class ConstraintGraph(nn.Module):
    """The graph of a constraint as a module of tensors.

    Parameters
    ----------
    graph : Graph
        Maps a dictionary of inputs to one of outputs.
    inputs : sequence of str
        Names of the inputs, in the order in which they are passed.
    """

    def __init__(self, graph: nn.Module, inputs: list[str]) -> None:
        super().__init__()
        self._graph, self._names = graph, inputs

    def forward(self, *inputs: Tensor) -> Mapping[str, Tensor]:
        """Return the outputs by name."""
        # The graph adds to the dictionary that it is given.
        return self._graph(dict(zip(self._names, inputs, strict=True)))


def residuals(constraint: Any) -> Pointwise:
    """Return the residuals of the points that `constraint` has loaded.

    Parameters
    ----------
    constraint : PointwiseConstraint
        One that `check_constraint` lets pass.
    """
    names = [str(key) for key in constraint.input_names]
    points = {name: constraint._input_vars[name].detach() for name in names}
    weights = {
        name: weight.detach() * _share(name, constraint._loss, points)
        for name, weight in constraint._lambda_weighting.items()
    }
    graph = ConstraintGraph(constraint.model, names)
    return Pointwise(graph, list(points.values()), weights, constraint._target_vars, nested=is_nested(constraint))


def _share(name: str, loss: nn.Module, points: Mapping[str, Tensor]) -> Tensor:
    """Return what a point counts in the loss of an output beside its ``lambda_weighting``, [points, 1]."""
    area = points.get("area", torch.ones_like(next(iter(points.values()))))
    return loss.fractions.get(name, 1.0) * area / area.sum() if isinstance(loss, MeanSquareLoss) else area


def is_nested(constraint: Any) -> bool:
    """Whether the constraint's graph has a node that calls autodiff on its inputs."""
    derivative = host.load("eq.derivatives").Derivative.__name__
    modules = constraint.model.modules()
    return any(derivative in (type(m).__name__, getattr(m, "original_name", None)) for m in modules)


def run_uncompiled(constraint: Any) -> None:
    """Let Taylor-mode rules run as plain tensor operations: a step here takes longer than what compiling them saves."""
    for module in constraint.model.modules():
        if isinstance(module, TaylorDerivatives):
            module.compiled = False


def check_constraint(name: str, constraint: Any) -> None:
    """Raise unless the loss of `constraint` is a weighted sum over its points of squared residuals.

    Raises
    ------
    ValueError
        If it is of another kind; the message names it and what to set.
    """
    pointwise, loss = host.load("domain.constraint").PointwiseConstraint, constraint._loss
    ending = "Set another optimizer, such as `optimizer: adam`, or take this constraint out."
    if not isinstance(constraint, pointwise):
        raise ValueError(
            f"`optimizer: natural_gradient` takes pointwise constraints. Found `{name}`, a "
            f"{type(constraint).__name__}. {ending}"
        )
    for method in ("loss", "forward"):
        if getattr(getattr(constraint, method), "__func__", None) is not getattr(pointwise, method):
            raise ValueError(
                f"`optimizer: natural_gradient` takes constraints with the host's own `{method}`. Found `{name}`, a "
                f"{type(constraint).__name__}, with another one, which it would not minimise. {ending}"
            )
    squares = type(loss) is host.load("loss.loss").PointwiseLossNorm and loss.ord == 2
    if not squares and type(loss) is not MeanSquareLoss:
        found = f"{type(loss).__name__} of order {loss.ord}" if hasattr(loss, "ord") else type(loss).__name__
        raise ValueError(
            "`optimizer: natural_gradient` takes constraints with `PointwiseLossNorm` of order 2 or `MeanSquareLoss`. "
            f"Found `{name}` with {found}. {ending}"
        )
    wide = [str(key) for key in constraint.output_names if key.size != 1]
    if wide:
        raise ValueError(
            f"`optimizer: natural_gradient` takes outputs of one column. Found {wide} of `{name}`. Give each column a "
            "key of its own."
        )
    for layer in constraint.model.modules():
        fault = _fault(layer)
        if fault:
            raise ValueError(
                f"`optimizer: natural_gradient` needs residuals that {fault}. Found {type(layer).__name__} in a "
                f"network of `{name}`. Take it out, or set another optimizer."
            )


def _fault(layer: nn.Module) -> str | None:
    """Return what the residuals of a network with `layer` would have to do and do not; None if nothing."""
    if isinstance(layer, nn.modules.batchnorm._BatchNorm):
        return "depend on their own point alone"
    if isinstance(layer, nn.modules.dropout._DropoutNd) and layer.training and layer.p > 0:
        return "are the same whenever they are computed"
    return None
