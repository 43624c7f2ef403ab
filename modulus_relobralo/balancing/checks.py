"""What a balancing accepts, in one wording: static weights, loss terms, steps, and the state in a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from modulus_relobralo.checks import check_number


def check_static_weights(weights: Any) -> dict[str, float]:
    """Return a copy of the static weights by name of loss term; empty if `weights` is None.

    Raises
    ------
    TypeError
        If it is no mapping from names to numbers.
    ValueError
        If a weight is negative or not finite.
    """
    if weights is None:
        return {}
    if not isinstance(weights, Mapping):
        raise TypeError(f"Parameter `weights` must map names of loss terms to numbers. Found `weights = {weights!r}`.")
    return {str(name): check_number(f"weights[{name}]", value, 0.0, math.inf) for name, value in weights.items()}


def check_names(names: Sequence[str], weights: Mapping[str, float]) -> None:
    """Raise ValueError if there is no loss term, or if `weights` names one that does not exist."""
    if not names:
        raise ValueError("An aggregator needs at least one loss term. Found an empty dictionary of losses.")
    check_named("weights", weights, names)


def check_named(parameter: str, given: Iterable[str], names: Sequence[str]) -> None:
    """Raise ValueError if a parameter names a loss term that does not exist."""
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ValueError(
            f"Parameter `{parameter}` names unknown loss terms {unknown}. The loss terms are {list(names)}."
        )


def check_equations(equations: Any) -> list[str]:
    """Return the names of the equations as a list.

    Raises
    ------
    TypeError
        If they are no names.
    """
    if isinstance(equations, (str, Mapping)) or not isinstance(equations, Iterable):
        raise TypeError(
            f"Parameter `equations` must be a list of names of loss terms. Found `equations = {equations!r}`."
        )
    return [str(name) for name in equations]


def check_terms(losses: Mapping[str, Any]) -> None:
    """Raise if the loss terms are not real floating-point scalars on one device.

    Raises
    ------
    TypeError
        If a loss term is no tensor, or of complex or integer dtype.
    ValueError
        If a loss term is no scalar, or the loss terms lie on several devices.
    """
    for name, loss in losses.items():
        if not isinstance(loss, Tensor):
            raise TypeError(f"Loss term `{name}` must be a tensor. Found {type(loss).__name__}.")
        if not torch.is_floating_point(loss):
            raise TypeError(f"Loss term `{name}` must be of a real floating-point dtype. Found {loss.dtype}.")
        if loss.dim() != 0:
            raise ValueError(f"Loss term `{name}` must be a scalar, of shape []. Found shape {list(loss.shape)}.")
    devices = {name: str(loss.device) for name, loss in losses.items()}
    if len(set(devices.values())) > 1:
        raise ValueError(f"All loss terms must lie on one device. Found {devices}.")


def check_not_negative(names: Sequence[str], values: Sequence[float]) -> None:
    """Raise ValueError if a loss term is negative: a ratio to its own past then says nothing about progress.

    Parameters
    ----------
    names : sequence of str
        Names of the loss terms.
    values : sequence of float
        The lowest value that each has had. NaN, a step that is skipped, counts as not negative.
    """
    negative = {name: value for name, value in zip(names, values, strict=True) if value < 0}
    if negative:
        found = ", ".join(f"`{name}` = {value:g}" for name, value in negative.items())
        raise ValueError(
            f"Loss terms must not be negative: a balancing weighs each by its ratio to its own past. Found {found}. "
            "Add a constant that is the least value it can have, or use `loss: sum`."
        )


def check_step(step: Any) -> int | Tensor | None:
    """Return the number of an optimizer step as an int, and a tensor of it or None as they are.

    Raises
    ------
    TypeError
        If it is neither an integer nor a tensor of one.
    """
    # At the least cost for what is nearly always handed in.
    if step is None or type(step) is int:
        return step
    if isinstance(step, Integral):
        return int(step)
    if isinstance(step, Tensor):
        if step.dim() == 0 and not step.is_floating_point() and not step.is_complex():
            return step
        step = f"a tensor of {step.dtype} and shape {list(step.shape)}"
    raise TypeError(f"Parameter `step` must be an integer, or a tensor of an integer and shape []. Found {step!r}.")


def find_problem(found: Mapping[str, Any], state: Mapping[str, float], kind: str) -> str:
    """Return what is wrong with the buffers of a checkpoint, or an empty string.

    Parameters
    ----------
    found : mapping of str to object
        What the checkpoint holds: buffers, a number for each loss term, and counters.
    state : mapping of str to float
        Names of these buffers, and their values before the first call. Where that is NaN, which says "not known yet",
        it may be in a checkpoint too.
    kind : str
        Name of the balancing's class.
    """
    shapes = {name: list(buffer.shape) if isinstance(buffer, Tensor) else None for name, buffer in found.items()}
    expected = f"{', '.join(state)} of one shape [number of loss terms] with finite numbers"
    if None in shapes.values() or len({str(shapes[name]) for name in state}) != 1:
        return f"The checkpoint's aggregator state does not fit {kind}: {expected} are needed, found {shapes}."
    damaged = [name for name in state if found[name].dim() != 1 or not _is_number(found[name], state[name])]
    if damaged:
        return f"The checkpoint's aggregator state is damaged: {expected} are needed, but not so are {damaged}."
    return ""


def _is_number(buffer: Tensor, initial: float) -> bool:
    fine = torch.isfinite(buffer)
    return bool((fine | torch.isnan(buffer) if math.isnan(initial) else fine).all())
