"""What holds on edges and corners of a plate beyond the equations of `KirchhoffPlate`."""

from __future__ import annotations

from math import sin

from sympy import Expr, Float, Function, Symbol

from modulus_relobralo.plates.equation import KirchhoffPlate
from modulus_relobralo.problems.expressions import COORDINATES, NORMAL
from modulus_relobralo.problems.shapes.edges import Corner, Part

CURVATURE = Symbol("curvature")
"""1/R of an edge, see `problems.shapes.edges.Part`."""

TURN = Symbol("sin_turn")
"""The sine of the angle by which the normal turns at a corner."""

STIFFNESSES = {"spring": Symbol("k_w"), "restraint": Symbol("k_slope")}
"""Of what an edge rests on, by the equation that holds it."""

COEFFICIENTS = tuple(str(symbol) for symbol in (CURVATURE, TURN, *STIFFNESSES.values()))
"""Names that parameters and fields must not have."""


def edge_equations(equation: KirchhoffPlate, curved: bool) -> dict[str, Expr]:
    """
    Return the equations by quantity.

    ::

        V_n       = Q_n + M_nt,t + G w,n + (M_t - M_n) / R      on a curved edge, 1/R its `curvature`
        spring    = V_n + k_w w                                 an edge on a support that yields
        restraint = M_n - k_slope w,n                           an edge whose rotation is restrained
        R         = sin_turn (M_n - M_t)                        the force at a corner [N]

    In the derivative of M_nt along a curved edge the normal turns too, by 1/R: that is the last term of V_n, for any
    smooth curve. At a corner, where the normal jumps, M_nt jumps by -R; the normal of the corner lies half way. A
    support at the corner pushes with R against the load.

    Parameters
    ----------
    equation : KirchhoffPlate
        The plate.
    curved : bool
        Whether any edge is curved.
    """
    n_x, n_y = NORMAL
    M_x, M_y, M_xy, M_n, V_n, slope = (
        equation.equations[equation.output(name)] for name in ("M_x", "M_y", "M_xy", "M_n", "V_n", "slope_n")
    )
    difference = (M_x - M_y) * (n_x**2 - n_y**2) + 4 * M_xy * n_x * n_y
    if curved:
        V_n = V_n - CURVATURE * difference
    deflection = Function(equation.w)(*COORDINATES)
    return {
        "V_n": V_n,
        "spring": V_n + STIFFNESSES["spring"] * deflection,
        "restraint": M_n - STIFFNESSES["restraint"] * slope,
        "R": TURN * difference,
    }


def coefficients(part: Part, stiffnesses: dict[str, Expr], curved: bool) -> dict[str, Expr]:
    """Return what the symbols above mean on a part of the boundary."""
    if isinstance(part, Corner):
        return {str(TURN): Float(sin(part.turn))}
    return {**({str(CURVATURE): part.curvature} if curved else {}), **stiffnesses}
