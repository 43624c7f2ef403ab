"""A step of a loop, the same for every optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from modulus_relobralo.loops.loss_terms import LossTerms
from modulus_relobralo.optimizers.natural_gradient import NaturalGradient

Balance = Callable[[dict[str, Tensor], int], Tensor]
Terms = Callable[[Any], dict[str, Tensor]]


def take_step(
    optimizer: Optimizer, terms: Terms, balance: Balance, points: Any, step: int
) -> tuple[dict[str, Tensor], Tensor]:
    """Let an optimizer take one step, and return the loss terms and the balanced loss before it, each of shape [].

    Parameters
    ----------
    optimizer : Optimizer
        Of the network's parameters: `NaturalGradient`, L-BFGS or any other of PyTorch.
    terms : callable
        ``terms(points) -> losses``: `LossTerms`, in data-parallel training their `DistributedDataParallel`, or a
        function of one's own. Natural gradients take `LossTerms` alone.
    balance : callable
        ``balance(losses, step) -> loss``: `ReLoBRaLo` or `Sum`. Several calls with one step count as one.
    points : object
        What `terms` takes: of `LossTerms`, what ``terms.draw(step)`` returns.
    step : int
        Number of the step.

    Raises
    ------
    TypeError
        If natural gradients are given other terms than `LossTerms`.
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
        if not isinstance(terms, LossTerms):
            raise TypeError(
                "Natural gradients need residuals point by point: parameter `terms` must be LossTerms, not wrapped for "
                f"several processes. Found {type(terms).__name__}. Every other optimizer takes it."
            )
        wanted.step(terms.pointwise(points), note)
    else:
        wanted.step(closure)
    return seen[0]
