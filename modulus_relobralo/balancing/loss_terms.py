"""What an aggregator accepts: static weights and loss terms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
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


def check_names(names: list[str], weights: Mapping[str, float]) -> None:
    """Raise ValueError if there is no loss term, or if `weights` names one that does not exist."""
    if not names:
        raise ValueError("ReLoBRaLo needs at least one loss term. Found an empty dictionary of losses.")
    check_named("weights", weights, names)


def check_named(parameter: str, given: Iterable[str], names: list[str]) -> None:
    """Raise ValueError if a parameter names a loss term that does not exist."""
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ValueError(f"Parameter `{parameter}` names unknown loss terms {unknown}. The loss terms are {names}.")


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


def check_terms(losses: Mapping[str, Tensor]) -> None:
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
            f"Loss terms must not be negative: ReLoBRaLo weighs each by its ratio to its own past. Found {found}. "
            "Add a constant that is the least value it can have, or use `loss: sum`."
        )
