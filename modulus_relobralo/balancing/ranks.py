"""Agreement between the processes of a data-parallel training."""

from typing import Tuple

import torch
import torch.distributed as dist
from torch import Tensor


def count_ranks() -> int:
    """Return the number of processes that train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def is_first_rank() -> bool:
    """Return whether this process is the one that speaks for all."""
    return count_ranks() == 1 or dist.get_rank() == 0


@torch.jit.ignore
def agree(losses: Tensor, keep: Tensor) -> Tuple[Tensor, Tensor]:
    """Return the mean of the ranks' losses and the draw of rank 0, after one collective.

    Parameters
    ----------
    losses : Tensor
        Loss terms of this rank, shape [m].
    keep : Tensor
        Draw of this rank, bool, shape [1].
    """
    vote = keep.to(losses.dtype) if is_first_rank() else torch.zeros_like(keep, dtype=losses.dtype)
    total = torch.cat([losses, vote])
    dist.all_reduce(total)
    return total[:-1] / dist.get_world_size(), total[-1:] > 0


def mean_of_ranks(values: Tensor) -> Tensor:
    """Return the mean of a tensor over the processes of the training, after one collective."""
    total = values.clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()
