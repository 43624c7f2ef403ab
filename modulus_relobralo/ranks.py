"""Agreement between the processes of a data-parallel training."""

from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def count_ranks() -> int:
    """Return the number of processes that train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def is_first_rank() -> bool:
    """Return whether this process is the one that speaks for all."""
    return count_ranks() == 1 or dist.get_rank() == 0


def all_reduce_mean(values: Tensor) -> Tensor:
    """Return the mean of a tensor over the processes of the training, after one collective; in one process itself."""
    return values if count_ranks() == 1 else all_reduce_sum(values) / count_ranks()


def all_reduce_sum(values: Tensor) -> Tensor:
    """Return the sum of a tensor over the processes of the training, as `all_reduce_mean` does the mean."""
    if count_ranks() == 1:
        return values
    total = values.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total


def check_together(names: list[str], check: Callable[[], None]) -> None:
    """Run the check of a first call on all ranks, and raise on all of them if it fails on one or their names differ.

    A rank that stopped alone would leave the others waiting for it.

    Raises
    ------
    TypeError, ValueError
        Those of `check`; or, if the loss terms of the ranks are not the same, which terms each has.
    """
    error: Exception | None = None
    try:
        check()
    except (TypeError, ValueError) as found:
        error = found
    everywhere: list[Any] = [(names, error and str(error))]
    if count_ranks() > 1:
        everywhere = [None] * count_ranks()
        dist.all_gather_object(everywhere, (names, error and str(error)))
    if error is not None:
        raise error
    for rank, (_, message) in enumerate(everywhere):
        if message is not None:
            raise ValueError(f"Rank {rank} stopped: {message}")
    if any(theirs != names for theirs, _ in everywhere):
        found_names = {rank: theirs for rank, (theirs, _) in enumerate(everywhere)}
        raise ValueError(f"All ranks must have the same loss terms. Found, by rank, {found_names}.")
