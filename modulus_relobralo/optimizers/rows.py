"""Rows of the least-squares problem of a step, and their derivatives by the parameters, in float64.

Each residual, times the square root of its weight, is a row. Rows want more digits than float32 has: J J^T squares
what differs between them. So modules are evaluated with float64 copies of their parameters, whatever their own dtype.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vjp, vmap

from modulus_relobralo.optimizers.blocks import Block, insert
from modulus_relobralo.optimizers.pointwise import Pointwise

# Numbers of activations in a pass: many enough to keep a core busy, few enough for wide networks, whose fourth
# derivatives take dozens of tensors a layer. It says how many points are differentiated at once.
CHUNK = 2**18
# Points at once where each row takes a backward pass of its own, through all of them.
NESTED_CHUNK = 16


class Rows:
    """The rows of one batch as a function of the optimizer's parameters.

    Parameters
    ----------
    batch : Pointwise
        Residuals and weights.
    parameters : sequence of Tensor
        The optimizer's parameters; `values` of the methods have their order and shapes.

    Attributes
    ----------
    names : list of str
        Loss terms, in the order of the rows.
    points : int
        Number of rows of each.
    count : int
        Number of rows.
    """

    def __init__(self, batch: Pointwise, parameters: Sequence[Tensor]) -> None:
        places = {id(parameter): i for i, parameter in enumerate(parameters)}
        own = _tensors(batch.module)
        self._batch = batch
        self._trained = {name: places[id(tensor)] for name, tensor in own.items() if id(tensor) in places}
        self._fixed = {name: _double(tensor) for name, tensor in own.items() if id(tensor) not in places}
        self._inputs = [_double(tensor) for tensor in batch.inputs]
        self.names, self.points = list(batch.weights), batch.points
        self.count = len(self.names) * self.points
        device = self._inputs[0].device
        self._factors = _column(batch.weights, self.names, self.points, device).sqrt()
        self._targets = _column(batch.targets or {}, self.names, self.points, device)
        width = sum(len(tensor) if tensor.dim() else 1 for tensor in own.values())
        self._chunk = max(CHUNK // max(width, 1), 1)
        self._parts = [slice(i, i + self._chunk) for i in range(0, self.points, self._chunk)]

    def values(self, values: Sequence[Tensor]) -> Tensor:
        """Return the rows, [count]: all points of the first loss term, then those of the next."""
        with torch.enable_grad():
            parts = [self._at(self._leaves(values), self._slice(part), part).detach() for part in self._parts]
        return torch.cat(parts, dim=1).reshape(-1)

    def transposed(self, values: Sequence[Tensor], cotangent: Tensor) -> list[Tensor]:
        """Return J^T times `cotangent`, [count], as tensors shaped like `values`."""
        leaves = [value.detach().requires_grad_() for value in values]
        total = [torch.zeros_like(value) for value in values]
        cotangent = cotangent.reshape(len(self.names), -1)
        for part in self._parts:
            with torch.enable_grad():
                rows = self._at(leaves, self._slice(part), part)
            total = [t + f for t, f in zip(total, _pull(rows, leaves, cotangent[:, part]), strict=True)]
        return total

    @torch.no_grad()
    def jacobian(self, values: Sequence[Tensor], block: Block, out: Tensor) -> None:
        """Write the derivatives of the rows by the parameters in `block` to `out`, [count, numbers in block]."""
        out = out.view(len(self.names), self.points, -1)
        size = NESTED_CHUNK if self._batch.nested else self._chunk
        for start in range(0, self.points, size):
            part = slice(start, start + size)
            for i, pieces in enumerate(self._derivatives(values, block, self._slice(part))):
                torch.cat([piece.flatten(1) for piece in pieces], dim=1, out=out[i, part])
        out *= self._factors[..., None]

    def _derivatives(self, values: Sequence[Tensor], block: Block, inputs: list[Tensor]) -> Iterable[Sequence[Tensor]]:
        """Return the derivatives of what the module returns: for each name the pieces of `block`, [points, ...]."""
        try:
            if self._batch.nested:
                return self._row_by_row(values, block, inputs, vmap)
            return self._vectorised(values, block, inputs)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            warnings.warn(
                f"Derivatives of the rows {self.names} are taken one by one, which is slow. PyTorch cannot take them "
                f"at once: {reason}",
                stacklevel=2,
            )
            return self._row_by_row(values, block, inputs, _one_by_one)

    def _vectorised(self, values: Sequence[Tensor], block: Block, inputs: list[Tensor]) -> list[tuple[Tensor, ...]]:
        """Differentiate at each point on its own, all points in one pass; for each name the pieces of `block`."""

        def at_point(pieces: list[Tensor], *point: Tensor) -> list[tuple[Tensor, ...]]:
            def residuals(*pieces: Tensor) -> Tensor:
                return self._residuals(insert(values, block, pieces), [x[None] for x in point])[:, 0]

            found, pull = vjp(residuals, *pieces)  # type: ignore[misc]
            return [pull(unit) for unit in torch.eye(len(found), dtype=found.dtype, device=found.device)]

        pieces = [piece.of(values) for piece in block]
        return vmap(at_point, (None, *(0 for _ in inputs)))(pieces, *inputs)

    def _row_by_row(
        self, values: Sequence[Tensor], block: Block, inputs: list[Tensor], each: Callable[..., Any]
    ) -> Iterable[Sequence[Tensor]]:
        """Differentiate by one backward pass for each row; the result is that of `_vectorised`."""
        leaves = [piece.of(values).detach().requires_grad_() for piece in block]
        with torch.enable_grad():
            found = self._residuals(insert(self._leaves(values), block, leaves), inputs)
        units = torch.eye(found.numel(), dtype=found.dtype, device=found.device).view(-1, *found.shape)
        grads = each(lambda unit: _pull(found, leaves, unit))(units)
        return zip(
            *(grad.view(*found.shape, *leaf.shape) for grad, leaf in zip(grads, leaves, strict=True)), strict=True
        )

    def _leaves(self, values: Sequence[Tensor]) -> list[Tensor]:
        """Return the parameters for a module that differentiates by its inputs.

        A derivative of a network may depend on its parameters alone; PyTorch goes on to the next order only if these
        require gradients.
        """
        return [value.detach().requires_grad_(self._batch.nested) for value in values]

    def _at(self, values: Sequence[Tensor], inputs: Sequence[Tensor], part: slice) -> Tensor:
        return (self._residuals(values, inputs) - self._targets[:, part]) * self._factors[:, part]

    def _residuals(self, values: Sequence[Tensor], inputs: Sequence[Tensor]) -> Tensor:
        """Return what the module returns, [names, points]."""
        if self._batch.nested:
            inputs = [x.detach().requires_grad_(x.is_floating_point()) for x in inputs]
        tensors = {**self._fixed, **{name: values[i] for name, i in self._trained.items()}}
        found = functional_call(self._batch.module, tensors, tuple(inputs), tie_weights=False)
        return torch.stack([found[name].reshape(len(inputs[0])) for name in self.names])

    def _slice(self, part: slice) -> list[Tensor]:
        return [tensor[part] for tensor in self._inputs]


def _pull(found: Tensor, leaves: Sequence[Tensor], cotangent: Tensor) -> Sequence[Tensor]:
    """Return the derivatives of ``(cotangent * found).sum()`` by the `leaves`."""
    if not found.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves]
    return torch.autograd.grad(found, leaves, cotangent, retain_graph=True, allow_unused=True, materialize_grads=True)


def _one_by_one(function: Callable[[Tensor], Sequence[Tensor]]) -> Callable[[Tensor], Iterator[Tensor]]:
    """Return what `vmap` would, with a loop."""
    return lambda units: map(torch.stack, zip(*map(function, units), strict=True))


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """Return parameters and buffers, once for each place that holds them: a module found on two ways is one place.

    `functional_call` could find the places of tied weights itself, but it would leave its own tensors behind in a
    module that it finds twice.
    """
    return {
        f"{path}.{name}" if path else name: tensor
        for path, part in module.named_modules()
        for name, tensor in [*part._parameters.items(), *part._buffers.items()]
        if tensor is not None
    }


def _double(tensor: Tensor) -> Tensor:
    return tensor.detach().double() if tensor.is_floating_point() else tensor.detach()


def _column(given: Mapping[str, Tensor | float], names: Sequence[str], points: int, device: torch.device) -> Tensor:
    """Return one number for each name and point, [names, points]; 0 for names that are not given."""
    rows = [torch.as_tensor(given.get(name, 0.0), dtype=torch.float64, device=device) for name in names]
    return torch.stack([row.detach().reshape(-1).expand(points) for row in rows])
