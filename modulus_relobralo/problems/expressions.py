"""What people hand in: numbers, expressions, fields and parameters, which count by their names, and their checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from keyword import iskeyword
from math import inf, isfinite, nan
from numbers import Integral, Rational, Real
from typing import Any

import numpy as np
from sympy import (
    Abs,
    And,
    Basic,
    Derivative,
    DiracDelta,
    Expr,
    Float,
    Function,
    Heaviside,
    Indexed,
    Integer,
    Lambda,
    Limit,
    Max,
    Min,
    Mod,
    Mul,
    Not,
    Number,
    NumberSymbol,
    Or,
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
    sympify,
)
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.expr import AtomicExpr
from sympy.core.function import AppliedUndef
from sympy.core.relational import GreaterThan, LessThan, StrictGreaterThan, StrictLessThan
from sympy.logic.boolalg import Boolean, BooleanAtom
from sympy.matrices.expressions.matexpr import MatrixElement

from modulus_relobralo.checks import check_number, check_positive

COORDINATES = Symbol("x"), Symbol("y")
"""Coordinates in the plane."""

NORMAL = Symbol("normal_x"), Symbol("normal_y")
"""The outward normal on a boundary, of length one."""

TIME = Symbol("t")
"""The time, of problems that have one."""

HIGHEST_ORDER = 4
"""Of derivatives, in Taylor mode."""

_ATOMS = (Number, NumberSymbol, Symbol, BooleanAtom)
# A host computes none of these, or, for DiracDelta, something else.
_REFUSED = (DiracDelta, ExprWithLimits, Indexed, Lambda, Limit, MatrixElement, Order, Subs, arg, conjugate, im, re)
_NOT_SMOOTH = (Abs, Heaviside, Max, Min, Mod, Piecewise, ceiling, floor, frac, sign)


def as_expression(
    name: str,
    value: Any,
    parameters: Iterable[str] = (),
    fields: bool = True,
    unknown: str | None = None,
    coordinates: Sequence[Symbol] = COORDINATES,
    further: Iterable[str] = (),
) -> Expr:
    """
    Return what a person handed in for a quantity over a shape as a SymPy expression of our symbols.

    Symbols and undefined functions count by their names, whatever is assumed of them: ``Symbol("x", real=True)`` is
    the coordinate x. Sums, integrals and derivatives that were left unevaluated are evaluated.

    Parameters
    ----------
    name : str
        What the quantity is called where it is handed in, for messages.
    value : float, Expr or str
        A number, an expression, or, with ``fields``, the name of a field over x and y.
    parameters : iterable of str
        The symbols that may occur beside the coordinates, see `as_parameters`.
    fields : bool
        Whether fields may occur, as a str or as ``Function("q")(x, y)``: quantities that another node or network gives.
    unknown : str, optional
        The dependent variable, for which a str must not stand.
    coordinates : sequence of Symbol
        The coordinates, in the order in which they are arguments of a field.
    further : iterable of str
        Symbols that may occur as well, but not as arguments of a field, such as those of the normal.

    Raises
    ------
    TypeError
        If it is neither a number nor an expression, nor, with ``fields``, a str.
    ValueError
        If it holds a symbol that is neither coordinate nor parameter, or anything that is not a real, finite
        function of them.

    Examples
    --------
    >>> as_expression("p", Symbol("x", positive=True) ** 2).diff(Symbol("x"))
    2*x
    >>> as_expression("p", "q")
    q(x, y)
    >>> as_expression("p", 3 * Symbol("h"))
    Traceback (most recent call last):
    ...
    ValueError: Parameter `p` must be an expression in x, y; declare further symbols by `parameters=`. Found h in 3*h.
    """
    if isinstance(value, str) and fields:
        if value == unknown:
            raise ValueError(f"Parameter `{name}` must not have the name of the dependent variable. Found {value!r}.")
        check_name(name, value, parameters)
        return Function(value)(*coordinates)
    if not isinstance(value, Expr):
        allowed = "a number, a SymPy expression or the name of a field" if fields else "a number or a SymPy expression"
        return as_number(name, value, allowed)
    expression = by_name(value)
    for field in expression.atoms(AppliedUndef):
        check_name(name, field.name, [*parameters, *map(str, coordinates)])
    check_content(name, expression, (*map(str, coordinates), *parameters), fields, further)
    return expression


def as_number(name: str, value: Any, allowed: str = "a number") -> Expr:
    """Return a finite real number as SymPy's: integers and fractions exactly, others in double precision."""
    if isinstance(value, (np.generic, np.ndarray)) and value.ndim == 0:
        value = value.item()  # NumPy's own types would bring their precision along
    if isinstance(value, bool) or not (isinstance(value, Real) or (isinstance(value, Expr) and value.is_number)):
        raise TypeError(f"Parameter `{name}` must be {allowed}. Found `{name} = {value!r}`.")
    exact = isinstance(value, (Expr, Integral, Rational))
    number = sympify(value) if exact else Float(float(value))
    check_content(name, number, (), fields=False)
    return number


