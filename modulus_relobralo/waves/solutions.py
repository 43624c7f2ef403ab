"""Closed solutions for waves."""

from __future__ import annotations

from sympy import Expr, Symbol, pi, sin, sympify

from modulus_relobralo.checks import check_positive


def standing_wave(m: float, n: float) -> Expr:
    """
    Return sin(m pi x) sin(n pi y) as a SymPy expression.

    Examples
    --------
    >>> standing_wave(m=1, n=4)
    sin(pi*x)*sin(4*pi*y)
    """
    check_positive("m", m)
    check_positive("n", n)
    return sin(sympify(m) * pi * Symbol("x")) * sin(sympify(n) * pi * Symbol("y"))
