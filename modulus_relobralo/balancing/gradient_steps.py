"""A step of gradient balancing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from modulus_relobralo.balancing.gradient_equations import exponents, remember, scale
from modulus_relobralo.balancing.gradient_norms import log_gradient_norms
from modulus_relobralo.balancing.gradient_state import start
from modulus_relobralo.balancing.loss_terms import check_not_negative
from modulus_relobralo.balancing.ranks import count_ranks, mean_of_ranks

SMOOTHING = 0.01
"""Of the moving average of losses by which progress is measured: a single batch may be lucky."""


def take_step(module: Any, losses: Mapping[str, Tensor], step: int | Tensor | None) -> None:
    """Move the weights of a ReLoBRaLoGrad on, if `step` is a new one.

    Raises
    ------
    RuntimeError
        If the call is recorded in a CUDA graph.
    """
    # Before anything that reads from the device, which a recording does not allow.
    if torch.cuda.is_available() and torch.cuda.is_current_stream_capturing():
        raise RuntimeError("Gradient balancing cannot be recorded in a CUDA graph: set `cuda_graphs: false`.")
    if not losses or module.names != list(losses):
        start(module, losses)
    if step is not None:
        if int(step) == module._seen_step:
            return
        module._seen_step = int(step)
    if module._moves % module.every == 0:
        look_at_losses(module)
        look_at_gradients(module, losses)
    with torch.no_grad():
        move(module, torch.stack(list(losses.values())).to(module.lmbda_ema.dtype) * module._static_weights)
    module._moves += 1


def look_at_losses(module: Any) -> None:
    """Raise ValueError if a loss term was negative: a ratio to its own past then says nothing about progress."""
    if module.names:
        check_not_negative(module.names, module.averages.tolist())


def look_at_gradients(module: Any, losses: Mapping[str, Tensor]) -> None:
    """Let the norms follow those of the gradients now; without gradients, as in an evaluation, they stay."""
    if not torch.is_grad_enabled():
        return
    found = log_gradient_norms(losses.values(), module._parameters_of_model).to(module.log_norms.dtype)
    found = found + module._static_weights.log()
    if count_ranks() > 1:
        found = mean_of_ranks(found)
    module.log_norms.copy_(remember(module.log_norms, found, module.memory))


def move(module: Any, losses: Tensor) -> None:
    """Take one step of the balancing by the loss terms of it, shape [m]."""
    if count_ranks() > 1:
        losses = mean_of_ranks(losses)
    begun = ~torch.isnan(module.first)
    averages = torch.where(begun, torch.lerp(module.averages, losses, SMOOTHING), losses)
    first = torch.where(begun, module.first, losses)
    s = exponents(averages, first) if module._moves >= module.patience else torch.zeros_like(losses)
    weights = scale(module.log_norms, s, module._equations, module.bound)
    finite = torch.isfinite(losses).all()
    for name, value in {"averages": averages, "first": first, "lmbda_ema": weights}.items():
        getattr(module, name).copy_(torch.where(finite, value, getattr(module, name)))
