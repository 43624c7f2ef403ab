"""SymPy expressions as functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from sympy import Derivative, Expr, Heaviside, Integer, Symbol, lambdify, sign
from sympy.core.function import AppliedUndef
from sympy.printing.codeprinter import PrintMethodNotImplementedError
from torch import Tensor

from modulus_relobralo.problems.expressions import without_cases

# The arguments of the functions below are tensors: `torch_function` leaves no function of numbers alone.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(torch, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "sqrt")},
    **{name: getattr(torch, name) for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2", "erf")},
    "Abs": torch.abs,
    "ceiling": torch.ceil,
    "floor": torch.floor,
    "loggamma": torch.lgamma,
    # On the line between, which no point hits, 0.
    "Heaviside": lambda z, *_: (z > 0).to(z.dtype),
    "Max": lambda *values: _fold(torch.maximum, values),
    "Min": lambda *values: _fold(torch.minimum, values),
}


def names_in(expression: Expr) -> set[str]:
    """Return the names of what an expression takes in: symbols, fields, and derivatives such as ``w__x__x``."""
    return {name_of(part) for part in _unknowns(expression)} | {str(s) for s in _plain(expression).free_symbols}


def name_of(part: Expr) -> str:
    """Return the name of a field or a derivative of one."""
    if isinstance(part, Derivative):
        return "__".join([part.expr.func.__name__, *(symbol.name for symbol in part.variables)])
    return part.func.__name__


def torch_function(expression: Expr, names: Sequence[str]) -> Callable[..., Tensor]:
    """Return an expression as a function of tensors, one for each of `names`.

    Raises
    ------
    ValueError
        If PyTorch lacks a function in it.
    """
    plain = _plain(without_cases(expression))
    plain = plain.replace(sign, lambda z: Heaviside(z) - Heaviside(-z))  # Python's own is of numbers
    plain = plain.replace(lambda part: part.is_number and not part.is_Rational, lambda part: part.evalf(17))
    arguments = {Symbol(name): Symbol(f"{name}_") for name in names}  # one may be called as a function is, "sin"
    try:
        function = lambdify([*arguments.values()], plain.xreplace(arguments), modules=[_FUNCTIONS])
        function(*torch.ones(len(names), 2))
    # One that SymPy cannot print, one under a name that is not there, or one of Python's own, which take no tensor or
    # only that of one number.
    except (PrintMethodNotImplementedError, NameError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"An equation must be made of functions that PyTorch has. Found {plain!r}: {error}."
        ) from error
    return function


def _unknowns(expression: Expr) -> set[Expr]:
    derivatives = expression.atoms(Derivative)
    return derivatives | expression.xreplace(dict.fromkeys(derivatives, Integer(0))).atoms(AppliedUndef)


def _plain(expression: Expr) -> Expr:
    """Return the expression with a symbol for each field and derivative."""
    derivatives = {part: Symbol(name_of(part)) for part in expression.atoms(Derivative)}
    expression = expression.xreplace(derivatives)
    return expression.xreplace({part: Symbol(name_of(part)) for part in expression.atoms(AppliedUndef)})


def _fold(function: Callable[[Tensor, Tensor], Tensor], values: Sequence[Tensor | float]) -> Tensor:
    like = next(value for value in values if isinstance(value, Tensor))
    first, *rest = (torch.as_tensor(value, dtype=like.dtype, device=like.device) for value in values)
    for value in rest:
        first = function(first, value)
    return first
