r"""
Inputs of a network that tell it where the holes of a shape are.

Outside of a hole, the solution of an elliptic equation is not a smooth function that goes on through the hole: it has
parts such as log r, whose pole lies in the hole. A network of x and y alone does not find them, and settles for a
solution that goes on inside, which cannot meet what holds on the hole's edge. So three harmonic functions with
their pole in the hole go in beside the coordinates. With z = (x - x_0 + i (y - y_0)) / a around a pole in (x_0, y_0)
at the distance a from the edge of the hole::

    a/L log r,  a/L Re 1/z,  -a/L Im 1/z            r = abs(z)

By the factor a/L, with L half of the width of the shape, they change on the edge of the hole as fast as coordinates
that go from -1 to 1; without it, a small hole starts with fourth derivatives that are all the optimizer sees. They are
real parts of analytic functions g, so that by variables v on which z depends linearly::

    d^n g / dv_1 ... dv_n = g^(n)(z) dz/dv_1 ... dz/dv_n
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from modulus_relobralo.problems.shapes.shape import HolePole
from modulus_relobralo.taylor.jets import Channel, Jet, MultiIndex, from_partials, side_by_side

COUNT = 3
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
    further = [_columns(pole, _around(pole, inputs), inputs.new_ones(()), 0) for pole in poles]
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
    further = [from_partials(channels, partial(_derivative, pole, inputs)) for pole in poles]
    return side_by_side([jet, *further], channels)


def _derivative(pole: HolePole, inputs: Jet, alpha: MultiIndex) -> Tensor:
    slopes, along = inputs.slopes(), inputs.dense.new_ones(())
    for row, order in zip(slopes, alpha, strict=True):
        along = along * torch.complex(row[0], row[1]) ** order
    n = sum(alpha)
    return _columns(pole, _around(pole, inputs.dense[0]), along / pole[2] ** n, n)


def _around(pole: HolePole, x: Tensor) -> Tensor:
    x_0, y_0, size, _ = pole
    return torch.complex((x[..., 0] - x_0) / size, (x[..., 1] - y_0) / size)


def _columns(pole: HolePole, z: Tensor, along: Tensor, n: int) -> Tensor:
    """Return the n-th derivatives, times dz/dv_1 ... dz/dv_n."""
    sign = (-1.0) ** n
    log = z.log() if n == 0 else -sign * math.factorial(n - 1) * z ** (-n) * along
    inverse = sign * math.factorial(n) * z ** (-n - 1) * along
    return torch.stack([log.real, inverse.real, -inverse.imag], dim=-1) * (pole[2] / pole[3])
