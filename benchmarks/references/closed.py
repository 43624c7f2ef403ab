"""Deflections in closed form, as SymPy expressions in x and y."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sympy import Expr, Rational, Symbol, lambdify, log, sqrt

from benchmarks.references.bending import Array

X, Y = Symbol("x"), Symbol("y")


class Closed:
    """A deflection as an expression in x and y, with its derivatives."""

    def __init__(self, expression: Expr) -> None:
        self.expression = expression
        self._known: dict[tuple[int, int], Callable[[Array, Array], Array]] = {}

    def __call__(self, i: int, j: int, x: Array, y: Array) -> Array:
        """Return w differentiated i times by x and j times by y."""
        if (i, j) not in self._known:
            self._known[i, j] = lambdify((X, Y), self.expression.diff(X, i, Y, j), modules="numpy")
        return np.broadcast_to(np.asarray(self._known[i, j](x, y), dtype=float), np.shape(x))


def clamped_circle(radius: float, D: float, q: float) -> Expr:
    """Article 17, (62)."""
    return q / (64 * D) * (radius**2 - X**2 - Y**2) ** 2


def supported_circle(radius: float, D: float, nu: float, q: float) -> Expr:
    """Article 17, (67)."""
    r_2 = X**2 + Y**2
    return q * (radius**2 - r_2) / (64 * D) * ((5 + nu) / (1 + nu) * radius**2 - r_2)


def clamped_ellipse(a: float, b: float, D: float, q: float) -> Expr:
    """Article 72."""
    middle = q / (D * (24 / a**4 + 24 / b**4 + 16 / (a * b) ** 2))
    return middle * (1 - (X / a) ** 2 - (Y / b) ** 2) ** 2


def supported_triangle(side: float, D: float, q: float) -> Expr:
    """Article 71, equilateral, with corners (0, 0), (side, 0) and the third above: the book's x goes upwards there."""
    height = side * sqrt(3) / 2
    up, across = Y - height / 3, X - Rational(1, 2) * side
    # The book's triangle has an edge at x = -a/3 and a corner at x = 2a/3.
    edges = up**3 - 3 * across**2 * up - height * (up**2 + across**2) + Rational(4, 27) * height**3
    return (q / (64 * height * D) * edges * (Rational(4, 9) * height**2 - up**2 - across**2)).evalf()


def supported_ring(outer: float, inner: float, D: float, nu: float, q: float) -> Expr:
    """Article 18: simply supported outside and free inside. Of r^2, ln r and r^2 ln r beside the load's r^4 / 64."""
    r = Symbol("r", positive=True)
    terms = [r**2, log(r), r**2 * log(r), q * r**4 / 64]
    slope = [term.diff(r) for term in terms]
    moment = [-(s.diff(r) + nu * s / r) for s in slope]
    shear = [-(s.diff(r) + s / r).diff(r) for s in slope]
    rows = [[m.subs(r, outer) for m in moment], [m.subs(r, inner) for m in moment], [s.subs(r, inner) for s in shear]]
    values = np.array(rows, dtype=float)
    factors = [*np.linalg.solve(values[:, :3], -values[:, 3]), 1.0]
    w = sum(float(factor) * term for factor, term in zip(factors, terms, strict=True)) / D
    return (w - w.subs(r, outer)).subs(r, sqrt(X**2 + Y**2))
