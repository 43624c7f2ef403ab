"""A step of a loop, the same for every optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from modulus_relobralo.loops.loss_terms import LossTerms, Points
from modulus_relobralo.optimizers.natural_gradient import NaturalGradient

Balance = Callable[[dict[str, Tensor], int], Tensor]


def take_step(
    optimizer: Optimizer, terms: LossTerms, balance: Balance, points: Mapping[str, Points], step: int
) -> tuple[dict[str, Tensor], Tensor]:
    """Let an optimizer take one step, and return the loss terms and the balanced loss before it, each of shape [].

    Parameters
    ----------
    optimizer : Optimizer
        Of the network's parameters: `NaturalGradient`, L-BFGS or any other of PyTorch.
    terms : LossTerms
        The loss terms; of data-parallel training their `DistributedDataParallel`, which natural gradients do not take.
    balance : callable
        ``balance(losses, step) -> loss``: `ReLoBRaLo` or `Sum`. Several calls with one step count as one.
    points : mapping of str to Points
        Of ``terms.draw(step)``.
    step : int
        Number of the step.
    """
    seen: list[tuple[dict[str, Tensor], Tensor]] = []

    def note(losses: dict[str, Tensor]) -> Tensor:
        loss = balance(losses, step)
        seen.append(({name: term.detach() for name, term in losses.items()}, loss.detach()))
        return loss

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = note(terms(points))
        loss.backward()
        return loss

    wanted: Any = optimizer
    if isinstance(optimizer, NaturalGradient):
        wanted.step(terms.pointwise(points), note)
    else:
        wanted.step(closure)
    return seen[0]
