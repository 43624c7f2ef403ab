"""Whether what a plate is given is possible: signs, patches on the plate, edges that agree, plausible sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, lambdify
from sympy.core.function import AppliedUndef

from modulus_relobralo.plates.equation import KirchhoffPlate
from modulus_relobralo.plates.supports import EdgeSupport
from modulus_relobralo.problems.expressions import COORDINATES, as_expression, check_values
from modulus_relobralo.problems.shapes.edges import Corner
from modulus_relobralo.problems.shapes.shape import Shape, points_on

FINE = 61
"""Points along each side of the bounds where the range of an expression is looked at."""
ZOOMS, CLOSEST = 4, 5
"""How often it is looked closer around the least and the greatest values, of which there are so many."""
Supports = Mapping[str, EdgeSupport]

AGREE = 1e-6
"""How far values at a corner may lie apart, of the largest one."""
SLENDER, THICK, SHALLOW = 1 / 200, 1 / 5, 1 / 20
"""Thickness and deflection over the span, beyond which a plate is hardly what its numbers were meant to say."""


def check_quantities(equation: KirchhoffPlate, shape: Shape, supports: Supports, parameters: Iterable[str]) -> None:
    """Raise if stiffness, soil, load or a value on an edge is out of its range somewhere on the plate."""
    for name, (value, low, high) in equation.stiffness.ranges.items():
        check_values(name, value, shape.points(11, closed=True), low, high)
        _check_everywhere(name, value, shape, low, high)
    _check_everywhere("p", equation.p, shape)
    _check_everywhere("winkler", equation.winkler, shape, low=0.0, closed=True)
    for region in equation.soil.regions:
        _check_everywhere("winkler", equation.winkler, region, low=0.0, closed=True)
    for edge, part in shape.edges.items():
        for name, value in vars(supports[edge]).items():
            if value is not None:
                checked = as_expression(name, value, parameters, fields=False)
                low = 0.0 if name in ("k_w", "k_slope") else -inf
                check_values(name, checked, points_on(part, FINE), low)


def _check_everywhere(
    name: str, value: Expr, shape: Shape, low: float = -inf, high: float = inf, closed: bool = False
) -> None:
    """Raise as `check_values` does, at points of a grid and closer to where the expression is least and greatest."""
    check_values(name, value, shape.points(10), low, high, closed)
    known = value.free_symbols <= set(COORDINATES) and not value.atoms(AppliedUndef)
    if not known or value.is_number or (low, high) == (-inf, inf):
        return
    function = lambdify(COORDINATES, value, modules="numpy")
    points = np.array(shape.points(FINE))
    lower, upper = np.array(shape.bounds)
    size = (upper - lower) / FINE
    for _ in range(ZOOMS):
        with np.errstate(all="ignore"):
            order = np.argsort(np.broadcast_to(np.real(function(*points.T)), len(points)))
        found = points[np.r_[order[:CLOSEST], order[-CLOSEST:]]]
        check_values(name, value, [(float(x), float(y)) for x, y in found], low, high, closed)
        points = _around(found, size, shape)
        size = size / 4


def _around(points: NDArray[np.float64], size: NDArray[np.float64], shape: Shape) -> NDArray[np.float64]:
    """Return points of a shape in cells of a size around some of its points, and these."""
    steps = np.stack(np.meshgrid(*[np.linspace(-1, 1, 9)] * 2), axis=-1).reshape(-1, 2)
    closer = (points[:, None] + steps * size).reshape(-1, 2)
    return np.concatenate([points, closer[shape.level(*closer.T) > 0]])


def check_patches(plate: Shape, patches: Iterable[Shape]) -> None:
    """Raise if a patch of load or support lies beyond the plate or on a hole."""
    size = max(high - low for low, high in zip(*plate.bounds, strict=True))
    for region in patches:
        # Of the patch beyond the plate, and of the plate's edges, as that of a hole, inside of the patch.
        for shape, other, side in ((region, plate, -1), (plate, region, 1)):
            along = [point for edge in shape.edges.values() for point in points_on(edge, 16)]
            x, y = zip(*along, strict=True)
            beyond = side * other.level(x, y) > 1e-9 * size
            if beyond.any():
                i = int(beyond.argmax())
                raise ValueError(
                    "Parameters `p` and `winkler` must have patches that lie on the plate, clear of its holes. "
                    f"Found {region!r}, which has ({x[i]:g}, {y[i]:g})."
                )


def check_corners(shape: Shape, supports: Supports, parameters: Iterable[str]) -> None:
    """
    Raise if what two edges prescribe cannot be where they meet.

    At a corner the deflection has one value and one gradient. Each edge may say how the deflection goes along it, and
    what its slope is across; more than two of these have to agree.

    Raises
    ------
    ValueError
        If the deflection jumps there, or has a kink.
    """
    for name, corner in shape.corners.items():
        values, rows, slopes = [], [], []
        for edge, fraction in zip(corner.edges, (1.0, 0.0), strict=True):
            held = _numbers_at(supports[edge], corner, parameters)
            at = shape.edges[edge].at(fraction)
            n_x, n_y = float(at["normal_x"]), float(at["normal_y"])
            if "w" in held:
                values.append((edge, held["w"]))
                rows.append((-n_y, n_x))
                slopes.append(-n_y * held["w_x"] + n_x * held["w_y"])
            if "slope_n" in held:
                rows.append((n_x, n_y))
                slopes.append(held["slope_n"])
        if len(values) == 2 and abs(values[0][1] - values[1][1]) > AGREE * max(abs(value) for _, value in values):
            raise ValueError(
                f"Parameter `edges` must give the deflection one value where edges meet. Found w = {values[0][1]:g} of "
                f"{values[0][0]} and {values[1][1]:g} of {values[1][0]} at {name}: let one go over into the other, as "
                "an expression in x and y does."
            )
        matrix, right = np.reshape(rows, (-1, 2)), np.array(slopes)
        left = matrix @ np.linalg.lstsq(matrix, right, rcond=1e-9)[0] - right if len(right) else right
        if len(left) and np.abs(left).max() > AGREE * np.abs(right).max():
            raise ValueError(
                f"Parameter `edges` must give the deflection one slope where edges meet. Found that "
                f"{' and '.join(corner.edges)} make a kink at {name}: the moment there would have no bound."
            )


def _numbers_at(support: EdgeSupport, corner: Corner, parameters: Iterable[str]) -> dict[str, float]:
    """Return w with its derivatives, and the slope, that an edge prescribes at a corner; not those of parameters."""
    x, y = COORDINATES
    found: dict[str, Expr] = {}
    if support.w is not None:
        w = as_expression("w", support.w, parameters, fields=False)
        found |= {"w": w, "w_x": w.diff(x), "w_y": w.diff(y)}
    if support.slope_n is not None:
        found["slope_n"] = as_expression("slope_n", support.slope_n, parameters, fields=False)
    at = dict(zip(COORDINATES, corner.point, strict=True))
    known = {name: value for name, value in found.items() if value.free_symbols <= set(COORDINATES)}
    if "w" not in known:
        known = {name: value for name, value in known.items() if name == "slope_n"}
    return {name: float(value.subs(at)) for name, value in known.items()}


def check_loaded(equation: KirchhoffPlate, supports: Supports, corners: Mapping[str, Expr]) -> None:
    """Raise if nothing acts on a plate whose load was left out."""
    given = [value for support in supports.values() for value in (*vars(support).values(), *corners.values())]
    acts = any(value is not None and value != 0 for value in given)
    if equation.no_load and not acts:
        raise ValueError(
            "Parameter `p` must be given, or something that acts on an edge: a load per area [N/m^2], a Patch, or "
            "several. Found neither."
        )


def implausible(equation: KirchhoffPlate, shape: Shape, deflection: float) -> list[str]:
    """Return what of a plate can hardly be meant: a unit may be another, or the theory of thin plates not apply.

    Parameters
    ----------
    equation, shape : KirchhoffPlate, Shape
        Of the plate.
    deflection : float
        Its largest deflection [m], at least about.
    """
    span = min(high - low for low, high in zip(*shape.bounds, strict=True))
    h, found = equation.thickness, []
    if deflection > SHALLOW * span:
        found.append(
            f"it deflects by {deflection:.3g}, more than a {round(1 / SHALLOW)}th of its width of {span:g}: is E in "
            "Pa, D in N m, p in N/m^2, and all lengths in m?"
        )
    if h is not None and not SLENDER < h / span < THICK:
        found.append(
            f"it is {h:g} thick and {span:g} wide: is h in m? Beyond a {round(1 / THICK)}th shear deforms it too, "
            f"below a {round(1 / SLENDER)}th it is a membrane"
        )
    elif h is not None and h / 2 < deflection <= SHALLOW * span:
        found.append(f"it deflects by {deflection:.3g}, more than half of its thickness {h:g}: it is a membrane too")
    return found
