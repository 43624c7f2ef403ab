"""
A rough deflection of any plate, fast: the polynomial that fits its equations best.

It is there to know how large deflections, moments and shears will be, before anything is trained. All that holds inside
and on the edges is linear in the deflection, or is taken so for small ones; the polynomial's coefficients are the
least-squares solution at a few hundred points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sympy import Derivative, Expr, Function, Symbol, lambdify

from modulus_relobralo.geometry.shape import Shape
from modulus_relobralo.geometry.symbols import COORDINATES, NORMAL

Array = NDArray[np.float64]
Points = dict[str, Array]

DEGREE = 10
"""Of the polynomial in x and y together."""
GRID = 24
"""Points along each side of the bounds, and along each edge."""
ORDER = 4


class Problem(Protocol):
    """What `fit` needs of a plate."""

    shape: Shape

    @property
    def equations(self) -> Mapping[str, Expr]:
        """See `geometry.description`."""

    @property
    def inside(self) -> Mapping[str, Expr]:
        """See `geometry.description`."""

    @property
    def conditions(self) -> Mapping[str, Mapping[str, Expr]]:
        """See `geometry.description`."""

    @property
    def givens(self) -> Mapping[str, Mapping[str, Expr]]:
        """See `geometry.description`."""


class Polynomial:
    """
    A deflection as a sum of Chebyshev polynomials over the bounds of a shape.

    Parameters
    ----------
    bounds : tuple
        Of the shape.
    deflection : str
        The name of the dependent variable.
    """

    def __init__(self, bounds: tuple[tuple[float, float], tuple[float, float]], deflection: str) -> None:
        (x0, y0), (x1, y1) = bounds
        self._middle, self._half = ((x0 + x1) / 2, (y0 + y1) / 2), ((x1 - x0) / 2, (y1 - y0) / 2)
        self._degrees = [(i, j) for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)]
        self.function = Function(deflection)(*COORDINATES)
        self.coefficients: Array = np.zeros(len(self._degrees))

    def rows(self, quantity: Expr, points: Points) -> tuple[Array, Array]:
        """Return a quantity as a matrix by the coefficients, [points, coefficients], and what is left without them."""
        terms = [self.function, *quantity.atoms(Derivative)]
        symbols = [Symbol(f"_term_{i}") for i in range(len(terms))]
        # From the highest order down: the function itself is in each of its derivatives.
        pairs = sorted(zip(terms, symbols, strict=True), key=lambda pair: -getattr(pair[0], "derivative_count", 0))
        plain = quantity.xreplace(dict(pairs))
        at_rest = dict.fromkeys(symbols, 0)
        matrix = np.zeros((len(points["x"]), len(self._degrees)))
        for term, symbol in pairs:
            factor = plain.diff(symbol).xreplace(at_rest)
            if factor != 0:
                matrix += evaluate(factor, points)[:, None] * self._derivative(term, points)
        return matrix, evaluate(plain.xreplace(at_rest), points)

    def values(self, quantity: Expr, points: Points) -> Array:
        """Return a quantity at points."""
        matrix, rest = self.rows(quantity, points)
        return matrix @ self.coefficients + rest

    def _derivative(self, term: Expr, points: Points) -> Array:
        counts = dict(term.variable_count) if isinstance(term, Derivative) else {}
        along = [self._along(axis, int(counts.get(symbol, 0)), points) for axis, symbol in enumerate(COORDINATES)]
        return np.stack([along[0][i] * along[1][j] for i, j in self._degrees], axis=1)

    def _along(self, axis: int, order: int, points: Points) -> Array:
        t = (points["xy"[axis]] - self._middle[axis]) / self._half[axis]
        chebyshev = np.polynomial.chebyshev
        derived = chebyshev.chebder(np.eye(DEGREE + 1), order) if order else np.eye(DEGREE + 1)
        return chebyshev.chebval(t, derived) / self._half[axis] ** order


def fit(problem: Problem, deflection: str, values: Mapping[str, float]) -> Polynomial:
    """Return the polynomial that fits a plate best, with ``values`` of its parameters."""
    polynomial = Polynomial(problem.shape.bounds, deflection)
    blocks = [
        polynomial.rows(problem.equations[name] - target, inner(problem.shape, values))
        for name, target in problem.inside.items()
    ]
    for part, outvar in problem.conditions.items():
        place = problem.shape.parts[part].at((np.arange(GRID) + 0.5) / GRID)
        points = {**place, **_constant(values, place["x"])}
        known = {**problem.equations, deflection: polynomial.function}
        given = {Symbol(name): value for name, value in problem.givens.get(part, {}).items()}
        blocks += [polynomial.rows(known[name].xreplace(given) - target, points) for name, target in outvar.items()]
    matrix, right = [], []
    for rows, rest in blocks:
        size = np.sqrt((rows**2).sum(axis=1).mean() * len(rows)) or 1.0
        matrix.append(rows / size)
        right.append(-rest / size)
    polynomial.coefficients = np.linalg.lstsq(np.concatenate(matrix), np.concatenate(right), rcond=1e-12)[0]
    return polynomial


def inner(shape: Shape, values: Mapping[str, float]) -> Points:
    """Return a grid of points inside of a shape, with values of parameters."""
    x, y = (np.array(c) for c in zip(*shape.points(GRID), strict=True))
    return {"x": x, "y": y, **_constant(values, x)}


def evaluate(expression: Expr, points: Points) -> Array:
    """Return an expression without fields at points."""
    symbols = [*COORDINATES, *NORMAL, *(Symbol(name) for name in points if name not in _USUAL)]
    known = {str(s): points.get(str(s), np.zeros_like(points["x"])) for s in symbols}
    value = lambdify(symbols, expression, modules="numpy")(*(known[str(s)] for s in symbols))
    return np.broadcast_to(np.asarray(value, dtype=float), points["x"].shape)


_USUAL = {str(symbol) for symbol in (*COORDINATES, *NORMAL)}


def _constant(values: Mapping[str, float], like: Array) -> Points:
    return {name: np.full_like(like, value) for name, value in values.items()}


def largest(arrays: Iterable[Array]) -> float:
    """Return what nearly all absolute values stay below: a few near a corner may be beyond any bound."""
    return float(max(np.quantile(np.abs(array), 0.95) for array in arrays))
