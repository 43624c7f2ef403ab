"""What a person passed to a constructor, checked in one wording."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from sympy import Expr, Function, Symbol, sympify


def check_positive(name: str, value: Any) -> None:
    """Raise unless ``value`` is a finite number above zero."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"Parameter `{name}` must be a number. Found `{name} = {value!r}`.")
    if not (math.isfinite(value) and float(value) > 0):
        raise ValueError(f"Parameter `{name}` must be positive and finite. Found `{name} = {value!r}`.")


def check_count(name: str, value: Any) -> None:
    """Raise unless ``value`` is an integer above zero."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"Parameter `{name}` must be an integer. Found `{name} = {value!r}`.")
    if int(value) < 1:
        raise ValueError(f"Parameter `{name}` must be at least 1. Found `{name} = {value!r}`.")


def as_expression(name: str, value: Any, fields: tuple[Symbol, ...] = ()) -> Expr:
    """Return a number or a SymPy expression as the latter, and a str as a field over the coordinates in ``fields``."""
    if isinstance(value, str) and fields:
        return Function(value)(*fields)
    if isinstance(value, bool) or not isinstance(value, (Real, Expr)):
        allowed = "a number, a SymPy expression or the name of a field" if fields else "a number or a SymPy expression"
        raise TypeError(f"Parameter `{name}` must be {allowed}. Found `{name} = {value!r}`.")
    return sympify(value)
