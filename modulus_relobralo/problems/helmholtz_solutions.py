"""Closed solutions for waves."""

from __future__ import annotations

from sympy import Expr, pi, sin

from modulus_relobralo.problems.symbols import COORDINATES, as_positive


def standing_wave(m: float, n: float) -> Expr:
    """
    Return sin(m pi x) sin(n pi y) as a SymPy expression.

    Examples
    --------
    >>> standing_wave(m=1, n=4)
    sin(pi*x)*sin(4*pi*y)
    """
    x, y = COORDINATES
    return sin(as_positive("m", m) * pi * x) * sin(as_positive("n", n) * pi * y)
