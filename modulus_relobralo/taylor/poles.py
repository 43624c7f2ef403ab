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

import torch
from torch import Tensor

from modulus_relobralo.taylor.jets import Jet
from modulus_relobralo.taylor.partials import Channel, MultiIndex, terms

Pole = tuple[float, float, float, float]
"""x_0, y_0, a and L."""

COUNT = 3
"""Columns for each pole."""


def columns(poles: Sequence[Pole], x: Tensor) -> Tensor:
    """Return the further inputs, [points, 3 poles], of inputs of which x and y are the first two, [points, inputs]."""
    return torch.cat([_columns(pole, _around(pole, x), x.new_ones(()), 0) for pole in poles], dim=-1)


def append(poles: Sequence[Pole], inputs: Jet, jet: Jet, channels: tuple[Channel, ...]) -> Jet:
    """Return a jet with the further inputs behind its own.

    Parameters
    ----------
    poles : sequence of Pole
        The poles; without any, the jet stays what it is.
    inputs : Jet
        Of the network's inputs, which `jets.seed` made: linear in the variables.
    jet : Jet
        What was made of them.
    channels : tuple of Channel
        What the result carries.
    """
    if not poles:
        return jet
    further = [torch.stack([_channel(pole, inputs, channel) for channel in channels]) for pole in poles]
    return Jet(channels, torch.cat([jet.select(channels), *further], dim=-1))


def _channel(pole: Pole, inputs: Jet, channel: Channel) -> Tensor:
    parts = [weight * _derivative(pole, inputs, alpha) for alpha, weight in terms(channel)]
    return sum(parts[1:], start=parts[0])


def _derivative(pole: Pole, inputs: Jet, alpha: MultiIndex) -> Tensor:
    z, along = _around(pole, inputs.dense[0]), inputs.dense.new_ones(())
    if inputs.constant is not None:
        for row, order in zip(inputs.constant, alpha, strict=True):
            along = along * torch.complex(row[0], row[1]) ** order
    return _columns(pole, z, along / pole[2] ** sum(alpha), sum(alpha))


def _around(pole: Pole, x: Tensor) -> Tensor:
    x_0, y_0, size, _ = pole
    return torch.complex((x[..., 0] - x_0) / size, (x[..., 1] - y_0) / size)


def _columns(pole: Pole, z: Tensor, along: Tensor, n: int) -> Tensor:
    """Return the n-th derivatives, times dz/dv_1 ... dz/dv_n."""
    sign = (-1.0) ** n
    log = z.log() if n == 0 else -sign * math.factorial(n - 1) * z ** (-n) * along
    inverse = sign * math.factorial(n) * z ** (-n - 1) * along
    return torch.stack([log.real, inverse.real, -inverse.imag], dim=-1) * (pole[2] / pole[3])
