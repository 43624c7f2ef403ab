"""How hard each loss term pulls at the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor


def log_gradient_norms(losses: Iterable[Tensor], parameters: Sequence[Tensor]) -> Tensor:
    """Return the logarithms of the norms of the gradients, shape [m]; minus infinity or NaN where there is none.

    Each term is differentiated by itself: a term costs the way back through its own points, all of them about one
    backward pass. Their graph stays, for that of the sum.

    Parameters
    ----------
    losses : iterable of Tensor
        Loss terms, each of shape [].
    parameters : sequence of Tensor
        Those that are trained.
    """
    return torch.stack([_log_norm(loss, parameters) for loss in losses])


def _log_norm(loss: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    value = loss.detach()
    if not loss.requires_grad:
        return torch.full_like(value, -torch.inf)
    # Of the root, and then times it: in half precision the gradient of a small mean of squares would be nothing.
    seed = torch.where(value > 0, value.rsqrt(), torch.ones_like(value))
    found = torch.autograd.grad(loss, parameters, grad_outputs=seed, retain_graph=True, allow_unused=True)
    norms = [gradient.norm().to(value.dtype) for gradient in found if gradient is not None]
    return torch.stack(norms).norm().log() - seed.log() if norms else torch.full_like(value, -torch.inf)
