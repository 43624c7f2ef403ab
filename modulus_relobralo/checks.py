"""What a person passed to a constructor, checked in one wording, and libraries of an extra that may be missing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any


def check_number(name: str, value: Any, low: float, high: float, open_low: bool = False) -> float:
    """Return `value` as a float if it is a finite number in [low, high], or in (low, high] if `open_low`.

    Raises
    ------
    TypeError
        If it is not a number.
    ValueError
        If it is out of range.
    """
    interval = f"{'(' if open_low or math.isinf(low) else '['}{low:g}, {high:g}{')' if math.isinf(high) else ']'}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"Parameter `{name}` must be a number in {interval}. Found `{name} = {value!r}`.")
    number = float(value)
    if not (math.isfinite(number) and low <= number <= high) or (open_low and number == low):
        raise ValueError(f"Parameter `{name}` must be in {interval}. Found `{name} = {value}`.")
    return number


def check_positive(name: str, value: Any) -> None:
    """Raise unless ``value`` is a finite number above zero."""
    check_number(name, value, 0.0, math.inf, open_low=True)


def check_count(name: str, value: Any) -> None:
    """Raise unless ``value`` is an integer above zero."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"Parameter `{name}` must be an integer. Found `{name} = {value!r}`.")
    if int(value) < 1:
        raise ValueError(f"Parameter `{name}` must be at least 1. Found `{name} = {value!r}`.")


def check_flag(name: str, value: Any) -> None:
    """Raise unless ``value`` is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"Parameter `{name}` must be a bool. Found `{name} = {value!r}`.")


def check_choice(name: str, value: Any, allowed: Iterable[Any]) -> None:
    """Raise unless ``value`` is one of the allowed ones."""
    if value not in (known := list(allowed)):
        raise ValueError(f"Parameter `{name}` must be one of {known}. Found `{name} = {value!r}`.")


@contextmanager
def needed(what: str) -> Iterator[None]:
    """Say what to install, should an import in this context find a library missing.

    Parameters
    ----------
    what : str
        What needs it, the beginning of the sentence.

    Raises
    ------
    ModuleNotFoundError
        If a module is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = str(error.name).partition(".")[0]
        raise ModuleNotFoundError(
            f"{what} needs {library}, which is not installed. Install the extra [report]: "
            "`pip install matplotlib pandas rich tensorboard`.",
            name=error.name,
        ) from error
