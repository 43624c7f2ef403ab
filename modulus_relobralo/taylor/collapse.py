"""Writes operators of equations, such as their Laplacian, as one quantity each, which Taylor mode computes faster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from modulus_relobralo.taylor.names import Namespace, Terms


def collapse(
    equations: Mapping[str, sympy.Expr], inputs: Iterable[str], outputs: Iterable[str]
) -> dict[str, sympy.Expr]:
    """Write Laplacians and biharmonics of a network's outputs as ``laplacian_<output>`` and ``biharmonic_<output>``.

    The equations keep their names and values. They then need these quantities, each of which takes one channel of
    the Taylor pass instead of one for each partial derivative.

    Parameters
    ----------
    equations : mapping of str to Expr
        Equations by name; left as they are.
    inputs, outputs : iterable of str
        Those of the network that will give the dependent variables, each of one column. Its inputs among x, y, z are
        those of the operators.

    Returns
    -------
    dict of str to Expr
        An equation without such an operator is taken over as it is, and so is one whose partial derivatives
        another equation needs too: one pass then serves both. Names that mean something else in the equations are
        not used.

    Examples
    --------
    >>> x, y = sympy.symbols("x y")
    >>> u = sympy.Function("u")(x, y)
    >>> collapse({"helmholtz": u.diff(x, 2) + u.diff(y, 2) + 4 * u}, inputs=["x", "y"], outputs=["u"])
    {'helmholtz': laplacian_u(x, y) + 4*u(x, y)}
    """
    collapsed = {}
    taken = {*equations, *(str(a) for e in equations.values() for a in e.free_symbols)}
    taken |= {f.name for e in equations.values() for f in e.atoms(AppliedUndef)}
    names = Namespace(dict.fromkeys(inputs, 1), dict.fromkeys(outputs, 1))
    for name, equation in equations.items():
        others = {d for other, e in equations.items() if other != name for d in e.atoms(sympy.Derivative)}
        for function in sorted(equation.atoms(AppliedUndef), key=str):
            for operator in (f"biharmonic_{function.name}", f"laplacian_{function.name}"):
                terms = {} if operator in taken else names.operators.get(operator, {})
                derivatives = _derivatives(function, terms)
                if len(derivatives) > 1 and not others & derivatives.keys():
                    equation = _replaced(equation, derivatives, sympy.Function(operator)(*function.args))
        collapsed[name] = equation
    return collapsed


def _derivatives(function: Any, terms: Terms) -> dict[sympy.Expr, int]:
    """Return the terms of an operator on a function of the coordinates, with their coefficients."""
    arguments = {str(argument): argument for argument in function.args}
    if not {v for term in terms for v in term.split("__")[1:]} <= arguments.keys():
        return {}
    return {function.diff(*(arguments[v] for v in term.split("__")[1:])): int(c) for term, c in terms.items()}


def _replaced(equation: sympy.Expr, derivatives: dict[sympy.Expr, int], operator: sympy.Expr) -> sympy.Expr:
    """Return the equation with ``factor * operator`` for the derivatives, if that is how they occur."""
    # Loads and coefficients stay as they are written: exp(a - b) as exp(a) exp(-b) would overflow.
    apart, dependent = equation.as_independent(*derivatives, as_Add=True)
    expanded = sympy.expand_mul(dependent)
    coefficients = {d: expanded.coeff(d) for d in derivatives}
    rest = sympy.expand_mul(expanded - sum(c * d for d, c in coefficients.items()))
    factor, *others = (coefficients[d] / number for d, number in derivatives.items())
    if factor == 0 or any(sympy.expand(other - factor) for other in others):
        return equation
    if any((rest + factor).has(d) for d in derivatives):
        return equation
    return apart + rest + factor * operator