def as_positive(name: str, value: Any) -> Expr:
    """Return a number above zero as SymPy's."""
    number = as_number(name, value)
    check_positive(name, float(number))
    return number


def as_parameters(parameters: Iterable[str | Symbol], taken: Iterable[str] = ()) -> tuple[str, ...]:
    """
    Return the names of declared parameters: symbols that are inputs of the network beside the coordinates.

    Parameters
    ----------
    parameters : iterable of str or Symbol
        The parameters, each once.
    taken : iterable of str
        Names that have another meaning, such as that of the dependent variable.

    Examples
    --------
    >>> as_parameters(["thickness", Symbol("load", positive=True)])
    ('thickness', 'load')
    """
    if isinstance(parameters, (str, Symbol)):
        raise TypeError(f"Parameter `parameters` must be a sequence of names. Found `parameters = {parameters!r}`.")
    names: list[str] = []
    for parameter in parameters:
        names.append(check_name("parameters", getattr(parameter, "name", parameter), [*taken, *names]))
    return tuple(names)


def as_ranges(parameters: Any) -> dict[str, tuple[float, float]]:
    """
    Return from where to where each parameter goes, if they are handed in as a mapping that says so.

    Raises
    ------
    TypeError, ValueError
        If an end is no finite number, or the first is not below the second.

    Examples
    --------
    >>> as_ranges({"k": (1, 3)}), as_ranges(["k"])
    ({'k': (1.0, 3.0)}, {})
    """
    if not isinstance(parameters, Mapping):
        return {}
    return {str(name): as_range(f"parameters[{str(name)!r}]", ends) for name, ends in parameters.items()}


def as_unknown(unknown: Any, taken: Iterable[str] = ()) -> dict[str, float]:
    """
    Return unknown coefficients, symbols of equations that are trained, with their first values.

    Raises
    ------
    TypeError, ValueError
        If it is no mapping of names that are not `taken` to finite numbers.
    """
    if not isinstance(unknown, Mapping):
        raise TypeError(f"Parameter `unknown` must map names to first values. Found `unknown = {unknown!r}`.")
    names = {check_name("unknown", getattr(name, "name", name), taken): value for name, value in unknown.items()}
    return {name: check_number(f"unknown[{name!r}]", value, -inf, inf) for name, value in names.items()}


def as_range(name: str, value: Any) -> tuple[float, float]:
    """Return a pair of finite numbers, of which the first is below the second."""
    pair = tuple(value) if isinstance(value, Iterable) else (value,)
    numbers = [check_number(name, end, -inf, inf) for end in pair]
    if len(numbers) != 2 or not numbers[0] < numbers[1]:
        raise ValueError(f"Parameter `{name}` must be a pair (low, high). Found `{name} = {value!r}`.")
    return numbers[0], numbers[1]


def check_name(name: str, value: Any, taken: Iterable[str] = ()) -> str:
    """Return the name of a field, a parameter or a dependent variable; raise if it cannot be one."""
    if not isinstance(value, str):
        raise TypeError(f"Parameter `{name}` must be a name. Found {value!r}.")
    if not value.isidentifier() or iskeyword(value) or "__" in value or value.startswith("_"):
        raise ValueError(
            f"Parameter `{name}` must be a name of letters, digits and single underscores. Found {value!r}."
        )
    taken = {*map(str, (*COORDINATES, *NORMAL)), *taken}
    if value in taken:
        raise ValueError(f"Parameter `{name}` must not be one of {', '.join(sorted(taken))}. Found {value!r}.")
    return value


