"""Residuals of loss terms, each of which depends on its own point alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class Pointwise:
    """Residuals of one or more loss terms at a batch of points.

    The loss term `name` is the sum over the points of ``weights[name] * (module(*inputs)[name] - targets[name])**2``,
    and over all batches of a step that have a term of that name.

    Parameters
    ----------
    module : nn.Module
        Maps the inputs to a mapping from names of loss terms to residuals, [points] or [points, 1]. It holds the
        trained parameters, as its own or in networks that are its submodules. A residual may depend on its own point
        only: a batch normalisation or an integral over the batch is none, and is not noticed here.
    inputs : sequence of Tensor
        What `module` is called with, each [points, ...].
    weights : mapping of str to Tensor or float
        For each loss term what its points weigh, at least 0; [points], [points, 1] or one number. ``1 / points``
        makes it the mean of the squares, the points' areas make it an integral.
    targets : mapping of str to Tensor or float, optional
        What `module` should return, shaped like `weights`; 0 where a name is missing.
    nested : bool
        Whether `module` calls ``torch.autograd.grad`` on its inputs, into which ``torch.func`` cannot look. The rows
        of the Jacobian then take a backward pass each, several times slower.

    Raises
    ------
    ValueError
        If a tensor has another number of points, or a weight is negative or not finite.
    """

    module: nn.Module
    inputs: Sequence[Tensor]
    weights: Mapping[str, Tensor | float]
    targets: Mapping[str, Tensor | float] | None = None
    nested: bool = False

    def __post_init__(self) -> None:
        """Check what would otherwise be broadcast, or become a row that is not a number."""
        sizes = {len(tensor) for tensor in self.inputs}
        if len(sizes) != 1:
            raise ValueError(f"Parameter `inputs` must be tensors of one number of points. Found {sorted(sizes)}.")
        if not self.weights:
            raise ValueError("Parameter `weights` must name at least one loss term. Found none.")
        unknown = sorted(set(self.targets or ()) - set(self.weights))
        if unknown:
            raise ValueError(f"Parameter `targets` must be of loss terms {list(self.weights)}. Found {unknown}.")
        for label, values in (("weights", self.weights), ("targets", self.targets or {})):
            for name, value in values.items():
                if isinstance(value, Tensor) and value.numel() not in (1, self.points):
                    raise ValueError(
                        f"Parameter `{label}` must have one number for each of {self.points} points. Found "
                        f"`{label}[{name!r}]` of shape {tuple(value.shape)}."
                    )
        for name, value in self.weights.items():
            lowest = float(value.min()) if isinstance(value, Tensor) else value
            if not 0 <= lowest < float("inf"):
                raise ValueError(f"Parameter `weights` must be at least 0. Found `weights[{name!r}]` with {lowest}.")

    @property
    def points(self) -> int:
        """Number of points."""
        return len(self.inputs[0])
