"""Kirchhoff's plate equation, and what holds on edges and corners.

References
----------
S. Timoshenko, S. Woinowsky-Krieger: Theory of Plates and Shells, 2nd ed., McGraw-Hill 1959, chapters 2, 4, 8 and 11.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf, sin
from typing import Any, TypeAlias

from sympy import Expr, Float, Function, Symbol, expand

from modulus_relobralo.checks import check_number
from modulus_relobralo.plates.loads import Patch, Superposition
from modulus_relobralo.plates.stiffness import Orthotropic, Stiffness
from modulus_relobralo.problems.expressions import (
    COORDINATES,
    NORMAL,
    as_expression,
    as_parameters,
    as_ranges,
    check_fields,
    check_name,
    output_name,
)
from modulus_relobralo.problems.shapes.edges import Corner, Part

x, y = COORDINATES

Quantity: TypeAlias = float | Expr | str
"""A number, a SymPy expression or the name of a field."""

CURVATURE = Symbol("curvature")
"""1/R of an edge, see `problems.shapes.edges.Part`."""

TURN = Symbol("sin_turn")
"""The sine of the angle by which the normal turns at a corner."""

STIFFNESSES = {"spring": Symbol("k_w"), "restraint": Symbol("k_slope")}
"""Of what an edge rests on, by the equation that holds it."""

COEFFICIENTS = tuple(str(symbol) for symbol in (CURVATURE, TURN, *STIFFNESSES.values()))
"""Names that parameters and fields must not have."""


class KirchhoffPlate:
    """
    Bending of a thin plate under a lateral load.

    The deflection w [m] counts positive in the direction of the load p [N/m^2]::

        M_x,xx + 2 M_xy,xy + M_y,yy = -p         equilibrium, equation kirchhoff: residual 0
        M_x  = -D (w,xx + nu w,yy)               bending moments [N m/m], positive with tension on the
        M_y  = -D (w,yy + nu w,xx)               face that the load pushes out (sagging)
        M_xy = -D (1 - nu) w,xy                  twisting moment [N m/m]
        Q_x  = M_x,x + M_xy,y                    shear forces [N/m]
        Q_y  = M_xy,x + M_y,y

    For a constant flexural rigidity D [N m] this is ``D (w,xxxx + 2 w,xxyy + w,yyyy) = p``, whatever
    Poisson's ratio nu. On soil, k w - G (w,xx + w,yy) is subtracted from the load. On an edge with outward normal
    n = (normal_x, normal_y), tangent t = (-n_y, n_x)::

        slope_n = w,n                                               slope across the edge [-]
        M_n  = M_x n_x^2 + 2 M_xy n_x n_y + M_y n_y^2               moment that bends the edge [N m/m]
        V_n  = Q_x n_x + Q_y n_y + M_nt,t + G w,n                   Kirchhoff's effective shear [N/m]
        M_nt = (M_y - M_x) n_x n_y + M_xy (n_x^2 - n_y^2)

    ``V_n`` holds on straight edges; a `Plate` adds what curved ones need. If the deflection has another name than "w",
    it is appended to the names of the equations: ``kirchhoff_v`` for w="v".

    Parameters
    ----------
    D : float, Expr, str or Orthotropic
        Flexural rigidity [N m], above zero: `flexural_rigidity` computes it. A str names a field D(x, y); a SymPy
        expression may depend on x and y, smoothly. Both enter with their derivatives.
    nu : float, Expr or str
        Poisson's ratio [-], in (-1, 0.5]. A str names a field nu(x, y); an expression is smooth. Left out beside
        `Orthotropic`.
    p : float, Expr, str or Patch, or a sequence of them, which add up
        Load per area [N/m^2]. A str names a field p(x, y). A concentrated force is a load on a small `Patch`. It may be
        left out of a plate on which something else acts, at an edge.
    w : str
        The deflection, the dependent variable.
    parameters : iterable of str or Symbol
        Symbols beside x and y in the other parameters: further inputs of the network, as a thickness that is to be
        varied. A mapping to pairs says from where to where each goes, which scaling and results need.
    winkler : float, Expr, str or Patch, or a sequence of them, which add up
        Stiffness k of soil per area [N/m^3], at least zero. A column is stiffness on a `Patch`.
    pasternak : float
        Stiffness G of a shear layer in the soil [N/m], at least zero. It ends at the plate's edge.

    Attributes
    ----------
    equations : dict[str, Expr]
        The residual and the quantities above, by name.
    stiffness : Stiffness
        D and nu, or what stands for them, as SymPy expressions.
    p, winkler, pasternak : Expr
        As given, as SymPy expressions.
    ranges : dict[str, tuple[float, float]]
        From where to where the parameters go, if that was given.
    loads, soil : plates.loads.Superposition
        Load and stiffness of the soil by their parts.
    no_load : bool
        Whether the load was left out.
    thickness : float or None
        The thickness [m], if D is a number of `flexural_rigidity`.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not what is asked for above, see `problems.expressions.as_expression`.

    Notes
    -----
    Moments and equation are (100) to (103) of chapter 4 in the book above. Its M_xy has the opposite sign: ours is
    its M_yx, so that the moments are the components of one symmetric tensor, and M_n its normal component.

    Examples
    --------
    >>> plate = KirchhoffPlate(D=2, nu=0.25, p="p")
    >>> plate.equations["kirchhoff"]  # doctest: +NORMALIZE_WHITESPACE
    -p(x, y) + 2*Derivative(w(x, y), (x, 4)) + 2*Derivative(w(x, y), (y, 4)) + 4*Derivative(w(x, y), (x, 2), (y, 2))
    >>> plate.equations["M_x"]
    -2*Derivative(w(x, y), (x, 2)) - 0.5*Derivative(w(x, y), (y, 2))
    >>> plate.equations["Q_x"]
    -2*Derivative(w(x, y), (x, 3)) - 2*Derivative(w(x, y), x, (y, 2))
    >>> list(plate.equations)
    ['kirchhoff', 'M_x', 'M_y', 'M_xy', 'Q_x', 'Q_y', 'slope_n', 'M_n', 'V_n']

    A family of plates, whose thickness h is an input of the network:

    >>> E, h = 30e9, Symbol("h")
    >>> family = KirchhoffPlate(D=E * h**3 / (12 * (1 - 0.2**2)), nu=0.2, p=5e3, parameters={"h": (0.1, 0.3)})
    """

    def __init__(
        self,
        D: Quantity | Orthotropic,
        nu: Quantity | None = None,
        p: Quantity | Patch | Sequence[Quantity | Patch] | None = None,
        w: str = "w",
        parameters: Iterable[str | Symbol] = (),
        winkler: Quantity | Patch | Sequence[Quantity | Patch] = 0.0,
        pasternak: float = 0.0,
    ) -> None:
        self._given: dict[str, Any] = {
            "D": D,
            "nu": nu,
            "w": w,
            "parameters": parameters,
            "winkler": winkler,
            "pasternak": pasternak,
        }
        self.w = check_name("w", w)
        self.parameters = as_parameters(parameters, taken=[w])
        self.ranges = as_ranges(parameters)

        def expression(name: str, value: Any) -> Expr:
            return as_expression(name, value, self.parameters, unknown=w)

        self.stiffness = Stiffness.of(D, nu, expression)
        self.no_load, self.thickness = p is None, getattr(D, "h", None)
        self.loads = Superposition.of("p", 0.0 if p is None else p, expression)
        self.soil = Superposition.of("winkler", winkler, expression)
        self.p, self.winkler = self.loads.expression, self.soil.expression
        self.pasternak = expression("pasternak", check_number("pasternak", pasternak, 0.0, inf))
        if self.winkler.is_number:
            check_number("winkler", float(self.winkler), 0.0, inf)

        deflection = Function(w)(*COORDINATES)
        moments = self.stiffness.moments(deflection)
        shear = _shear_forces(**moments)
        general = {
            "kirchhoff": expand(-shear["Q_x"].diff(x) - shear["Q_y"].diff(y)),
            **moments,
            **shear,
            **_edge_quantities(deflection, **moments, **shear),
        }
        self.equations = {
            self.output(quantity): self.stiffness.put_in(equation) for quantity, equation in general.items()
        }
        laplacian = deflection.diff(x, 2) + deflection.diff(y, 2)
        self.equations[self.output("kirchhoff")] += self.winkler * deflection - self.pasternak * laplacian - self.p
        self.equations[self.output("V_n")] += self.pasternak * self.equations[self.output("slope_n")]
        check_fields(self.equations, self.parameters)

    def under(self, p: Quantity | Patch | Sequence[Quantity | Patch]) -> KirchhoffPlate:
        """Return the same plate under another load."""
        return KirchhoffPlate(p=p, **self._given)

    def output(self, quantity: str) -> str:
        """Return the name under which a node gives a quantity, of which "w" is the deflection."""
        return self.w if quantity == "w" else output_name(quantity, self.w, usual="w")


def _shear_forces(M_x: Expr, M_y: Expr, M_xy: Expr) -> dict[str, Expr]:
    return {"Q_x": expand(M_x.diff(x) + M_xy.diff(y)), "Q_y": expand(M_xy.diff(x) + M_y.diff(y))}


def _edge_quantities(w: Expr, M_x: Expr, M_y: Expr, M_xy: Expr, Q_x: Expr, Q_y: Expr) -> dict[str, Expr]:
    n_x, n_y = NORMAL
    M_nt = (M_y - M_x) * n_x * n_y + M_xy * (n_x**2 - n_y**2)
    return {
        "slope_n": w.diff(x) * n_x + w.diff(y) * n_y,
        "M_n": M_x * n_x**2 + 2 * M_xy * n_x * n_y + M_y * n_y**2,
        "V_n": Q_x * n_x + Q_y * n_y - M_nt.diff(x) * n_y + M_nt.diff(y) * n_x,
    }


def edge_equations(equation: KirchhoffPlate, curved: bool) -> dict[str, Expr]:
    """
    Return what edges and corners need beyond the equations of `KirchhoffPlate`, by quantity.

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
    """Return what the symbols of `edge_equations` mean on a part of the boundary."""
    if isinstance(part, Corner):
        return {str(TURN): Float(sin(part.turn))}
    return {**({str(CURVATURE): part.curvature} if curved else {}), **stiffnesses}
