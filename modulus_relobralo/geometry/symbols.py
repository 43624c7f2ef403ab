"""What a person hands in as a number, a SymPy expression or the name of a field."""

from __future__ import annotations

from numbers import Real
from typing import Any

from sympy import Expr, Function, Symbol, sympify


def as_expression(name: str, value: Any, fields: tuple[Symbol, ...] = ()) -> Expr:
    """Return a number or a SymPy expression as the latter, and a str as a field over the coordinates in ``fields``."""
    if isinstance(value, str) and fields:
        return Function(value)(*fields)
    if isinstance(value, bool) or not isinstance(value, (Real, Expr)):
        allowed = "a number, a SymPy expression or the name of a field" if fields else "a number or a SymPy expression"
        raise TypeError(f"Parameter `{name}` must be {allowed}. Found `{name} = {value!r}`.")
    return sympify(value)
