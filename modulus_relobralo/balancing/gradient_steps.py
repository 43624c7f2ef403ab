"""A step of gradient balancing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from modulus_relobralo.balancing.gradient_equations import lag, scale
from modulus_relobralo.balancing.gradient_norms import log_gradient_norms
from modulus_relobralo.balancing.gradient_state import start
from modulus_relobralo.balancing.ranks import count_ranks, mean_of_ranks


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
    if all(loss.is_leaf and loss.requires_grad for loss in losses.values()):
        # What natural gradients hand over: there is no network behind them to look into.
        module.lmbda_ema.fill_(1.0)
    elif module._moves % module.every == 0 and torch.is_grad_enabled():
        look_at_gradients(module, losses)
    module._moves += 1


def look_at_gradients(module: Any, losses: Mapping[str, Tensor]) -> None:
    """Set the weights by the norms of the gradients now, or the last that were numbers, and by the progress."""
    found = log_gradient_norms(losses.values(), module._parameters_of_model).to(module.log_norms.dtype)
    found = found + module._static_weights.log()
    terms = torch.stack([loss.detach() for loss in losses.values()]).to(found.dtype)
    terms = torch.where(torch.isfinite(terms), terms.clamp(min=torch.finfo(found.dtype).tiny), torch.nan)
    if count_ranks() > 1:
        found, terms = mean_of_ranks(torch.stack([found, terms]))
    progress = (terms / module.init_losses).log10()
    s, f = lag(progress, module._equations)
    # Before anything has moved, all pull alike.
    s = torch.where(torch.isnan(module.init_losses).all(), 1.0, s)
    module.init_losses.copy_(torch.where(torch.isnan(module.init_losses), terms, module.init_losses))
    module.log_norms.copy_(torch.where(torch.isfinite(found), found, module.log_norms))
    module.lmbda_ema.copy_(scale(module.log_norms, module._equations, s, f, module.bound))
