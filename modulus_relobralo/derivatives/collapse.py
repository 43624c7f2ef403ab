"""Writes the operators of a PDE, such as its Laplacian, as one quantity each, which Taylor mode computes faster."""

from __future__ import annotations

import copy
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from modulus_relobralo.derivatives.requests import HostModule, HostPDE, Namespace, Terms


def collapse(pde: HostPDE, net: HostModule) -> HostPDE:
    """Write Laplacians and biharmonics of a network's outputs as ``laplacian_<output>`` and ``biharmonic_<output>``.

    The equations keep their names and values. Their nodes then need these quantities, which `taylor_nodes` computes
    with one channel instead of one for each partial derivative, and `autodiff_nodes` from the partial derivatives.

    Parameters
    ----------
    pde : PDE
        Equations of the host; left as it is.
    net : Arch
        The network that will give the dependent variables. Its inputs among x, y, z are those of the operators.

    Returns
    -------
    PDE
        A copy. An equation without such an operator is taken over as it is, and so is one whose partial derivatives
        another equation needs too: one pass then serves both.

    Examples
    --------
    >>> equations = collapse(HelmholtzEquation("u", k=1, dim=2), network)  # doctest: +SKIP
    >>> equations.pprint()  # doctest: +SKIP
    helmholtz: -laplacian_u(x, y) - u
    >>> nodes = equations.make_nodes()  # doctest: +SKIP
    >>> nodes += taylor_nodes(network, "network", nodes)  # doctest: +SKIP
    """
    collapsed = copy.copy(pde)
    collapsed.equations = copy.copy(pde.equations)
    names = Namespace(net.input_key_dict, net.output_key_dict)
    for name, equation in pde.equations.items():
        others = {d for other, e in pde.equations.items() if other != name for d in e.atoms(sympy.Derivative)}
        for function in sorted(equation.atoms(AppliedUndef), key=str):
            for operator in (f"biharmonic_{function.name}", f"laplacian_{function.name}"):
                derivatives = _derivatives(function, names.operators.get(operator, {}))
                if len(derivatives) > 1 and not others & derivatives.keys():
                    equation = _replaced(equation, derivatives, sympy.Function(operator)(*function.args))
        collapsed.equations[name] = equation
    return collapsed


def _derivatives(function: Any, terms: Terms) -> dict[sympy.Expr, int]:
    """Return the terms of an operator on a function of the coordinates, with their coefficients."""
    variables = {v for term in terms for v in term.split("__")[1:]}
    if not variables <= {str(argument) for argument in function.args}:
        return {}
    return {function.diff(*(sympy.Symbol(v) for v in term.split("__")[1:])): int(c) for term, c in terms.items()}


def _replaced(equation: sympy.Expr, derivatives: dict[sympy.Expr, int], operator: sympy.Expr) -> sympy.Expr:
    """Return the equation with ``factor * operator`` for the derivatives, if that is how they occur."""
    expanded = sympy.expand(equation)
    coefficients = {d: expanded.coeff(d) for d in derivatives}
    rest = sympy.expand(expanded - sum(c * d for d, c in coefficients.items()))
    factor, *others = (coefficients[d] / number for d, number in derivatives.items())
    if factor == 0 or any(sympy.expand(other - factor) for other in others):
        return equation
    if any((rest + factor).has(d) for d in derivatives):
        return equation
    return rest + factor * operator
