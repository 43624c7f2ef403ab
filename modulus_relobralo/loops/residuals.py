"""Residuals of the loss terms that hold at one place: SymPy expressions as a module and as functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from sympy import Derivative, Expr, Heaviside, Integer, Subs, Symbol, lambdify, preorder_traversal, sign
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.function import AppliedUndef
from sympy.printing.codeprinter import PrintMethodNotImplementedError
from torch import Tensor
from torch.nn import Module

from modulus_relobralo.problems.expressions import without_cases
from modulus_relobralo.taylor import Network, TaylorDerivatives, collapse, read
from modulus_relobralo.taylor.jets import MAX_ORDER
from modulus_relobralo.taylor.names import Namespace

_COORDINATES = ("x", "y", "z", "t")

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


class Residuals(Module):
    """Residuals at points, with the derivatives that they need of one network in Taylor mode.

    Parameters
    ----------
    network : Module
        As of `TaylorDerivatives`.
    residuals : mapping of str to Expr
        What vanishes, by name of the loss term: an expression in coordinates, parameters, the network's outputs and
        their derivatives.
    inputs, outputs : sequence of str
        Names of the network's columns.
    coordinates : iterable of str, optional
        Those inputs that every field has as arguments, u(x, y); it may leave out the others, which are parameters. By
        default x, y, z and t, as far as they are inputs.
    compiled, reader
        Of `TaylorDerivatives`.

    Attributes
    ----------
    names : list of str
        Names of what `forward` takes, in this order: the network's inputs, then what else the residuals need, such as
        the normals.

    Raises
    ------
    UnsupportedNetworkError
        If there is no rule for a part of the network.
    ValueError
        If the residuals hold a field that is no output of the network or is not taken at the point itself, as u(0, y)
        and u(x) over the plane are, a derivative above fourth order, or a function that PyTorch lacks.
    """

    def __init__(
        self,
        network: Module,
        residuals: Mapping[str, Expr],
        inputs: Iterable[str],
        outputs: Iterable[str],
        coordinates: Iterable[str] | None = None,
        compiled: bool = True,
        reader: Callable[[Module], Network] = read,
    ) -> None:
        super().__init__()
        inputs, outputs = list(inputs), list(outputs)
        _check_fields(residuals, outputs)
        coordinates = [name for name in _COORDINATES if name in inputs] if coordinates is None else list(coordinates)
        for name, residual in residuals.items():
            _check_at_the_point(name, residual, inputs, coordinates)
        collapsed = collapse(residuals, inputs, outputs)
        needed = {name: sorted(names_in(residual)) for name, residual in collapsed.items()}
        fields = fields_in(collapsed.values())
        computed = {name for names in needed.values() for name in names if name in fields or "__" in name}
        _check_derivatives(needed, inputs, outputs)
        if not computed:
            raise ValueError(f"Parameter `residuals` must hold fields of the network. Found `{dict(residuals)}`.")
        others = {name for names in needed.values() for name in names} - computed
        self.names = [*inputs, *sorted(others.difference(inputs))]
        self.derivatives = TaylorDerivatives(
            network, inputs, outputs, sorted(computed), compiled=compiled, reader=reader
        )
        self._functions = {name: torch_function(residual, needed[name]) for name, residual in collapsed.items()}
        self._needed = needed

    def forward(self, *points: Tensor) -> dict[str, Tensor]:
        """Return the residuals by name; these, and the points in the order of `names`, are [points, 1]."""
        known = dict(zip(self.names, points, strict=True))
        known |= self.derivatives({name: known[name] for name in self.derivatives.inputs})
        return {
            name: function(*(known[part] for part in self._needed[name])).expand_as(points[0])
            for name, function in self._functions.items()
        }


def fields_in(residuals: Iterable[Expr]) -> set[str]:
    """Return the names of all fields in some expressions."""
    return {part.func.__name__ for residual in residuals for part in residual.atoms(AppliedUndef)}


def _check_derivatives(needed: Mapping[str, Iterable[str]], inputs: list[str], outputs: list[str]) -> None:
    columns = Namespace(dict.fromkeys(inputs, 1), dict.fromkeys(outputs, 1))
    for name, parts in needed.items():
        unknown = [part for part in parts if "__" in part and not columns.knows(part)]
        if unknown:
            raise ValueError(
                f"Loss term `{name}` must hold derivatives of order 1 to {MAX_ORDER} of {outputs} by {inputs}. "
                f"Found `{unknown}`."
            )


def _check_fields(residuals: Mapping[str, Expr], outputs: list[str]) -> None:
    fields = fields_in(residuals.values())
    if fields - set(outputs):
        raise ValueError(
            f"Parameter `outputs` must name every field of the equations, {sorted(fields)}. "
            f"Found `outputs = {outputs}`."
        )


def _check_at_the_point(name: str, residual: Expr, inputs: list[str], coordinates: list[str]) -> None:
    """Raise if a residual holds a field anywhere but at the point: it would get the network's value there instead."""
    for part in preorder_traversal(residual):
        if isinstance(part, AppliedUndef):
            arguments = [str(argument) for argument in part.args]
            in_order = [each for each in inputs if each in arguments]
            elsewhere = arguments != in_order or not set(coordinates) <= set(arguments)
        else:
            elsewhere = isinstance(part, (Subs, ExprWithLimits))
            elsewhere |= isinstance(part, Derivative) and not isinstance(part.expr, AppliedUndef)
        if elsewhere:
            raise ValueError(
                f"Loss term `{name}` must hold fields over {', '.join(coordinates)}, in this order, and their "
                f"derivatives, at the point itself. Found {part!r}."
            )


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
