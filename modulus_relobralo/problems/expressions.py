"""What an expression may hold, so that it has one finite real value at every point and every host computes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf, isfinite, nan
from typing import Any

from sympy import (
    Abs,
    Basic,
    Derivative,
    DiracDelta,
    Expr,
    Heaviside,
    Indexed,
    Lambda,
    Limit,
    Max,
    Min,
    Mod,
    Number,
    NumberSymbol,
    Order,
    Piecewise,
    Subs,
    Symbol,
    arg,
    ceiling,
    conjugate,
    floor,
    frac,
    im,
    lambdify,
    preorder_traversal,
    re,
    sign,
)
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.expr import AtomicExpr
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import BooleanAtom
from sympy.matrices.expressions.matexpr import MatrixElement

_ATOMS = (Number, NumberSymbol, Symbol, BooleanAtom)
# A host computes none of these, or, for DiracDelta, something else.
_REFUSED = (DiracDelta, ExprWithLimits, Indexed, Lambda, Limit, MatrixElement, Order, Subs, arg, conjugate, im, re)
_NOT_SMOOTH = (Abs, Heaviside, Max, Min, Mod, Piecewise, ceiling, floor, frac, sign)


def check_content(name: str, expression: Expr, known: tuple[str, ...], fields: bool) -> None:
    """
    Raise unless an expression is a real, finite function of known symbols, and with ``fields`` of fields over them.

    Parameters
    ----------
    name : str
        What the quantity is called where it is handed in, for the message.
    expression : Expr
        Evaluated, with symbols by their names.
    known : tuple of str
        Coordinates and parameters, in the order in which they are arguments of a field.
    fields : bool
        Whether ``Function("q")(x, y)`` and its derivatives may occur.

    Raises
    ------
    ValueError
        If anything else is in it.
    """
    for part in preorder_traversal(expression):
        wanted = _wanted_instead_of(part, known, fields)
        if wanted:
            raise ValueError(f"Parameter `{name}` must be {wanted}. Found {part!r} in {expression!r}.")
    unknown = sorted(map(str, expression.free_symbols - {Symbol(symbol) for symbol in known}))
    if unknown:
        raise ValueError(
            f"Parameter `{name}` must be an expression in {', '.join(known) or 'numbers only'}; declare further "
            f"symbols by `parameters=`. Found {', '.join(unknown)} in {expression!r}."
        )


def check_smooth(name: str, expression: Expr) -> None:
    """Raise if an expression has jumps or kinks, which a derivative would lose without a word."""
    broken = sorted(expression.atoms(*_NOT_SMOOTH), key=repr)
    if broken:
        raise ValueError(
            f"Parameter `{name}` must be smooth, for the equation differentiates it twice. Found {broken[0]!r}."
        )


def check_values(
    name: str,
    expression: Expr,
    points: Iterable[tuple[float, float]],
    low: float = -inf,
    high: float = inf,
    closed: bool = False,
) -> None:
    """
    Raise unless an expression in x and y has finite values in (low, high], or [low, high] if `closed`, at all points.

    One that holds fields or parameters is let through: its values are not known yet.
    """
    if expression.atoms(AppliedUndef) or not expression.free_symbols <= {Symbol("x"), Symbol("y")}:
        return
    evaluate = lambdify([Symbol("x"), Symbol("y")], expression, modules="mpmath")
    for x, y in points:
        value = _value(evaluate, x, y)
        if value is not None and not (isfinite(value) and low <= value <= high and (closed or value > low)):
            interval = f"{'[' if closed else '('}{low:g}, {high:g}{')' if high == inf else ']'}"
            raise ValueError(f"Parameter `{name}` must be in {interval} everywhere. Found {value:g} at ({x:g}, {y:g}).")


def _wanted_instead_of(part: Basic, known: tuple[str, ...], fields: bool) -> str:
    """Return what should stand in place of a part of an expression; nothing if the part may stand."""
    if isinstance(part, AppliedUndef):
        if not fields:
            return "an expression without fields"
        allowed = [Symbol(symbol) for symbol in known]
        if not part.args or list(part.args) != [symbol for symbol in allowed if symbol in part.args]:
            return f"made of fields over {', '.join(known)}, in this order"
    if isinstance(part, _REFUSED) or (isinstance(part, Derivative) and not isinstance(part.expr, AppliedUndef)):
        return "a function that can be evaluated at points"
    if (isinstance(part, AtomicExpr) or not part.args) and not isinstance(part, _ATOMS):
        return "an expression of real numbers and symbols"
    if isinstance(part, Expr) and part.is_number and not _is_finite_and_real(part):
        return "finite and real"
    return ""


def _is_finite_and_real(number: Expr) -> bool:
    try:
        value = complex(number)
    except OverflowError:
        return False
    return isfinite(value.real) and value.imag == 0


def _value(evaluate: Callable[[float, float], Any], x: float, y: float) -> float | None:
    """Return a value, nan for one that does not exist or is not real, nothing where mpmath lacks a function."""
    try:
        value = complex(evaluate(x, y))
    except NameError:
        return None
    except (ArithmeticError, TypeError, ValueError):
        return nan
    return value.real if value.imag == 0 else nan