def plain_name(quantity: str) -> str:
    """
    Return the name of a quantity without the double underscores that mean a derivative.

    Examples
    --------
    >>> plain_name("u__t"), plain_name("M_n")
    ('u_t', 'M_n')
    """
    return quantity.replace("__", "_")


def output_name(quantity: str, variable: str, usual: str) -> str:
    """Return the name of a quantity's equation: with the name of a dependent variable that is not the usual one.

    Examples
    --------
    >>> output_name("M_x", "w", usual="w"), output_name("M_x", "v", usual="w")
    ('M_x', 'M_x_v')
    """
    return quantity if variable == usual else f"{quantity}_{variable}"


def check_fields(equations: Mapping[str, Expr], parameters: Iterable[str] = ()) -> None:
    """
    Raise unless each field has one list of arguments in all equations, and no field or parameter an equation's name.

    Nodes and networks are told apart by their names only, so that k(x) and k(x, y) would be the same one.
    """
    fields = {field for equation in equations.values() for field in equation.atoms(AppliedUndef)}
    arguments: dict[str, tuple[Expr, ...]] = {}
    for field in sorted(fields, key=repr):
        known = arguments.setdefault(field.name, field.args)
        if known != field.args:
            raise ValueError(
                f"Field `{field.name}` must have the same arguments everywhere. Found {known}, {field.args}."
            )
    for name in sorted({*arguments, *parameters} & set(equations)):
        raise ValueError(f"Fields and parameters must not be named as equations, {', '.join(equations)}. Found {name}.")


def by_name(value: Expr) -> Expr:
    """Return an expression with symbols and fields that count by their names alone, and nothing left unevaluated."""
    # First what binds symbols of its own, or a bound symbol could take a free one of its name along.
    limits = {bound: bound.doit() for bound in value.atoms(ExprWithLimits)}
    value = value.xreplace(limits)
    value = value.xreplace({symbol: Symbol(symbol.name) for symbol in value.atoms(Symbol)})
    value = value.xreplace({field: Function(field.name)(*field.args) for field in value.atoms(AppliedUndef)})
    return value.doit()


def check_content(
    name: str, expression: Expr, known: tuple[str, ...], fields: bool, further: Iterable[str] = ()
) -> None:
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
    further : iterable of str
        Symbols that may occur as well, but not as arguments of a field.

    Raises
    ------
    ValueError
        If anything else is in it.
    """
    for part in preorder_traversal(expression):
        wanted = _wanted_instead_of(part, known, fields)
        if wanted:
            raise ValueError(f"Parameter `{name}` must be {wanted}. Found {part!r} in {expression!r}.")
    unknown = sorted(map(str, expression.free_symbols - {Symbol(symbol) for symbol in {*known, *further}}))
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
    points: Iterable[tuple[float, ...]],
    low: float = -inf,
    high: float = inf,
    closed: bool = False,
    coordinates: Sequence[Symbol] = COORDINATES,
) -> None:
    """
    Raise unless an expression in the coordinates has finite values in an interval at all points.

    The interval is (low, high], or [low, high] if `closed`. An expression that holds fields or parameters is let
    through: its values are not known yet.
    """
    if expression.atoms(AppliedUndef) or not expression.free_symbols <= set(coordinates):
        return
    evaluate = lambdify(coordinates, expression, modules="mpmath")
    for point in points:
        value = _value(evaluate, point)
        if value is not None and not (isfinite(value) and low <= value <= high and (closed or value > low)):
            interval = f"{'[' if closed else '('}{low:g}, {high:g}{')' if high == inf else ']'}"
            place = ", ".join(f"{coordinate:g}" for coordinate in point)
            raise ValueError(f"Parameter `{name}` must be in {interval} everywhere. Found {value:g} at ({place}).")


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


def _value(evaluate: Callable[..., Any], point: tuple[float, ...]) -> float | None:
    """Return a value, nan for one that does not exist or is not real, nothing where mpmath lacks a function."""
    try:
        value = complex(evaluate(*point))
    except NameError:
        return None
    except (ArithmeticError, TypeError, ValueError):
        return nan
    return value.real if value.imag == 0 else nan


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
