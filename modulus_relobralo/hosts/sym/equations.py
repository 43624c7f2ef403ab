"""Equations as nodes of the host."""

from __future__ import annotations

from typing import Any

from sympy import Symbol

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.problems.expressions import plain_name, without_cases
from modulus_relobralo.taylor import collapse


def equation_nodes(pde: Any, net: Any = None) -> list[Any]:
    """Make the nodes of equations.

    Parameters
    ----------
    pde : object
        Whatever has ``equations``, a mapping from names to SymPy expressions: a `Problem` such as `RectangularPlate`,
        an equation such as `KirchhoffPlate`, or a PDE of the host.
    net : Arch, optional
        The network that will give the dependent variables. With it, Laplacians and biharmonics become one quantity
        each (`taylor.collapse`), which `taylor_nodes` computes with one channel instead of one for each partial
        derivative, and `autodiff_nodes` from the partial derivatives. Keys of more than one column are left out.

    Returns
    -------
    list of Node
        One for each equation, and for each derivative that conditions of a `Problem` name: "u_x" of "u__x". The latter
        tell `taylor_nodes` to compute it.

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
    derivatives = {plain_name(name): Symbol(name) for name in getattr(pde, "derivatives", ())}
    return [host.Node.from_sympy(without_cases(value), name) for name, value in {**equations, **derivatives}.items()]
