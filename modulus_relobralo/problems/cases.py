"""Cases of an expression, written as steps, which every host and every loop computes."""

from __future__ import annotations

from typing import Any

from sympy import And, Expr, Heaviside, Integer, Mul, Not, Or, Piecewise
from sympy.core.relational import GreaterThan, LessThan, StrictGreaterThan, StrictLessThan
from sympy.logic.boolalg import Boolean


def without_cases(equation: Expr) -> Expr:
    """Write each Piecewise as a sum of steps: the hosts take a Piecewise for a network's output of that name.

    Raises
    ------
    ValueError
        If a condition is not made of comparisons.
    """
    return equation.replace(Piecewise, _steps)


def _steps(*cases: Any) -> Expr:
    total, left = Integer(0), Integer(1)
    for value, condition in cases:
        there = _indicator(condition)
        total += left * there * value
        left *= 1 - there
    return total


def _indicator(condition: Boolean) -> Expr:
    """Return 1 where a condition holds and 0 where not; on the line between them, which no point hits, either."""
    if condition in (True, False):
        return Integer(bool(condition))
    if isinstance(condition, (GreaterThan, StrictGreaterThan)):
        return Heaviside(condition.lhs - condition.rhs)
    if isinstance(condition, (LessThan, StrictLessThan)):
        return Heaviside(condition.rhs - condition.lhs)
    if isinstance(condition, Not):
        return 1 - _indicator(condition.args[0])
    if isinstance(condition, And):
        return Mul(*(_indicator(part) for part in condition.args))
    if isinstance(condition, Or):
        return 1 - Mul(*(1 - _indicator(part) for part in condition.args))
    raise ValueError(f"Conditions of a Piecewise must be made of <, <=, >, >=, and, or, not. Found {condition!r}.")
