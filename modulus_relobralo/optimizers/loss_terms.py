"""Loss terms as sums of squared rows, and the weights that a balancing gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from modulus_relobralo.optimizers.rows import Rows

# What aggregators of the hosts are: loss terms by name, each of shape [], to the balanced loss.
Balance = Callable[[dict[str, Tensor]], Tensor]


def sums_of_squares(rows: Sequence[Rows], values: Tensor) -> dict[str, Tensor]:
    """Return the loss terms, each of shape [], of the rows' `values`, [rows]; batches share the terms' names."""
    losses: dict[str, Tensor] = {}
    for batch, part in zip(rows, values.split([batch.count for batch in rows]), strict=True):
        for name, row in zip(batch.names, part.view(len(batch.names), -1), strict=True):
            losses[name] = losses[name] + row.dot(row) if name in losses else row.dot(row)
    return losses


def weigh(losses: dict[str, Tensor], balance: Balance | None) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the balanced loss, shape [], and the weight of each loss term in it, shape [].

    The weight is the derivative of the balanced loss by the term: no gradient flows through the weights themselves,
    so that this is what a gradient descent would multiply the term's gradient by.

    Raises
    ------
    ValueError
        If a weight is negative or not finite where the losses are: its root cannot multiply a row.
    """
    with torch.enable_grad():
        leaves = {name: loss.detach().requires_grad_() for name, loss in losses.items()}
        loss = sum(leaves.values(), torch.zeros(())) if balance is None else balance(leaves)
        found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    weights = {
        name: torch.zeros_like(value) if weight is None else weight.to(value.dtype)
        for (name, value), weight in zip(losses.items(), found, strict=True)
    }
    wrong = {name: float(weight) for name, weight in weights.items() if not 0 <= weight < torch.inf}
    if wrong and torch.isfinite(loss):
        raise ValueError(f"Parameter `balance` must give loss terms weights of at least 0. Found {wrong}.")
    return loss.detach(), weights


def roots(rows: Sequence[Rows], weights: dict[str, Tensor]) -> Tensor:
    """Return what each row is multiplied by, the root of its term's weight, [rows]."""
    parts = [weights[name].sqrt().expand(batch.points) for batch in rows for name in batch.names]
    return torch.cat(parts)
