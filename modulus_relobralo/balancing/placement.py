"""Where the state of an aggregator lies, and in which precision: that of the losses, whatever a module is moved to."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def widest_dtype(losses: Tensor) -> torch.dtype:
    """Return the dtype to balance in: that of the losses, and at least float32.

    The temperature times a loss of 1e-4, and eps, are 0 in half precision.
    """
    return torch.promote_types(losses.dtype, torch.float32)


def follow(buffer: Tensor, move: Callable[[Tensor], Tensor]) -> Tensor:
    """Return `buffer` where `move` takes it, in its own dtype.

    Parameters
    ----------
    buffer : Tensor
        A buffer of the aggregator.
    move : callable
        What ``torch.nn.Module._apply`` is given by ``to``, ``half``, ``float``, ``double``, ``cuda`` and their like.
        A module is brought to half precision with the network that is trained; the losses of the past would lose
        their digits by it, and those below 6e-8 become 0.
    """
    try:
        moved = move(buffer)
    except TypeError:
        if buffer.dtype != torch.float64:
            raise
        # A device without float64, such as Apple's MPS: losses on it are of float32 at most.
        return follow(buffer.to(torch.float32), move)
    return moved if moved.dtype == buffer.dtype else buffer.to(moved.device)
