"""Columns and line supports inside a plate: small patches of stiffness, whose reaction is an unknown of its own.

On a stiff patch the equation D lap lap w + k w = p has a load k w that is many times the others and ends where the
patch does. A network follows neither. So the reaction of each cell of a patch is taken as even over it, and what an
even load there does to an unbounded plate, w_i with D lap lap w_i = -1 on the cell, is added to the deflection with an
unknown amplitude::

    w = smooth + sum of a_i w_i

In the interior the equation then holds without the patch, and in the middle of each cell it holds with it, which says
that a_i = k w there.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from sympy import Expr, Piecewise, S

from modulus_relobralo.plates.equation import KirchhoffPlate
from modulus_relobralo.plates.loads import where
from modulus_relobralo.plates.singular import LoadedDisc, LoadedPatch, LoadedRectangle, patch_of
from modulus_relobralo.problems.shapes.shape import Shape

NARROW = 1 / 4
"""Of the plate's width, how wide a patch of stiffness is at most that counts as a support, not as soil."""
FINE, COARSE = 3, 24
"""Cells over the shorter side of a patch at most, and over the plate's width at least."""


class Cell(NamedTuple):
    """
    A cell of a support.

    Parameters
    ----------
    function : LoadedPatch
        What an even load on it does to an unbounded plate.
    x, y : float
        Its middle.
    """

    function: LoadedPatch
    x: float
    y: float


def support_regions(shape: Shape, equation: KirchhoffPlate) -> tuple[Shape, ...]:
    """Return the patches of stiffness that are supports: narrow rectangles and discs of a number, on a constant D."""
    D = equation.stiffness.values.get("D")
    if D is None or not D.is_number or equation.parameters:
        return ()
    parts = [(region, k) for region, k in equation.soil.parts if region is not None and k.is_number and not k.is_zero]
    return tuple(region for region, _ in parts if support_cells(shape, region))


def support_cells(shape: Shape, region: Shape) -> list[Cell]:
    """Return the cells of a patch; none if it is no support."""
    width = min(high - low for low, high in zip(*shape.bounds, strict=True))
    whole = patch_of(region, width / 2)
    if isinstance(whole, LoadedDisc):
        unit = whole._replace(load=-((width / 2) ** -2) / whole.radius**2)
        return [Cell(unit, whole.x, whole.y)] if 2 * whole.radius < NARROW * width else []
    if whole is None:
        return []
    sides = whole.x_2 - whole.x_1, whole.y_2 - whole.y_1
    if min(sides) > NARROW * width:
        return []
    longest = max(min(sides) / FINE, width / COARSE)
    counts = [max(math.ceil(side / longest - 1e-9), 1) for side in sides]
    a, b = (np.linspace(low, high, n + 1).tolist() for low, high, n in zip(whole[:2], whole[2:4], counts, strict=True))
    return [_cell(whole, *pair) for pair in ((u, v) for u in zip(a, a[1:]) for v in zip(b, b[1:]))]  # noqa: B905, RUF007


def _cell(whole: LoadedRectangle, u: tuple[float, float], v: tuple[float, float]) -> Cell:
    """Return a cell by its ends along the sides of the patch; its function is of order one."""
    load = -(whole.size**-2) / ((u[1] - u[0]) * (v[1] - v[0]))
    function = whole._replace(x_1=u[0], x_2=u[1], y_1=v[0], y_2=v[1], load=load)
    middle, turn = complex(sum(u) / 2, sum(v) / 2), complex(math.cos(whole.angle), math.sin(whole.angle))
    return Cell(function, (middle * turn).real, (middle * turn).imag)


def beside(residual: Expr, regions: tuple[Shape, ...]) -> Expr:
    """Return a residual that is nothing on some regions."""
    mask = sum((Piecewise((1, where(region)), (0, True)) for region in regions), S.Zero)
    return residual * (1 - mask) if regions else residual
