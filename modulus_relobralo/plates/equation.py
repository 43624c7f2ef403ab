"""Kirchhoff's plate equation.

References
----------
S. Timoshenko, S. Woinowsky-Krieger: Theory of Plates and Shells, 2nd ed., McGraw-Hill 1959, chapters 2 and 4.
"""

from __future__ import annotations

from sympy import Expr, Function, Symbol, expand

from modulus_relobralo.checks import check_positive
from modulus_relobralo.geometry.symbols import as_expression
from modulus_relobralo.hosts.sym import host

COORDINATES = x, y = Symbol("x"), Symbol("y")
NORMAL = Symbol("normal_x"), Symbol("normal_y")

# Stand for the parameters until the moments are differentiated and expanded: terms in nu then cancel as
# symbols, where numbers would leave their rounding behind.
_D = Function("_flexural_rigidity")(*COORDINATES)
_NU = Function("_poisson_ratio")(*COORDINATES)


class KirchhoffPlate(host.PDE):
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
    equations: ``kirchhoff_v`` for w="v". `RectangularPlate` constrains plates of the name "w".

    Parameters
    ----------
    D : float, Sympy Symbol/Expr, str
        Flexural rigidity E h^3 / (12 (1 - nu^2)). A str names a field D(x,y); a SymPy expression may depend
        on x and y. Both enter with their derivatives.
    nu : float, Sympy Symbol/Expr, str
        Poisson's ratio, in (-1, 0.5]. A str names a field nu(x,y).
    p : float, Sympy Symbol/Expr, str
        Load per area. A str names a field p(x,y).
    w : str
        The deflection, the dependent variable.

    Notes
    -----
    Moments and equation are (100) to (103) of chapter 4 in the book above. Its M_xy has the opposite sign: ours is
    its M_yx, so that the moments are the components of one symmetric tensor, and M_n its normal component.

    Examples
    --------
    >>> plate = KirchhoffPlate(D=2, nu=0.25, p="p")
    >>> nodes = plate.make_nodes()
    >>> plate.pprint()  # doctest: +NORMALIZE_WHITESPACE
    kirchhoff: -p + 2*w__x__x__x__x + 2*w__y__y__y__y + 4*w__x__x__y__y
    M_x: -2*w__x__x - 0.5*w__y__y
    M_y: -0.5*w__x__x - 2*w__y__y
    M_xy: -1.5*w__x__y
    Q_x: -2*w__x__x__x - 2*w__x__y__y
    Q_y: -2*w__y__y__y - 2*w__x__x__y
    slope_n: normal_x*w__x + normal_y*w__y
    M_n: -2*normal_x**2*(w__x__x + 0.25*w__y__y) - 3.0*normal_x*normal_y*w__x__y
         - 2*normal_y**2*(0.25*w__x__x + w__y__y)
    V_n: normal_x*(normal_x*normal_y*(-1.5*w__y__y__y + 1.5*w__x__x__y) - 1.5*(normal_x**2 - normal_y**2)*w__x__y__y)
         + normal_x*(-2*w__x__x__x - 2*w__x__y__y)
         - normal_y*(normal_x*normal_y*(1.5*w__x__x__x - 1.5*w__x__y__y) - 1.5*(normal_x**2 - normal_y**2)*w__x__x__y)
         + normal_y*(-2*w__y__y__y - 2*w__x__x__y)
    """

    name = "KirchhoffPlate"

    def __init__(
        self,
        D: float | Expr | str,
        nu: float | Expr | str,
        p: float | Expr | str,
        w: str = "w",
    ) -> None:
        if not isinstance(w, str):
            raise TypeError(f"Parameter `w` must be the name of the deflection. Found `w = {w!r}`.")
        self.w = w
        rigidity, ratio, load = (
            as_expression(name, value, fields=COORDINATES) for name, value in {"D": D, "nu": nu, "p": p}.items()
        )
        _check_material(rigidity, ratio)

        deflection = Function(w)(*COORDINATES)
        moments = _moments(deflection)
        shear = _shear_forces(**moments)
        general = {
            "kirchhoff": expand(-shear["Q_x"].diff(x) - shear["Q_y"].diff(y)),
            **moments,
            **shear,
            **_edge_quantities(deflection, **moments, **shear),
        }
        suffix = "" if w == "w" else f"_{w}"
        self.equations = {
            f"{quantity}{suffix}": equation.subs(_D, rigidity).subs(_NU, ratio).doit()
            for quantity, equation in general.items()
        }
        self.equations[f"kirchhoff{suffix}"] -= load


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
    if rigidity.is_number:
        check_positive("D", float(rigidity))
    if ratio.is_number and not -1 < float(ratio) <= 0.5:
        raise ValueError(f"Parameter `nu` must be above -1 and at most 0.5. Found `nu = {float(ratio)!r}`.")
