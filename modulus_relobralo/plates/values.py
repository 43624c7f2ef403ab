"""Quantities of a plate, from a deflection that can be differentiated: a network's, or a closed one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sympy import Derivative, Expr, Function, Symbol, lambdify
from sympy.core.function import AppliedUndef

from modulus_relobralo.problems.expressions import COORDINATES, NORMAL

Array = NDArray[np.float64]
Points = dict[str, Array]
Orders = tuple[int, int]


class Deflection(Protocol):
    """A deflection over x and y."""

    def derivatives(self, points: Points, orders: Iterable[Orders]) -> dict[Orders, Array]:
        """Return its derivatives at points, by how often it is differentiated by x and by y."""


class ClosedDeflection:
    """
    A deflection as a SymPy expression in x, y and parameters.

    Parameters
    ----------
    expression : Expr
        The deflection.
    """

    def __init__(self, expression: Expr) -> None:
        self.expression = expression

    def derivatives(self, points: Points, orders: Iterable[Orders]) -> dict[Orders, Array]:
        """Return its derivatives at points."""
        x, y = COORDINATES
        return {(i, j): evaluate(self.expression.diff(x, i, y, j), points) for i, j in orders}


class SummedDeflection:
    """
    A sum of deflections, each times a factor.

    Parameters
    ----------
    deflections : sequence of Deflection
        Of load cases.
    factors : sequence of float
        As many.
    """

    def __init__(self, deflections: Sequence[Deflection], factors: Sequence[float]) -> None:
        self._parts = tuple(zip(deflections, factors, strict=True))

    def derivatives(self, points: Points, orders: Iterable[Orders]) -> dict[Orders, Array]:
        """Return its derivatives at points."""
        orders = list(orders)
        found = [(part.derivatives(points, orders), factor) for part, factor in self._parts]
        return {order: np.sum([factor * of[order] for of, factor in found], axis=0) for order in orders}


class NetworkDeflection:
    """
    The deflection that a network gives, differentiated in double precision whatever its own.

    Parameters
    ----------
    network : torch.nn.Module
        What `TaylorDerivatives` takes.
    inputs : sequence of str
        Names of its columns: x, y and parameters.
    w : str
        Name of its output.
    reader : callable, optional
        Of `TaylorDerivatives`.
    """

    def __init__(
        self, network: Any, inputs: Iterable[str], w: str = "w", reader: Callable[..., Any] | None = None
    ) -> None:
        self.network, self.inputs, self.w, self._reader = network, list(inputs), w, reader

    def derivatives(self, points: Points, orders: Iterable[Orders]) -> dict[Orders, Array]:
        """Return its derivatives at points, up to the fourth order."""
        import torch

        from modulus_relobralo.taylor import TaylorDerivatives

        names = {(i, j): "__".join([self.w, *["x"] * i, *["y"] * j]) for i, j in orders}
        reader: dict[str, Any] = {"reader": self._reader} if self._reader else {}
        module = TaylorDerivatives(self.network, self.inputs, [self.w], names.values(), compiled=False, **reader)
        tensors = {name: t.detach() for name, t in [*module.named_parameters(), *module.named_buffers()]}
        doubled = {name: t.double() if t.is_floating_point() else t for name, t in tensors.items()}
        columns = torch.stack([torch.as_tensor(points[name].copy()).double() for name in self.inputs], dim=1)
        with torch.no_grad():
            found = torch.func.functional_call(module, doubled, (columns.to(next(iter(tensors.values())).device),))
        return {key: found[name][:, 0].cpu().numpy() for key, name in names.items()}


def quantities(expressions: Mapping[str, Expr], w: str, deflection: Deflection, points: Points) -> dict[str, Array]:
    """
    Return quantities at points.

    Parameters
    ----------
    expressions : mapping of str to Expr
        In the deflection, its derivatives, x, y, the normal, parameters and further symbols that `points` has.
    w : str
        The name of the deflection.
    deflection : Deflection
        Its values.
    points : dict of str to array
        Coordinates, normals and whatever else by name, each [points].
    """
    function = Function(w)(*COORDINATES)
    terms = {function} | {term for expression in expressions.values() for term in expression.atoms(Derivative)}
    orders = {term: orders_of(term) for term in terms}
    found = deflection.derivatives(points, sorted(set(orders.values())))
    known = points | {symbol_of(term): found[orders[term]] for term in terms}
    return {name: evaluate(put_symbols(expression, terms), known) for name, expression in expressions.items()}


def put_symbols(expression: Expr, terms: Iterable[Expr]) -> Expr:
    """Return an expression with symbols for the deflection and its derivatives."""
    # From the highest order down: the function itself is in each of its derivatives.
    ordered = sorted(terms, key=lambda term: -sum(orders_of(term)))
    for term in ordered:
        expression = expression.xreplace({term: Symbol(symbol_of(term))})
    return expression


def symbol_of(term: Expr) -> str:
    """Return the name of the symbol that stands for the deflection or a derivative of it."""
    return "_w_{}_{}".format(*orders_of(term))


def orders_of(term: Expr) -> Orders:
    """Return how often a term is differentiated by x and by y."""
    counts = {str(symbol): int(count) for symbol, count in getattr(term, "variable_count", ())}
    return counts.get("x", 0), counts.get("y", 0)


def evaluate(expression: Expr, points: Points) -> Array:
    """
    Return an expression at points.

    Raises
    ------
    ValueError
        If it has fields or symbols that the points do not have.
    """
    fields = sorted({field.name for field in expression.atoms(AppliedUndef)})
    usual = {str(symbol) for symbol in (*COORDINATES, *NORMAL)}
    unknown = fields + sorted({str(symbol) for symbol in expression.free_symbols} - {*points, *usual})
    if unknown:
        raise ValueError(
            f"Quantities of a plate must be known at its points. Found no values of {', '.join(unknown)}: give those "
            "of parameters; fields that other networks give are not."
        )
    names = [str(symbol) for symbol in expression.free_symbols]
    value = lambdify([Symbol(name) for name in names], expression, modules="numpy")(*(points[name] for name in names))
    return np.broadcast_to(np.asarray(value, dtype=float), points["x"].shape)
