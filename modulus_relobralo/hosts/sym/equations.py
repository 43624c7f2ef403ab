"""Equations as nodes of the host."""

from __future__ import annotations

from typing import Any

from sympy import And, Expr, Heaviside, Integer, Mul, Not, Or, Piecewise
from sympy.core.relational import GreaterThan, LessThan, StrictGreaterThan, StrictLessThan
from sympy.logic.boolalg import Boolean

from modulus_relobralo.derivatives import collapse
from modulus_relobralo.hosts.sym import host


def equation_nodes(pde: Any, net: Any = None) -> list[Any]:
    """Make the nodes of equations.

    Parameters
    ----------
    pde : object
        Whatever has ``equations``, a mapping from names to SymPy expressions: a description of this package, such as
        `RectangularPlate` or `KirchhoffPlate`, or a PDE of the host.
    net : Arch, optional
        The network that will give the dependent variables. With it, Laplacians and biharmonics become one quantity
        each (`derivatives.collapse`), which `taylor_nodes` computes with one channel instead of one for each partial
        derivative, and `autodiff_nodes` from the partial derivatives. Keys of more than one column are left out.

    Returns
    -------
    list of Node
        One for each equation.

    Raises
    ------
    ValueError
        If a Piecewise has a condition that the host cannot compute.
    """
    equations = pde.equations
    if net is not None:
        inputs, outputs = (
            [name for name, size in keys.items() if size == 1] for keys in (net.input_key_dict, net.output_key_dict)
        )
        equations = collapse(equations, inputs, outputs)
    return [host.Node.from_sympy(_without_cases(equation), name) for name, equation in equations.items()]


def _without_cases(equation: Expr) -> Expr:
    """Write each Piecewise as a sum of steps: the host takes a Piecewise for a network's output of that name."""
    return equation.replace(Piecewise, _steps)


def _steps(*cases: Any) -> Expr:
    total, left = Integer(0), Integer(1)
    for value, condition in cases:
        there = _indicator(condition)
        total += left * there * value
        left *= 1 - there
    return total


def _indicator(condition: Boolean) -> Expr:
    """Return 1 where a condition holds and 0 where not; on the line between them, which no point hits, either."""
    if condition in (True, False):
        return Integer(bool(condition))
    if isinstance(condition, (GreaterThan, StrictGreaterThan)):
        return Heaviside(condition.lhs - condition.rhs)
    if isinstance(condition, (LessThan, StrictLessThan)):
        return Heaviside(condition.rhs - condition.lhs)
    if isinstance(condition, Not):
        return 1 - _indicator(condition.args[0])
    if isinstance(condition, And):
        return Mul(*(_indicator(part) for part in condition.args))
    if isinstance(condition, Or):
        return 1 - Mul(*(1 - _indicator(part) for part in condition.args))
    raise ValueError(f"Conditions of a Piecewise must be made of <, <=, >, >=, and, or, not. Found {condition!r}.")
