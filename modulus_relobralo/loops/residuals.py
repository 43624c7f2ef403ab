"""Residuals of the loss terms that hold at one place: SymPy expressions as a module and as functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from sympy import Derivative, Expr, Heaviside, Integer, Subs, Symbol, lambdify, preorder_traversal, sign
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.function import AppliedUndef
from torch import Tensor
from torch.nn import Module, ModuleList, Parameter, ParameterDict

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


class Columns(NamedTuple):
    """A network and the names of its columns."""

    network: Module
    inputs: list[str]
    outputs: list[str]


class Residuals(Module):
    """Residuals at points, with the derivatives that they need of networks in Taylor mode.

    Parameters
    ----------
    network : Module or mapping of str to Module
        As of `TaylorDerivatives`; or several, by the names of their outputs, as ``{"u, v": flow, "k": conductivity}``.
        Of several each takes those coordinates that its fields have as arguments, and what is no coordinate.
    residuals : mapping of str to Expr
        What vanishes, by name of the loss term: an expression in coordinates, parameters, the network's outputs and
        their derivatives.
    inputs, outputs : sequence of str
        Names of the network's columns; no outputs of several networks.
    coordinates : iterable of str, optional
        Those inputs that every field has as arguments, u(x, y); it may leave out the others, which are parameters. By
        default x, y, z and t, as far as they are inputs.
    unknown : mapping of str to Parameter, optional
        Coefficients that are trained, each of shape [].
    compiled, reader
        Of `TaylorDerivatives`.

    Attributes
    ----------
    names : list of str
        Names of what `forward` takes, in this order: the inputs, then what else the residuals need, such as the
        normals.

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
        network: Module | Mapping[str, Module],
        residuals: Mapping[str, Expr],
        inputs: Iterable[str],
        outputs: Iterable[str] = (),
        coordinates: Iterable[str] | None = None,
        compiled: bool = True,
        reader: Callable[[Module], Network] = read,
        unknown: Mapping[str, Parameter] | None = None,
    ) -> None:
        super().__init__()
        inputs = list(inputs)
        coordinates = [name for name in _COORDINATES if name in inputs] if coordinates is None else list(coordinates)
        columns = columns_of(network, residuals.values(), inputs, outputs, coordinates)
        _check_fields(residuals, columns)
        for name, residual in residuals.items():
            _check_at_the_point(name, residual, inputs, coordinates, anywhere=isinstance(network, Mapping))
        collapsed = dict(residuals)
        for each in columns:
            collapsed = collapse(collapsed, each.inputs, each.outputs)
        needed = {name: sorted(names_in(residual)) for name, residual in collapsed.items()}
        _check_derivatives(needed, columns)
        fields, names = fields_in(collapsed.values()), {name for names in needed.values() for name in names}
        computed = {name for name in names if name in fields or "__" in name}
        if not computed:
            raise ValueError(f"Parameter `residuals` must hold fields of the network. Found `{dict(residuals)}`.")
        self.unknown: Any = ParameterDict({name: each for name, each in (unknown or {}).items() if name in names})
        self.names = [*inputs, *sorted(names - computed - {*inputs, *self.unknown})]
        self.derivatives: Any = ModuleList(
            TaylorDerivatives(*each, sorted(found), compiled=compiled, reader=reader)
            for each in columns
            if (found := {name for name in computed if _belongs(name, each, fields_in(residuals.values()))})
        )
        self._functions = {name: torch_function(residual, needed[name]) for name, residual in collapsed.items()}
        self._needed = needed

    def forward(self, *points: Tensor) -> dict[str, Tensor]:
        """Return the residuals by name; these, and the points in the order of `names`, are [points, 1]."""
        known = dict(zip(self.names, points, strict=True)) | dict(self.unknown.items())
        for derivatives in self.derivatives:
            known |= derivatives({name: known[name] for name in derivatives.inputs})
        return {
            name: function(*(known[part] for part in self._needed[name])).expand_as(points[0])
            for name, function in self._functions.items()
        }


def fields_in(residuals: Iterable[Expr]) -> set[str]:
    """Return the names of all fields in some expressions."""
    return {part.func.__name__ for residual in residuals for part in residual.atoms(AppliedUndef)}


def columns_of(
    network: Module | Mapping[str, Module],
    residuals: Iterable[Expr],
    inputs: list[str],
    outputs: Iterable[str],
    coordinates: Iterable[str],
) -> list[Columns]:
    """Return each network with the names of its columns, see `Residuals`; of several those that occur.

    Raises
    ------
    ValueError
        If fields of one network have different arguments, or a field is given by two.
    """
    if isinstance(network, Module):
        return [Columns(network, inputs, list(outputs))]
    fields = {field for residual in residuals for field in residual.atoms(AppliedUndef)}
    found: list[Columns] = []
    for key, each in network.items():
        named = [name.strip() for name in key.split(",")]
        taken = {tuple(map(str, field.args)) for field in fields if field.func.__name__ in named}
        twice = [name for other in found for name in other.outputs if name in named]
        if len(taken) > 1 or twice:
            raise ValueError(
                "Parameter `network` must name each field once, and fields with the same arguments together. Found "
                f"{key!r}, with {twice or sorted(taken)}."
            )
        if taken:
            (arguments,) = taken
            found.append(
                Columns(each, [name for name in inputs if name in arguments or name not in coordinates], named)
            )
    return found


def _belongs(name: str, columns: Columns, fields: set[str]) -> bool:
    """Whether a network gives a field, a derivative of one, or a collapsed operator, which is none of the fields."""
    field = name.split("__")[0]
    operators = Namespace(dict.fromkeys(columns.inputs, 1), dict.fromkeys(columns.outputs, 1)).operators
    return field in columns.outputs or (field not in fields and field in operators)


def _check_derivatives(needed: Mapping[str, Iterable[str]], columns: Iterable[Columns]) -> None:
    known = [Namespace(dict.fromkeys(each.inputs, 1), dict.fromkeys(each.outputs, 1)) for each in columns]
    for name, parts in needed.items():
        unknown = [part for part in parts if "__" in part and not any(each.knows(part) for each in known)]
        if unknown:
            wanted = " or ".join(f"of {each.outputs} by {each.inputs}" for each in columns)
            raise ValueError(
                f"Loss term `{name}` must hold derivatives of order 1 to {MAX_ORDER} {wanted}. Found `{unknown}`."
            )


def _check_fields(residuals: Mapping[str, Expr], columns: Iterable[Columns]) -> None:
    fields, outputs = fields_in(residuals.values()), [name for each in columns for name in each.outputs]
    if fields - set(outputs):
        raise ValueError(
            f"Parameter `outputs` must name every field of the equations, {sorted(fields)}. "
            f"Found `outputs = {outputs}`."
        )


def _check_at_the_point(name: str, residual: Expr, inputs: list[str], coordinates: list[str], anywhere: bool) -> None:
    """Raise if a residual holds a field anywhere but at the point: it would get the network's value there instead."""
    for part in preorder_traversal(residual):
        if isinstance(part, AppliedUndef):
            arguments = [str(argument) for argument in part.args]
            in_order = [each for each in inputs if each in arguments]
            elsewhere = arguments != in_order or not (anywhere or set(coordinates) <= set(arguments))
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
    except (NameError, TypeError, ValueError, RuntimeError) as error:
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
