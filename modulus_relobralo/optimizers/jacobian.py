"""The Jacobian J of all rows of a step, seen through its products: J J^T, J v and J^T a.

J is held whole where it fits, and otherwise made anew, block by block of the parameters, wherever it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from modulus_relobralo.optimizers.blocks import Block, split
from modulus_relobralo.optimizers.rows import Rows

# Panels of J J^T, which is symmetric: with 4 of them 5/8 of the products are computed.
PANELS = 4


class Jacobian:
    """Derivatives of the rows by the parameters, at one place.

    Parameters
    ----------
    rows : sequence of Rows
        Of all batches; their rows follow one another.
    values : sequence of Tensor
        The parameters, float64.
    factors : Tensor
        What each row is multiplied by, [rows].
    memory : int
        Numbers of J that may be held at a time.
    """

    def __init__(self, rows: Sequence[Rows], values: Sequence[Tensor], factors: Tensor, memory: int) -> None:
        self._rows, self._values, self._factors = rows, values, factors
        self._blocks = split(values, max(memory // max(len(factors), 1), 1))
        self._whole = self._block(self._blocks[0]) if len(self._blocks) == 1 else None

    def products(self, vector: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return ``J J^T``, [rows, rows], and ``J v``, [rows], for a `vector` v shaped like the parameters."""
        gram = self._factors.new_zeros(len(self._factors), len(self._factors))
        image = torch.zeros_like(self._factors)
        for block in self._blocks:
            part = self._block(block) if self._whole is None else self._whole
            _add_gram(gram, part)
            image += part @ torch.cat([piece.of(vector).reshape(-1) for piece in block])
            del part  # before the next one is made
        return gram.triu() + gram.triu(1).T, image

    def transposed(self, cotangent: Tensor) -> list[Tensor]:
        """Return ``J^T a`` for `cotangent` a, [rows], shaped like the parameters."""
        if self._whole is not None:
            flat = self._whole.T @ cotangent
            numbers = [value.numel() for value in self._values]
            return [part.view_as(value) for part, value in zip(flat.split(numbers), self._values, strict=True)]
        total = [torch.zeros_like(value) for value in self._values]
        for rows, part in zip(
            self._rows, (self._factors * cotangent).split([r.count for r in self._rows]), strict=True
        ):
            total = [t + f for t, f in zip(total, rows.transposed(self._values, part), strict=True)]
        return total

    def _block(self, block: Block) -> Tensor:
        """Return the columns of J that belong to `block`, [rows, numbers in block]."""
        numbers = sum(piece.of(self._values).numel() for piece in block)
        part = self._factors.new_empty(len(self._factors), numbers)
        start = 0
        for rows in self._rows:
            rows.jacobian(self._values, block, part[start : start + rows.count])
            start += rows.count
        return part.mul_(self._factors[:, None])


def _add_gram(gram: Tensor, part: Tensor) -> None:
    """Add the upper triangle of ``part part^T``, by panels, to `gram`."""
    step = -(-len(part) // PANELS)
    for i in range(0, len(part), step):
        gram[i : i + step, i:].addmm_(part[i : i + step], part[i:].T)
