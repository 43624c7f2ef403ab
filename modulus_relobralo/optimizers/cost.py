"""What a step of natural gradients will at least cost, told before the first one where it is too much."""

from __future__ import annotations

import logging
import os
import time

import torch
from torch import Tensor

logger = logging.getLogger(__name__)

# Seconds of a step that nobody waits for thousands of times.
LONG = 60.0
# Of a Gram matrix of n x n: the sum, the damped one and its factor.
MATRICES = 3
# Products of square matrices that say how fast the device multiplies: some milliseconds on one core.
SIZE, ROUNDS = 512, 3


def least_seconds(unknowns: int, others: int, like: Tensor) -> float:
    """Return what a step takes for its system alone: five eighths of the Gram matrix, and its factor.

    Parameters
    ----------
    unknowns, others : int
        The rows of a dual system and the parameters, in a primal one the other way round.
    like : Tensor
        Of the step's dtype, on its device.
    """
    return (5 / 8 * 2 * unknowns**2 * others + unknowns**3 / 3) / _speed(like)


def warn_if_hopeless(rows: int, parameters: int, primal: bool, like: Tensor) -> None:
    """Say in the log if a step takes more than a minute for its system alone, or more memory than there is.

    Parameters
    ----------
    rows, parameters : int
        Of the step.
    primal : bool
        Which system is solved.
    like : Tensor
        Of the step's dtype, on its device.
    """
    unknowns, others = (parameters, rows) if primal else (rows, parameters)
    seconds, gigabytes = least_seconds(unknowns, others, like), MATRICES * 8 * unknowns**2 / 2**30
    there = _memory(like.device) / 2**30
    wrong = [f"{seconds:.0f} s"] if seconds > LONG else []
    wrong += [f"{gigabytes:.0f} GiB of memory, where there are {there:.0f}"] if gigabytes > there else []
    if wrong:
        logger.warning(
            "A step of natural gradients with %d rows by %d parameters will take at least %s: the %s system has %d "
            "unknowns. Take fewer points or a smaller network, or `optimizer: soap`, whose steps cost little more than "
            "those of Adam.",
            *(rows, parameters, " and ".join(wrong), "primal" if primal else "dual", unknowns),
        )


def _speed(like: Tensor) -> float:
    """Return the operations per second in products of matrices, the best of some."""
    matrix, best = like.new_ones(SIZE, SIZE), float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        float((matrix @ matrix)[0, 0])  # waits for the device
        best = min(best, time.perf_counter() - start)
    return 2 * SIZE**3 / best


def _memory(device: torch.device) -> int:
    """Return the bytes of memory that there are."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
