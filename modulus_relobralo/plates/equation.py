"""Kirchhoff's plate equation.

References
----------
S. Timoshenko, S. Woinowsky-Krieger: Theory of Plates and Shells, 2nd ed., McGraw-Hill 1959, chapters 2 and 4.
"""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Expr, Function, Symbol, expand

from modulus_relobralo.checks import check_positive
from modulus_relobralo.geometry.description import output_name
from modulus_relobralo.geometry.expressions import check_smooth
from modulus_relobralo.geometry.symbols import (
    COORDINATES,
    NORMAL,
    as_expression,
    as_parameters,
    check_fields,
    check_name,
)

x, y = COORDINATES

# Stand for the parameters until the moments are differentiated and expanded: terms in nu then cancel as
# symbols, where numbers would leave their rounding behind.
_D = Function("_flexural_rigidity")(*COORDINATES)
_NU = Function("_poisson_ratio")(*COORDINATES)


class KirchhoffPlate:
    """
    Bending of a thin plate under a lateral load.

    The deflection w [m] counts positive in the direction of the load p [N/m^2]::

        M_x,xx + 2 M_xy,xy + M_y,yy = -p         equilibrium, equation ``kirchhoff``: residual 0
        M_x  = -D (w,xx + nu w,yy)               bending moments [N m/m], positive with tension on the
        M_y  = -D (w,yy + nu w,xx)               face that the load pushes out (sagging)
        M_xy = -D (1 - nu) w,xy                  twisting moment [N m/m]
        Q_x  = M_x,x + M_xy,y                    shear forces [N/m]
        Q_y  = M_xy,x + M_y,y

    For a constant flexural rigidity D [N m] this is ``D (w,xxxx + 2 w,xxyy + w,yyyy) = p``, whatever
    Poisson's ratio nu. On an edge with outward normal n = (normal_x, normal_y), tangent t = (-n_y, n_x)::

        slope_n = w,n                                               slope across the edge [-]
        M_n  = M_x n_x^2 + 2 M_xy n_x n_y + M_y n_y^2               moment that bends the edge [N m/m]
        V_n  = Q_x n_x + Q_y n_y + M_nt,t                           Kirchhoff's effective shear [N/m]
        M_nt = (M_y - M_x) n_x n_y + M_xy (n_x^2 - n_y^2)

    ``V_n`` holds on straight edges. If the deflection has another name than "w", it is appended to the names of the
    equations: ``kirchhoff_v`` for w="v".

    Parameters
    ----------
    D : float, Expr or str
        Flexural rigidity E h^3 / (12 (1 - nu^2)) [N m], above zero. A str names a field D(x, y); a SymPy expression may
        depend on x and y, smoothly. Both enter with their derivatives.
    nu : float, Expr or str
        Poisson's ratio [-], in (-1, 0.5]. A str names a field nu(x, y); an expression is smooth.
    p : float, Expr or str
        Load per area [N/m^2]. A str names a field p(x, y). A concentrated force is a load on a small patch. A load that
        holds w itself, ``q - k * Function("w")(x, y)``, is a plate on soil.
    w : str
        The deflection, the dependent variable.
    parameters : iterable of str or Symbol
        Symbols beside x and y in D, nu and p: further inputs of the network, as a thickness that is to be varied.

    Attributes
    ----------
    equations : dict[str, Expr]
        The residual and the quantities above, by name.
    D, nu, p : Expr
        As given, as SymPy expressions.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not what is asked for above, see `geometry.symbols.as_expression`.

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
    >>> family = KirchhoffPlate(D=E * h**3 / (12 * (1 - 0.2**2)), nu=0.2, p=5e3, parameters=["h"])
    """

    def __init__(
        self,
        D: float | Expr | str,
        nu: float | Expr | str,
        p: float | Expr | str,
        w: str = "w",
        parameters: Iterable[str | Symbol] = (),
    ) -> None:
        self.w = check_name("w", w)
        self.parameters = as_parameters(parameters, taken=[w])
        self.D, self.nu, self.p = (
            as_expression(name, value, self.parameters, unknown=w) for name, value in {"D": D, "nu": nu, "p": p}.items()
        )
        _check_material(self.D, self.nu)

        deflection = Function(w)(*COORDINATES)
        moments = _moments(deflection)
        shear = _shear_forces(**moments)
        general = {
            "kirchhoff": expand(-shear["Q_x"].diff(x) - shear["Q_y"].diff(y)),
            **moments,
            **shear,
            **_edge_quantities(deflection, **moments, **shear),
        }
        self.equations = {
            self.output(quantity): equation.subs(_D, self.D).subs(_NU, self.nu).doit()
            for quantity, equation in general.items()
        }
        self.equations[self.output("kirchhoff")] -= self.p
        check_fields(self.equations, self.parameters)

    def output(self, quantity: str) -> str:
        """Return the name under which a node gives a quantity, of which "w" is the deflection."""
        return self.w if quantity == "w" else output_name(quantity, self.w, usual="w")


def _moments(w: Expr) -> dict[str, Expr]:
    return {
        "M_x": -_D * (w.diff(x, 2) + _NU * w.diff(y, 2)),
        "M_y": -_D * (w.diff(y, 2) + _NU * w.diff(x, 2)),
        "M_xy": -_D * (1 - _NU) * w.diff(x, y),
    }


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


def _check_material(rigidity: Expr, ratio: Expr) -> None:
    check_smooth("D", rigidity)
    check_smooth("nu", ratio)
    if rigidity.is_number:
        check_positive("D", float(rigidity))
    if ratio.is_number and not -1 < float(ratio) <= 0.5:
        raise ValueError(f"Parameter `nu` must be above -1 and at most 0.5. Found `nu = {float(ratio)!r}`.")
