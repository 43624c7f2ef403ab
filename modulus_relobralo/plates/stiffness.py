"""What a plate opposes to bending: isotropic and orthotropic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from sympy import Expr, Function

from modulus_relobralo.checks import check_number, check_positive
from modulus_relobralo.problems.expressions import COORDINATES, check_smooth

x, y = COORDINATES

# Stand for the parameters until the moments are differentiated and expanded: terms in nu then cancel as
# symbols, where numbers would leave their rounding behind.
_SYMBOLS = {name: Function(f"_{name}")(*COORDINATES) for name in ("D", "nu", "D_x", "D_y", "D_1", "D_xy")}


@dataclass(frozen=True)
class Orthotropic:
    """
    The stiffnesses of a plate with two main directions, along x and y [N m].

    ::

        M_x  = -(D_x w,xx + D_1 w,yy)
        M_y  = -(D_y w,yy + D_1 w,xx)
        M_xy = -2 D_xy w,xy

    For a constant stiffness: D_x w,xxxx + 2 (D_1 + 2 D_xy) w,xxyy + D_y w,yyyy = p. An isotropic plate has
    D_x = D_y = D, D_1 = nu D and D_xy = (1 - nu) D / 2.

    Parameters
    ----------
    D_x, D_y, D_1, D_xy : float, Expr or str
        As D of `KirchhoffPlate`: D_x, D_y and D_xy above zero, D_1^2 below D_x D_y.

    References
    ----------
    Timoshenko and Woinowsky-Krieger, article 85, (213) and (214).
    """

    D_x: Any
    D_y: Any
    D_1: Any
    D_xy: Any


class Stiffness:
    """
    Moments of a deflection, and the values of the symbols in them.

    Attributes
    ----------
    values : dict[str, Expr]
        D and nu, or the stiffnesses of `Orthotropic`, by name.
    """

    def __init__(self, values: Mapping[str, Expr]) -> None:
        self.values = dict(values)
        for name, value in self.values.items():
            check_smooth(name, value)
        for name, (value, low, high) in self.ranges.items():
            if value.is_number:
                _check_value(name, value, low, high)

    @classmethod
    def of(cls, D: Any, nu: Any, as_expression: Callable[[str, Any], Expr]) -> Stiffness:
        """Return the stiffness of what a person handed in as D and nu."""
        if not isinstance(D, Orthotropic):
            if isinstance(D, FlexuralRigidity) and isinstance(nu, (int, float, Expr)) and nu != D.nu:
                raise ValueError(
                    "Parameter `nu` must be the one that `D` was computed with. Found "
                    f"`nu = {nu!r}`, and `D` of nu = {D.nu!r}."
                )
            return cls({"D": as_expression("D", D), "nu": as_expression("nu", nu)})
        if nu is not None:
            raise ValueError(f"Parameter `nu` must be left out beside Orthotropic, which has D_1. Found `nu = {nu!r}`.")
        return cls({name: as_expression(name, value) for name, value in vars(D).items()})

    @property
    def ranges(self) -> dict[str, tuple[Expr, float, float]]:
        """What must lie in which range, (low, high], at each point of a plate."""
        if "nu" in self.values:
            return {"D": (self.values["D"], 0.0, inf), "nu": (self.values["nu"], -1.0, 0.5)}
        D_x, D_y, D_1, D_xy = self.values.values()
        named = {"D_x": D_x, "D_y": D_y, "D_xy": D_xy, "D_x D_y - D_1^2": D_x * D_y - D_1**2}
        return {name: (value, 0.0, inf) for name, value in named.items()}

    @property
    def typical(self) -> Expr:
        """One stiffness that stands for all."""
        return self.values["D"] if "nu" in self.values else (self.values["D_x"] + self.values["D_y"]) / 2

    def moments(self, w: Expr) -> dict[str, Expr]:
        """Return M_x, M_y and M_xy of a deflection, in symbols that `put_in` replaces."""
        if "nu" in self.values:
            D, nu = _SYMBOLS["D"], _SYMBOLS["nu"]
            D_x, D_y, D_1, twist = D, D, D * nu, D * (1 - nu)
        else:
            D_x, D_y, D_1, twist = (_SYMBOLS[name] for name in ("D_x", "D_y", "D_1", "D_xy"))
            twist = 2 * twist
        return {
            "M_x": -(D_x * w.diff(x, 2) + D_1 * w.diff(y, 2)),
            "M_y": -(D_y * w.diff(y, 2) + D_1 * w.diff(x, 2)),
            "M_xy": -twist * w.diff(x, y),
        }

    def put_in(self, expression: Expr) -> Expr:
        """Return an expression of `moments` with the values of its symbols, and their derivatives."""
        for name, value in self.values.items():
            expression = expression.subs(_SYMBOLS[name], value)
        return expression.doit()


class FlexuralRigidity(float):
    """
    A flexural rigidity [N m] that knows what it was computed of.

    Attributes
    ----------
    h, nu : float
        Thickness [m] and Poisson's ratio [-].
    """

    h: float
    nu: float

    @classmethod
    def of(cls, D: float, h: float, nu: float) -> FlexuralRigidity:
        """Return D with its thickness and Poisson's ratio."""
        made = cls(D)
        made.h, made.nu = float(h), float(nu)
        return made


def flexural_rigidity(E: float | Expr, h: float | Expr, nu: float | Expr) -> FlexuralRigidity | Expr:
    """
    Return D = E h^3 / (12 (1 - nu^2)) [N m].

    A number knows its h and nu, so that a plate with another nu is refused.

    Parameters
    ----------
    E : float or Expr
        Young's modulus [Pa], above zero: concrete has about 30e9.
    h : float or Expr
        Thickness [m], above zero; an expression in x and y is a plate of variable thickness.
    nu : float or Expr
        Poisson's ratio [-], in (-1, 0.5].

    Examples
    --------
    >>> round(flexural_rigidity(E=30e9, h=0.2, nu=0.2))
    20833333
    """
    for name, value in {"E": E, "h": h}.items():
        if not isinstance(value, Expr):
            check_positive(name, value)
    if not isinstance(nu, Expr):
        _check_value("nu", nu, -1.0, 0.5)
    D = E * h**3 / (12 * (1 - nu**2))
    return D if isinstance(D, Expr) else FlexuralRigidity.of(D, float(h), float(nu))


def _check_value(name: str, value: Any, low: float, high: float) -> None:
    if name == "nu":
        ratio = check_number(name, float(value) if isinstance(value, Expr) else value, -inf, inf)
        if not -1 < ratio <= 0.5:
            raise ValueError(f"Parameter `nu` must be above -1 and at most 0.5. Found `nu = {ratio!r}`.")
        return
    if name == "D_x D_y - D_1^2" and not float(value) > 0:
        raise ValueError(
            "Parameter `D_1` must have a square below D_x D_y, or the material is not positive definite. Found "
            f"`D_x D_y - D_1^2 = {float(value):g}`."
        )
    check_number(name, float(value), low, high, open_low=True)
