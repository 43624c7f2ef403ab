"""The sum of the loss terms, for loops in which it stands where a balancing would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.nn import Module

from modulus_relobralo.balancing.checks import check_names, check_static_weights
from modulus_relobralo.checks import check_count


class Sum(Module):
    """The sum of loss terms, each times a static weight: what a balancing is to be compared with.

    Parameters
    ----------
    params : iterable of Tensor
        Not used; other schemes want the network's parameters.
    num_losses : int
        Number of loss terms.
    weights : mapping of str to float, optional
        Factors by name of the loss term, 1 where it is not named.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind or out of range; or, in a call, if `weights` names no loss term of it.

    Examples
    --------
    >>> float(Sum([], 2, weights={"walls": 10})({"pde": torch.tensor(3.0), "walls": torch.tensor(1.0)}))
    13.0
    """

    def __init__(self, params: Iterable[Tensor], num_losses: int, weights: Mapping[str, float] | None = None) -> None:
        super().__init__()
        del params
        check_count("num_losses", num_losses)
        self.weights = check_static_weights(weights)

    def forward(self, losses: Mapping[str, Tensor], step: int | None = None) -> Tensor:
        """Return the weighted sum, of shape []; the step does not matter."""
        del step
        check_names(list(losses), self.weights)
        return torch.stack([self.weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()
