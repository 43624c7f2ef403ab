r"""
What is not smooth in a plate's deflection, and is given to a network that cannot follow it.

**Poles of holes.** Outside of a hole, the solution of an elliptic equation is not a smooth function that goes on
through the hole: it has parts such as log r, whose pole lies in the hole. A network of x and y alone does not find
them, and settles for a solution that goes on inside, which cannot meet what holds on the hole's edge. So three harmonic
functions with their pole in the hole go in beside the coordinates. With z = (x - x_0 + i (y - y_0)) / a around a pole
in (x_0, y_0) at the distance a from the edge of the hole::

    a/L log r,  a/L Re 1/z,  -a/L Im 1/z            r = abs(z)

By the factor a/L, with L half of the width of the shape, they change on the edge of the hole as fast as coordinates
that go from -1 to 1; without it, a small hole starts with fourth derivatives that are all the optimizer sees. They are
real parts of analytic functions g, so that by variables v on which z depends linearly::

    d^n g / dv_1 ... dv_n = g^(n)(z) dz/dv_1 ... dz/dv_n

**Loads that jump.** Where a load jumps, fourth derivatives of the deflection jump with it, and no smooth network
follows. So a deflection is sought as one that takes up the jump, w_p, a particular solution, and the rest, which is
smooth. For a load q on a rectangle of an isotropic plate, D lap lap w_p = q on it and 0 beside it, for any boundary,
since the rest takes care of that::

    w_p = q/D sum over the corners of +- F(x - x_i, y - y_i),    F,xy = 1/(8 pi) r^2 log r

The latter is the deflection under a concentrated force (Timoshenko and Woinowsky-Krieger, article 76). In z = x + i y,
F is Im(conj(z) h(z)) / (8 pi) with h = z^3 log z / 6, up to a function of x alone and one of y alone that it needs to
be smooth across the axes. Derivatives follow from d/dx = d/dz + d/dconj(z), d/dy = i (d/dz - d/dconj(z)).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from modulus_relobralo.plates.plate import Plate
from modulus_relobralo.problems.expressions import COORDINATES
from modulus_relobralo.problems.shapes.primitives import Rectangle
from modulus_relobralo.problems.shapes.shape import HolePole
from modulus_relobralo.taylor.jets import Channel, Jet, MultiIndex, from_partials, side_by_side

POLE_COLUMNS = 3
"""Columns for each pole."""


def with_poles(poles: Sequence[HolePole], inputs: Tensor, x: Tensor) -> Tensor:
    """Return what a network sees: `x`, and three columns for each pole.

    Parameters
    ----------
    poles : sequence of HolePole
        `Shape.poles`; without any, `x` stays what it is.
    inputs : Tensor
        Of which the first two are x and y, [..., inputs].
    x : Tensor
        What was made of them, [..., columns].
    """
    further = [_pole_columns(pole, _from_pole(pole, inputs), inputs.new_ones(()), 0) for pole in poles]
    return torch.cat([x, *further], dim=-1)


def jet_with_poles(poles: Sequence[HolePole], inputs: Jet, jet: Jet, channels: tuple[Channel, ...]) -> Jet:
    """Return the jet of `with_poles`, with the given channels, of the jet of the inputs, linear in the variables.

    Raises
    ------
    UnsupportedNetworkError
        If there are poles and the inputs are not linear.
    """
    if not poles:
        return jet
    further = [from_partials(channels, partial(_pole_derivative, pole, inputs)) for pole in poles]
    return side_by_side([jet, *further], channels)


def _pole_derivative(pole: HolePole, inputs: Jet, alpha: MultiIndex) -> Tensor:
    slopes, along = inputs.slopes(), inputs.dense.new_ones(())
    for row, order in zip(slopes, alpha, strict=True):
        along = along * torch.complex(row[0], row[1]) ** order
    n = sum(alpha)
    return _pole_columns(pole, _from_pole(pole, inputs.dense[0]), along / pole[2] ** n, n)


def _from_pole(pole: HolePole, x: Tensor) -> Tensor:
    x_0, y_0, size, _ = pole
    return torch.complex((x[..., 0] - x_0) / size, (x[..., 1] - y_0) / size)


def _pole_columns(pole: HolePole, z: Tensor, along: Tensor, n: int) -> Tensor:
    """Return the n-th derivatives, times dz/dv_1 ... dz/dv_n."""
    sign = (-1.0) ** n
    log = z.log() if n == 0 else -sign * math.factorial(n - 1) * z ** (-n) * along
    inverse = sign * math.factorial(n) * z ** (-n - 1) * along
    return torch.stack([log.real, inverse.real, -inverse.imag], dim=-1) * (pole[2] / pole[3])


class LoadedRectangle(NamedTuple):
    """A rectangle [x_1, x_2] x [y_1, y_2] with a load.

    Parameters
    ----------
    x_1, y_1, x_2, y_2 : float
        Its ends.
    size : float
        A length of the plate, by which logarithms are taken: w_p is then about as large as the plate's deflection.
    load : float
        q/D.
    """

    x_1: float
    y_1: float
    x_2: float
    y_2: float
    size: float
    load: float


def loaded_rectangles(plate: Plate) -> tuple[LoadedRectangle, ...]:
    """
    Return the rectangles with a load of an isotropic plate that have a particular solution.

    Those whose load is a number, on a plate whose D is a number or an expression of x and y: where D varies, that in
    the middle of the rectangle. Whatever is left of the jump, and other patches, the network has to learn.

    Parameters
    ----------
    plate : Plate
        The plate.
    """
    D = plate.equation.stiffness.values.get("D")
    if D is None or not D.free_symbols <= set(COORDINATES):
        return ()
    size = min(high - low for low, high in zip(*plate.shape.bounds, strict=True)) / 2
    found = []
    for region, load in plate.equation.loads.parts:
        if isinstance(region, Rectangle) and load.is_number and not load.is_zero:
            (x_1, y_1), (x_2, y_2) = region.bounds
            middle = dict(zip(COORDINATES, ((x_1 + x_2) / 2, (y_1 + y_2) / 2), strict=True))
            found.append(LoadedRectangle(x_1, y_1, x_2, y_2, size, float(load / D.subs(middle))))
    return tuple(found)


def with_deflection(rectangles: Sequence[LoadedRectangle], inputs: Tensor, w: Tensor) -> Tensor:
    """Return w + w_p, [..., 1].

    Parameters
    ----------
    rectangles : sequence of LoadedRectangle
        What w_p is of; without any, `w` stays what it is.
    inputs : Tensor
        Of which the first two are x and y, [..., inputs].
    w : Tensor
        The rest of the deflection, [..., 1].
    """
    if not rectangles:
        return w
    one = torch.ones((), dtype=torch.float64, device=w.device)
    return w + _sum(rectangles, inputs, _Along(one, one, one, 0 * one), 0).to(w.dtype)[..., None]


def jet_with_deflection(
    rectangles: Sequence[LoadedRectangle], inputs: Jet, jet: Jet, channels: tuple[Channel, ...]
) -> Jet:
    """Return the jet of `with_deflection`, with the given channels, of the jet of the inputs, linear in the variables.

    Raises
    ------
    UnsupportedNetworkError
        If there are rectangles and the inputs are not linear.
    """
    if not rectangles:
        return jet
    x, slopes = inputs.dense[0], inputs.slopes().double()
    further = from_partials(channels, lambda alpha: _sum(rectangles, x, _along(slopes, alpha), sum(alpha))).dense
    return Jet(channels, jet.select(channels) + further.to(x.dtype)[..., None])


class _Along(NamedTuple):
    """Of the directions of a derivative: products over dz/dv, dx/dv and dy/dv, and the sum of dconj(z)/dv / dz/dv."""

    z: Tensor
    x: Tensor
    y: Tensor
    turned: Tensor


def _along(slopes: Tensor, alpha: MultiIndex) -> _Along:
    one = torch.ones((), dtype=torch.float64, device=slopes.device)
    z, x, y, turned = one, one, one, torch.zeros_like(one)
    for row, order in zip(slopes, alpha, strict=True):
        dz = torch.complex(row[0], row[1])
        z, x, y = z * dz**order, x * row[0] ** order, y * row[1] ** order
        # Where a variable moves neither x nor y, the product over dz/dv is 0 already.
        turned = turned + order * torch.where(dz == 0, torch.zeros_like(dz), dz.conj() / dz)
    return _Along(z, x, y, turned)


def _sum(rectangles: Sequence[LoadedRectangle], x: Tensor, along: _Along, n: int) -> Tensor:
    first, *rest = (_derivative(rectangle, x, along, n) for rectangle in rectangles)
    return sum(rest, start=first)


def _derivative(rectangle: LoadedRectangle, x: Tensor, along: _Along, n: int) -> Tensor:
    """Return a derivative of order `n`, [points], float64: small patches are differences of large numbers."""
    x_1, y_1, x_2, y_2, size, load = rectangle
    corners = ((x_1, y_1, 1.0), (x_2, y_1, -1.0), (x_1, y_2, -1.0), (x_2, y_2, 1.0))
    parts = [
        sign * _corner((x[..., 0].double() - x_i) / size, (x[..., 1].double() - y_i) / size, along, n)
        for x_i, y_i, sign in corners
    ]
    return load * size ** (4 - n) / (8 * math.pi) * sum(parts[1:], start=parts[0])


def _corner(x: Tensor, y: Tensor, along: _Along, n: int) -> Tensor:
    """Return a derivative of 8 pi F at points of order one around a corner."""
    # In the corner itself the logarithm of the fourth derivatives has no bound.
    x = torch.where(x.abs() + y.abs() < 1e-12, torch.full_like(x, 1e-12), x)
    z = torch.complex(x, y + 0.0)
    goursat = along.z * (z.conj() * _h(z, n) + (along.turned * _h(z, n - 1) if n else 0.0))
    # z has jumped in its logarithm where x < 0 and y changes its sign; x^4 atan(y/x) and y^4 atan(x/y) do not jump.
    side = math.pi * torch.where(y >= 0, 1.0, -1.0).to(y.dtype)
    falling = math.perm(4, n)
    jump_x, jump_y = falling * along.x * x ** (4 - n) * side * (x < 0), falling * along.y * y ** (4 - n) * side / 2
    return goursat.imag - (jump_x - jump_y) / 6


def _h(z: Tensor, n: int) -> Tensor:
    """Return a derivative of z^3 log z / 6."""
    if n == 4:
        return 1 / z
    log = z.log()
    return (z**3 * log, z**2 * (3 * log + 1), z * (6 * log + 5), 6 * log + 11)[n] / 6
