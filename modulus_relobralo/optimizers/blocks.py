"""Blocks of parameters: what of a Jacobian is in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Piece:
    """A part of one parameter: its slices [start, stop) along the first dimension.

    Parameters
    ----------
    index : int
        Which parameter.
    start, stop : int
        Slices. A parameter of shape [] has one.
    """

    index: int
    start: int
    stop: int

    def of(self, tensors: Sequence[Tensor]) -> Tensor:
        """Return this piece of `tensors`, [stop - start, ...]."""
        tensor = tensors[self.index]
        return (tensor if tensor.dim() else tensor[None])[self.start : self.stop]


Block = tuple[Piece, ...]


def split(parameters: Sequence[Tensor], size: int) -> list[Block]:
    """Return blocks that together hold every number of the parameters once, each of at most `size` numbers.

    A block is never empty: one slice of a parameter can be larger than `size`.
    """
    blocks: list[Block] = []
    block: list[Piece] = []
    room = size
    for index, parameter in enumerate(parameters):
        slices = len(parameter) if parameter.dim() else 1
        numbers = max(parameter.numel() // max(slices, 1), 1)
        start = 0
        while start < slices:
            taken = min(slices - start, max(room // numbers, 0 if block else 1))
            if taken:
                block.append(Piece(index, start, start + taken))
                start, room = start + taken, room - taken * numbers
            else:
                blocks.append(tuple(block))
                block, room = [], size
    return [*blocks, tuple(block)] if block else blocks


def insert(tensors: Sequence[Tensor], block: Block, pieces: Sequence[Tensor]) -> list[Tensor]:
    """Return `tensors` with `pieces` in the places that `block` names, the inverse of `Piece.of`."""
    result = list(tensors)
    for place, piece in zip(block, pieces, strict=True):
        old = result[place.index]
        whole = old if old.dim() else old[None]
        parts = [part for part in (whole[: place.start], piece, whole[place.stop :]) if len(part)]
        result[place.index] = (torch.cat(parts) if len(parts) > 1 else parts[0]).reshape(old.shape)
    return result
