"""Symbols, fields and parameters in what a person hands in: they count by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from keyword import iskeyword
from numbers import Integral, Rational, Real
from typing import Any

import numpy as np
from sympy import Expr, Float, Function, Symbol, sympify
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.function import AppliedUndef

from modulus_relobralo.checks import check_positive
from modulus_relobralo.problems.expressions import check_content

COORDINATES = Symbol("x"), Symbol("y")
"""Coordinates in the plane."""

NORMAL = Symbol("normal_x"), Symbol("normal_y")
"""The outward normal on a boundary, of length one."""


def as_expression(
    name: str,
    value: Any,
    parameters: Iterable[str] = (),
    fields: bool = True,
    unknown: str | None = None,
) -> Expr:
    """
    Return what a person handed in for a quantity over the plane as a SymPy expression of our symbols.

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
        return Function(value)(*COORDINATES)
    if not isinstance(value, Expr):
        allowed = "a number, a SymPy expression or the name of a field" if fields else "a number or a SymPy expression"
        return as_number(name, value, allowed)
    expression = _by_name(value)
    for field in expression.atoms(AppliedUndef):
        check_name(name, field.name, parameters)
    check_content(name, expression, (*map(str, COORDINATES), *parameters), fields)
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


def _by_name(value: Expr) -> Expr:
    # First what binds symbols of its own, or a bound symbol could take a free one of its name along.
    limits = {bound: bound.doit() for bound in value.atoms(ExprWithLimits)}
    value = value.xreplace(limits)
    value = value.xreplace({symbol: Symbol(symbol.name) for symbol in value.atoms(Symbol)})
    value = value.xreplace({field: Function(field.name)(*field.args) for field in value.atoms(AppliedUndef)})
    return value.doit()
