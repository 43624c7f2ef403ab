"""Residuals of loss terms as rows of a least-squares problem, and the derivatives of the rows by the parameters.

Each residual, times the square root of its weight, is a row. Rows want more digits than float32 has: J J^T squares
what differs between them. So modules are evaluated in float64, with copies of their parameters, whatever their dtype.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vjp, vmap

from modulus_relobralo.ranks import all_reduce_mean, all_reduce_sum

# Numbers of activations in a pass: many enough to keep a core busy, few enough for wide networks, whose fourth
# derivatives take dozens of tensors a layer. It says how many points are differentiated at once.
CHUNK = 2**18
# Points at once where each row takes a backward pass of its own, through all of them.
NESTED_CHUNK = 16


@dataclass(frozen=True)
class Pointwise:
    """Residuals of one or more loss terms at a batch of points.

    The loss term `name` is the sum over the points of ``weights[name] * (module(*inputs)[name] - targets[name])**2``,
    and over all batches of a step that have a term of that name.

    Parameters
    ----------
    module : nn.Module
        Maps the inputs to a mapping from names of loss terms to residuals, [points] or [points, 1]. It holds the
        trained parameters, as its own or in networks that are its submodules. A residual may depend on its own point
        only: a batch normalisation or an integral over the batch is none, and is not noticed here.
    inputs : sequence of Tensor
        What `module` is called with, each [points, ...].
    weights : mapping of str to Tensor or float
        For each loss term what its points weigh, at least 0; [points], [points, 1] or one number. ``1 / points``
        makes it the mean of the squares, the points' areas make it an integral.
    targets : mapping of str to Tensor or float, optional
        What `module` should return, shaped like `weights`; 0 where a name is missing.
    nested : bool
        Whether `module` calls ``torch.autograd.grad`` on its inputs, into which ``torch.func`` cannot look. The rows
        of the Jacobian then take a backward pass each, several times slower.

    Raises
    ------
    ValueError
        If there is no point, a tensor has another number of points, a weight is negative, or a weight or a target is
        not finite.
    """

    module: nn.Module
    inputs: Sequence[Tensor]
    weights: Mapping[str, Tensor | float]
    targets: Mapping[str, Tensor | float] | None = None
    nested: bool = False

    def __post_init__(self) -> None:
        """Check what would otherwise be broadcast, or become a row that is not a number."""
        sizes = {len(tensor) if tensor.dim() else 0 for tensor in self.inputs}
        if len(sizes) != 1 or 0 in sizes:
            raise ValueError(
                f"Parameter `inputs` must be tensors of one number of points, at least 1. Found {sorted(sizes)}."
            )
        if not self.weights:
            raise ValueError("Parameter `weights` must name at least one loss term. Found none.")
        unknown = sorted(set(self.targets or ()) - set(self.weights))
        if unknown:
            raise ValueError(f"Parameter `targets` must be of loss terms {list(self.weights)}. Found {unknown}.")
        for name, value in self.weights.items():
            self._check("weights", name, value, 0.0, "at least 0 and finite")
        for name, value in (self.targets or {}).items():
            self._check("targets", name, value, -torch.inf, "finite")

    def _check(self, label: str, name: str, value: Tensor | float, lowest: float, allowed: str) -> None:
        numbers = torch.as_tensor(value, dtype=torch.float64)
        if numbers.numel() not in (1, self.points):
            raise ValueError(
                f"Parameter `{label}` must have one number for each of {self.points} points. Found "
                f"`{label}[{name!r}]` of shape {tuple(numbers.shape)}."
            )
        wrong = numbers[~(torch.isfinite(numbers) & (numbers >= lowest))]
        if len(wrong):
            raise ValueError(
                f"Parameter `{label}` must be {allowed}. Found `{label}[{name!r}]` with {float(wrong[0])}."
            )

    @property
    def points(self) -> int:
        """Number of points."""
        return len(self.inputs[0])

    def thinned(self, points: int) -> Pointwise:
        """Return at most about that many of the points, evenly among all, each standing for as many as are left out."""
        every = -(-self.points // points)

        def some(value: Tensor | float) -> Tensor | float:
            return value[::every] if isinstance(value, Tensor) and value.numel() > 1 else value

        inputs = [tensor[::every] for tensor in self.inputs]
        share = self.points / len(inputs[0])
        weights = {name: share * some(value) for name, value in self.weights.items()}
        targets = {name: some(value) for name, value in (self.targets or {}).items()}
        return Pointwise(self.module, inputs, weights, targets, self.nested)


class Rows:
    """The rows of a step, as a function of the parameters: those of its first batch, then those of the next.

    The parameters are one vector, float64, in which the tensors follow one another. Of several processes each has rows
    of its own. What is a sum over rows is the mean of the processes' sums then, as the gradient is in data-parallel
    training: that of one process which has all points, each with its weight divided by the number of processes.

    Parameters
    ----------
    batches : sequence of Pointwise
        Residuals and weights of all loss terms.
    parameters : sequence of Tensor
        The tensors that are trained.

    Attributes
    ----------
    count, total : int
        Number of rows, of this process and of all.
    idle : list of int
        Which of the parameters are in no batch's module.
    checksum : float
        Of all points: other points have another one.

    Raises
    ------
    ValueError
        If there is no batch, or none that holds one of the parameters.
    """

    def __init__(self, batches: Sequence[Pointwise], parameters: Sequence[Tensor]) -> None:
        if not batches:
            raise ValueError("Parameter `batches` must hold the residuals of at least one batch of points. Found none.")
        self._batches = [_BatchRows(batch, parameters) for batch in batches]
        self.count = sum(batch.count for batch in self._batches)
        checksum = sum(float(tensor.double().sum()) for batch in batches for tensor in batch.inputs)
        sums = torch.tensor([self.count, checksum], dtype=torch.float64, device=batches[0].inputs[0].device)
        total, self.checksum = all_reduce_sum(sums).tolist()
        self.total = int(total)
        held = {place for batch in self._batches for place in batch.trained.values()}
        self.idle = [place for place in range(len(parameters)) if place not in held]
        if not held:
            modules = sorted({type(batch.module).__name__ for batch in batches})
            raise ValueError(
                "The residuals must depend on parameters that the optimizer was given. Found none of them in "
                f"{', '.join(modules)}: give the optimizer the parameters of the network in there. A network is found "
                "if it is a submodule, not in a Python list."
            )

    @property
    def names(self) -> list[str]:
        """Names of the loss terms, sorted."""
        return sorted({name for batch in self._batches for name in batch.names})

    def values(self, values: Tensor) -> Tensor:
        """Return the rows, [count]: in each batch all points of its first loss term, then those of the next.

        Raises
        ------
        ValueError
            If a module returns something else than real numbers, one a point, or changes its own buffers.
        """
        return torch.cat([batch.values(values) for batch in self._batches])

    def terms(self, rows: Tensor) -> dict[str, Tensor]:
        """Return the loss terms, each of shape [], of what `values` returned; batches share them by name."""
        losses: dict[str, Tensor] = {}
        for batch, part in zip(self._batches, self._split(rows), strict=True):
            for name, row in zip(batch.names, part.view(len(batch.names), -1), strict=True):
                losses[name] = losses[name] + row.dot(row) if name in losses else row.dot(row)
        means = all_reduce_mean(torch.stack([losses[name] for name in self.names]))
        return {name: means[self.names.index(name)] for name in losses}

    def squares(self, rows: Tensor) -> float:
        """Return the sum of the squares of rows, [count]."""
        return float(all_reduce_mean(rows.dot(rows)))

    def weigh(self, weights: Mapping[str, Tensor]) -> Tensor:
        """Multiply the rows, from now on, by the roots of the weights of their loss terms, each of shape [].

        Returns
        -------
        Tensor
            What each row is multiplied by, [count].
        """
        return torch.cat([batch.weigh(weights) for batch in self._batches])

    def transposed(self, values: Tensor, cotangent: Tensor) -> Tensor:
        """Return J^T times `cotangent`, [count], by one backward pass; [parameters]."""
        parts = zip(self._batches, self._split(cotangent), strict=True)
        return torch.stack([batch.transposed(values, part) for batch, part in parts]).sum(dim=0)

    def jacobian(self, values: Tensor, block: slice) -> Tensor:
        """Return the derivatives by a block of the parameters, [count, numbers in block]."""
        out = values.new_empty(self.count, block.stop - block.start)
        for rows, parts in self._chunks(values, block):
            _join(parts, out[rows])
        return out

    def chunks(self, values: Tensor) -> Iterator[Tensor]:
        """Yield the derivatives by all parameters, chunk by chunk of the points: [rows in chunk, parameters]."""
        for rows, parts in self._chunks(values, slice(0, len(values))):
            yield _join(parts, values.new_empty(rows.stop - rows.start, len(values)))

    def traces(self, values: Tensor) -> dict[str, Tensor]:
        """Return the trace of each loss term's block of J J^T, of shape []: the squares of its rows' derivatives."""
        squares = values.new_empty(self.count)
        for rows, parts in self._chunks(values, slice(0, len(values))):
            squares[rows] = torch.stack([part.flatten(1).square().sum(dim=1) for part in parts]).sum(dim=0)
        return self.terms(squares.sqrt())

    @torch.no_grad()
    def _chunks(self, values: Tensor, block: slice) -> Iterator[tuple[slice, Sequence[Tensor]]]:
        """Yield which rows a chunk has, and their derivatives by each tensor in the block, [rows in chunk, ...]."""
        start = 0
        for batch in self._batches:
            for part in batch.parts:
                for i, derivatives in enumerate(batch.derivatives(values, block, part)):
                    first = start + i * batch.points + part.start
                    yield slice(first, first + len(derivatives[0])), derivatives
            start += batch.count

    def _split(self, rows: Tensor) -> tuple[Tensor, ...]:
        return rows.split([batch.count for batch in self._batches])


class _BatchRows:
    """The rows of one batch. `values` are all parameters; `inputs` those of some points."""

    def __init__(self, batch: Pointwise, parameters: Sequence[Tensor]) -> None:
        places = {id(parameter): i for i, parameter in enumerate(parameters)}
        own = _tensors(batch.module)
        self._module, self._nested = batch.module, batch.nested
        self._shapes = [parameter.shape for parameter in parameters]
        self._numbers = [parameter.numel() for parameter in parameters]
        self.trained = {name: places[id(tensor)] for name, tensor in own.items() if id(tensor) in places}
        self._fixed = {name: _double(tensor) for name, tensor in own.items() if id(tensor) not in places}
        self._inputs = [_double(tensor) for tensor in batch.inputs]
        self.names, self.points = list(batch.weights), batch.points
        self.count = len(self.names) * self.points
        device = self._inputs[0].device
        self.factors = _columns(batch.weights, self.names, self.points, device).sqrt()
        self._targets = _columns(batch.targets or {}, self.names, self.points, device)
        width = sum(len(tensor) if tensor.dim() else 1 for tensor in own.values())
        self._passes = self._slices(max(CHUNK // max(width, 1), 1))
        self.parts = self._slices(NESTED_CHUNK) if batch.nested else self._passes

    def values(self, values: Tensor) -> Tensor:
        before = {name: tensor._version for name, tensor in self._fixed.items()}
        # Derivatives that a module takes itself need gradients: without them SiLU's derivative has none of its own.
        with torch.enable_grad():
            parts = [self._rows(self._open(values), part).detach() for part in self._passes]
        changed = [n for n, t in self._fixed.items() if t.is_floating_point() and t._version != before[n]]
        if changed:
            raise ValueError(
                f"Residuals must be the same whenever they are computed. Found {changed} of "
                f"{type(self._module).__name__}, which change in every call: take the layer out, or set it to eval()."
            )
        return torch.cat(parts, dim=1).reshape(-1)

    def transposed(self, values: Tensor, cotangent: Tensor) -> Tensor:
        leaf, cotangent = values.detach().requires_grad_(), cotangent.view(len(self.names), -1)
        total = torch.zeros_like(values)
        for part in self._passes:
            with torch.enable_grad():
                rows = self._rows(leaf, part)
            total += _pull(rows, (leaf,), cotangent[:, part])[0]
        return total

    def weigh(self, weights: Mapping[str, Tensor]) -> Tensor:
        roots = torch.stack([weights[name] for name in self.names]).double().sqrt()[:, None]
        self.factors = roots * self.factors
        return roots.expand_as(self.factors).reshape(-1)

    def derivatives(self, values: Tensor, block: slice, part: slice) -> Sequence[Sequence[Tensor]]:
        """Return the derivatives of the rows by the tensors in `block`: for each name, each [points in part, ...]."""
        inputs, factors = [tensor[part] for tensor in self._inputs], self.factors[:, part]
        try:
            if self._nested:
                return self._row_by_row(values, block, inputs, factors, vmap)
            return self._vectorised(values, block, inputs, factors)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            warnings.warn(
                f"Derivatives of the rows {self.names} are taken one by one, which is slow. PyTorch cannot take them "
                f"at once: {reason}",
                stacklevel=2,
            )
            return self._row_by_row(values, block, inputs, factors, _one_by_one)

    def _vectorised(
        self, values: Tensor, block: slice, inputs: list[Tensor], factors: Tensor
    ) -> Sequence[Sequence[Tensor]]:
        """Differentiate at each point on its own, all points in one pass."""
        pieces, insert = _cut(values, block, self._numbers)

        def at_point(pieces: tuple[Tensor, ...], factors: Tensor, *point: Tensor) -> list[tuple[Tensor, ...]]:
            def residuals(*pieces: Tensor) -> Tensor:
                return self._residuals(insert(pieces), [x[None] for x in point])[:, 0]

            _, pull = vjp(residuals, *pieces)  # type: ignore[misc]
            return [pull(unit) for unit in torch.diag(factors)]

        return vmap(at_point, (None, 1, *(0 for _ in inputs)))(pieces, factors, *inputs)

    def _row_by_row(
        self, values: Tensor, block: slice, inputs: list[Tensor], factors: Tensor, each: Callable[..., Any]
    ) -> Sequence[Sequence[Tensor]]:
        """Differentiate by one backward pass for each row; the result is that of `_vectorised`."""
        pieces, insert = _cut(self._open(values), block, self._numbers)
        pieces = tuple(piece.detach().requires_grad_() for piece in pieces)
        with torch.enable_grad():
            found = self._residuals(insert(pieces), inputs) * factors
        units = torch.eye(found.numel(), dtype=found.dtype, device=found.device).view(-1, *found.shape)
        derivatives = each(lambda unit: _pull(found, pieces, unit))(units)
        return list(zip(*(part.view(*found.shape, -1).unbind() for part in derivatives), strict=True))

    def _open(self, values: Tensor) -> Tensor:
        """Return the parameters for a module that differentiates by its inputs.

        A derivative of a network may depend on its parameters alone; PyTorch goes on to the next order only if these
        require gradients.
        """
        return values.detach().requires_grad_(self._nested)

    def _rows(self, values: Tensor, part: slice) -> Tensor:
        found = self._residuals(values.split(self._numbers), [tensor[part] for tensor in self._inputs])
        return (found - self._targets[:, part]) * self.factors[:, part]

    def _residuals(self, tensors: Sequence[Tensor], inputs: Sequence[Tensor]) -> Tensor:
        """Return what the module returns, [names, points], with the numbers of each parameter."""
        if self._nested:
            inputs = [x.detach().requires_grad_(x.is_floating_point()) for x in inputs]
        trained = {name: tensors[i].view(self._shapes[i]) for name, i in self.trained.items()}
        found = functional_call(self._module, {**self._fixed, **trained}, tuple(inputs), tie_weights=False)
        return torch.stack([self._column(found, name, len(inputs[0])) for name in self.names])

    def _column(self, found: Mapping[str, Tensor], name: str, points: int) -> Tensor:
        module = type(self._module).__name__
        if not isinstance(found, Mapping) or name not in found:
            names = f"{sorted(found)}" if isinstance(found, Mapping) else f"a {type(found).__name__}"
            raise ValueError(f"{module} must return residuals by name, of {self.names}. Found {names}.")
        column = found[name]
        if column.numel() != points or not column.is_floating_point():
            raise ValueError(
                f"{module} must return one real number a point. Found `{name}` of shape {tuple(column.shape)} and "
                f"{column.dtype} at {points} points."
            )
        return column.reshape(points)

    def _slices(self, size: int) -> list[slice]:
        return [slice(start, start + size) for start in range(0, self.points, size)]


def _cut(
    values: Tensor, block: slice, numbers: Sequence[int]
) -> tuple[tuple[Tensor, ...], Callable[[Sequence[Tensor]], list[Tensor]]]:
    """Return what of each tensor is in `block`, and what puts such pieces back among the numbers of all tensors."""
    tensors, spans, start = values.split(list(numbers)), [], 0
    for i, number in enumerate(numbers):
        span = slice(max(block.start - start, 0), min(block.stop - start, number))
        if span.start < span.stop:
            spans.append((i, span))
        start += number

    def insert(pieces: Sequence[Tensor]) -> list[Tensor]:
        whole = list(tensors)
        for (i, span), piece in zip(spans, pieces, strict=True):
            around = tensors[i][: span.start], piece, tensors[i][span.stop :]
            whole[i] = piece if len(piece) == numbers[i] else torch.cat(around)
        return whole

    return tuple(tensors[i][span] for i, span in spans), insert


def _join(parts: Sequence[Tensor], out: Tensor) -> Tensor:
    """Write tensors, each [rows, numbers], beside one another into `out`."""
    start = 0
    for part in parts:
        out[:, start : start + part.shape[1]] = part
        start += part.shape[1]
    return out


def _pull(found: Tensor, leaves: Sequence[Tensor], cotangent: Tensor) -> tuple[Tensor, ...]:
    """Return the derivatives of ``(cotangent * found).sum()`` by `leaves`."""
    if not found.requires_grad:
        return tuple(map(torch.zeros_like, leaves))
    return torch.autograd.grad(found, leaves, cotangent, retain_graph=True, allow_unused=True, materialize_grads=True)


def _one_by_one(function: Callable[[Tensor], tuple[Tensor, ...]]) -> Callable[[Tensor], list[Tensor]]:
    """Return what `vmap` would, with a loop."""
    return lambda units: [torch.stack(parts) for parts in zip(*map(function, units), strict=True)]


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


def _columns(given: Mapping[str, Tensor | float], names: Sequence[str], points: int, device: torch.device) -> Tensor:
    """Return one number for each name and point, [names, points]; 0 for names that are not given."""
    rows = [torch.as_tensor(given.get(name, 0.0), dtype=torch.float64, device=device) for name in names]
    return torch.stack([row.detach().reshape(-1).expand(points) for row in rows])
