"""How the edges of a plate are held, which corners rest on a point, and whether that keeps it in its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from modulus_relobralo.checks import check_positive
from modulus_relobralo.problems.expressions import as_expression
from modulus_relobralo.problems.shapes.edges import Corner
from modulus_relobralo.problems.shapes.shape import Shape

ALL = "all"
"""All corners that can rest on a point."""

_FRACTIONS = np.array([0.1, 0.35, 0.65, 0.9])
"""Of an edge, where it is looked at whether it holds."""


@dataclass(frozen=True)
class EdgeSupport:
    """
    What holds on an edge: one of deflection and shear, one of rotation and moment.

    Each is a number or an expression in x and y. Without any of them the edge is free: V_n = 0 and M_n = 0. The signs
    are those of `KirchhoffPlate`: V_n pushes the edge in the direction of the deflection.

    Parameters
    ----------
    w : float or Expr, optional
        Prescribed deflection [m].
    V_n : float or Expr, optional
        Prescribed shear [N/m], where the deflection is not: a load along the edge.
    k_w : float or Expr, optional
        Stiffness of a support that yields [N/m^2], above zero: V_n + k_w w = 0, or what `V_n` says.
    slope_n : float or Expr, optional
        Prescribed slope [-].
    M_n : float or Expr, optional
        Prescribed moment [N m/m], where the slope is not.
    k_slope : float or Expr, optional
        Stiffness of a restraint that yields [N], above zero: M_n - k_slope slope_n = 0, or what `M_n` says.

    Raises
    ------
    ValueError
        If two of them contradict each other, or a stiffness is not above zero.

    Examples
    --------
    >>> EdgeSupport(w=0).conditions
    {'w': 0, 'M_n': 0}
    >>> EdgeSupport(k_w=5e6, slope_n=0).conditions
    {'spring': 0, 'slope_n': 0}
    """

    w: float | Expr | None = None
    V_n: float | Expr | None = None
    k_w: float | Expr | None = None
    slope_n: float | Expr | None = None
    M_n: float | Expr | None = None
    k_slope: float | Expr | None = None

    def __post_init__(self) -> None:
        for held, others in {"w": ("V_n", "k_w"), "slope_n": ("M_n", "k_slope")}.items():
            found = {other: getattr(self, other) for other in others if getattr(self, other) is not None}
            if getattr(self, held) is not None and found:
                raise ValueError(
                    f"Parameter `{held}` must be left out beside {' and '.join(found)}: an edge that is held has a "
                    f"reaction. Found `{held} = {getattr(self, held)!r}` and {found}."
                )
        for name in ("k_w", "k_slope"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, Expr) and not value.is_number):
                check_positive(name, float(value) if isinstance(value, Expr) else value)

    @property
    def conditions(self) -> dict[str, float | Expr]:
        """Which quantities take which value on such an edge."""
        first = ("w", self.w) if self.w is not None else ("V_n" if self.k_w is None else "spring", self.V_n or 0)
        if self.slope_n is not None:
            return dict([first, ("slope_n", self.slope_n)])
        return dict([first, ("M_n" if self.k_slope is None else "restraint", self.M_n or 0)])

    @property
    def stiffnesses(self) -> dict[str, float | Expr]:
        """The stiffnesses by name, if it has any."""
        return {name: getattr(self, name) for name in ("k_w", "k_slope") if getattr(self, name) is not None}

    @property
    def holds_deflection(self) -> bool:
        """Whether the deflection is given, so that a corner there can have a reaction."""
        return self.w is not None


class EdgeCondition(str, Enum):
    """
    An edge support that has a name of its own.

    ``SIMPLY_SUPPORTED``: neither deflection nor bending moment, w = 0 and M_n = 0.
    ``CLAMPED``: neither deflection nor rotation, w = 0 and slope_n = 0.
    ``FREE``: neither moment nor shear, M_n = 0 and V_n = 0.
    ``GUIDED``: neither rotation nor shear, slope_n = 0 and V_n = 0; an axis of symmetry is one.

    Corners need no condition of their own where w is given on one of the edges: the corner force is then a reaction.
    Between others it is zero.

    Members are strings, so a config writes them as "simply_supported" and "clamped".
    """

    SIMPLY_SUPPORTED = "simply_supported"
    CLAMPED = "clamped"
    FREE = "free"
    GUIDED = "guided"

    @property
    def support(self) -> EdgeSupport:
        """What holds on such an edge."""
        return EdgeSupport(
            w=0 if self in (EdgeCondition.SIMPLY_SUPPORTED, EdgeCondition.CLAMPED) else None,
            slope_n=0 if self in (EdgeCondition.CLAMPED, EdgeCondition.GUIDED) else None,
        )


Held: TypeAlias = EdgeCondition | EdgeSupport


def as_support(edge: str, held: Any) -> Held:
    """Return what a person handed in for an edge: a name, an EdgeSupport, or a mapping to its parameters."""
    if isinstance(held, EdgeSupport):
        return held
    if isinstance(held, Mapping):
        try:
            return EdgeSupport(**{str(name): value for name, value in held.items()})
        except TypeError:
            known = ", ".join(vars(EdgeSupport()))
            raise ValueError(f"Parameter `edges` must name {known}. Found {dict(held)!r} on the {edge} edge.") from None
    try:
        return EdgeCondition(held)
    except ValueError:
        allowed = ", ".join(condition.value for condition in EdgeCondition)
        raise ValueError(
            f"Parameter `edges` must hold one of {allowed} or an EdgeSupport. Found {held!r} on the {edge} edge."
        ) from None


def support_of(held: Held) -> EdgeSupport:
    """Return what holds on an edge, of either kind."""
    return held.support if isinstance(held, EdgeCondition) else held


def as_edge_expressions(values: Mapping[str, Any], parameters: tuple[str, ...]) -> dict[str, Expr]:
    """Return the values of an edge as expressions in x, y and parameters."""
    return {name: as_expression(name, value, parameters, fields=False) for name, value in values.items()}


def loose_corners(shape: Shape, supports: Mapping[str, EdgeSupport]) -> dict[str, Corner]:
    """Return the corners between edges of which neither holds the deflection."""
    return {
        name: corner
        for name, corner in shape.corners.items()
        if not any(supports[edge].holds_deflection for edge in corner.edges)
    }


def supported_corners(given: Any, shape: Shape, supports: Mapping[str, EdgeSupport]) -> dict[str, float | Expr]:
    """Return the corners that rest on a point, and their settlement, of what a person handed in.

    That is names, several in one string too, or "all" that are loose; or a mapping of these to deflections.

    Raises
    ------
    TypeError, ValueError
        If it is no such thing; if there is no such corner, if its edges hold it, or if it is named twice.
    """
    loose = loose_corners(shape, supports)
    if not isinstance(given, (str, Iterable)):
        raise TypeError(f"Parameter `corners` must hold names of corners. Found `corners = {given!r}`.")
    pairs = given.items() if isinstance(given, Mapping) else [(part, 0) for part in _strings(given)]
    named = [(name.strip(), value) for key, value in pairs for name in str(key).split(",")]
    if [name for name, _ in named] == [ALL] and loose:
        return dict.fromkeys(loose, named[0][1])
    names = [name for name, _ in named]
    wrong = [name for name in names if name not in loose] or [name for name in names if names.count(name) > 1]
    if wrong:
        raise ValueError(
            "Parameter `corners` must name corners between edges that do not hold the deflection, each once: "
            f"{', '.join(loose) or 'here there are none'}. Found {', '.join(map(repr, wrong))}."
        )
    return dict(named)


def _strings(given: str | Iterable[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def check_held(
    shape: Shape, supports: dict[str, EdgeSupport], corners: Sequence[Corner], soil: Expr, layer: Expr
) -> None:
    """
    Raise if a plate can move as a rigid body: if some deflection c_0 + c_1 x + c_2 y is held nowhere.

    Parameters
    ----------
    shape : Shape
        The plate.
    supports : dict[str, EdgeSupport]
        What holds each edge.
    corners : sequence of Corner
        Those that rest on a point.
    soil : Expr
        The stiffness of what lies below.
    layer : Expr
        The stiffness of a shear layer in it, which holds slopes.

    Raises
    ------
    ValueError
        The message says how it can move.
    """
    (x0, y0), (x1, y1) = shape.bounds
    middle, size = ((x0 + x1) / 2, (y0 + y1) / 2), max(x1 - x0, y1 - y0) / 2
    rows = [] if soil.is_zero else [np.eye(3)]
    rows += [] if layer.is_zero else [np.eye(3)[1:]]
    held = [edge for name, edge in shape.edges.items() if (supports[name].w, supports[name].k_w) != (None, None)]
    for part in [*held, *corners]:
        place = part.at(_FRACTIONS)
        columns = [np.ones_like(place["x"]), (place["x"] - middle[0]) / size, (place["y"] - middle[1]) / size]
        rows.append(np.stack(columns, axis=1))
    for name, edge in shape.edges.items():
        place, support = edge.at(_FRACTIONS), supports[name]
        if support.slope_n is not None or support.k_slope is not None:
            rows.append(np.stack([np.zeros_like(place["x"]), place["normal_x"], place["normal_y"]], axis=1))
    motions = _free_motions(np.concatenate([*rows, np.zeros((3, 3))]))
    if motions:
        raise ValueError(
            f"Parameter `edges` must hold the plate in its place. Found that it can {motions}: hold the deflection of "
            "one edge, and that of another or its rotation, or of corners, or put the plate on soil."
        )


def _free_motions(rows: NDArray[np.float64]) -> str:
    """Return how the deflections c_0 + c_1 x + c_2 y that all rows leave free move a plate; nothing if none is."""
    values = np.linalg.svd(rows, compute_uv=False)
    free = int((values < 1e-6 * max(values[0], 1.0)).sum())
    shift = free > 0 and bool(np.abs(rows[:, 0]).max() < 1e-6)
    return " and ".join(["move up and down"] * shift + ["tilt"] * (free > shift))
