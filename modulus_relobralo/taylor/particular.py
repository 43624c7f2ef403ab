r"""
A particular solution that is added to a network's output: what a load on a rectangle does to an unbounded plate.

Where a load jumps, fourth derivatives of the deflection jump with it, and no smooth network follows. So a deflection is
sought as one that takes up the jump, w_p, and the rest, which is smooth. For a load q on a rectangle of an isotropic
plate, D lap lap w_p = q on it and 0 beside it, for any boundary, since the rest takes care of that::

    w_p = q/D sum over the corners of +- F(x - x_i, y - y_i),    F,xy = 1/(8 pi) r^2 log r

The latter is the deflection under a concentrated force (Timoshenko and Woinowsky-Krieger, article 76). In z = x + i y,
F is Im(conj(z) h(z)) / (8 pi) with h = z^3 log z / 6, up to a function of x alone and one of y alone that it needs to
be smooth across the axes. Derivatives follow from d/dx = d/dz + d/dconj(z), d/dy = i (d/dz - d/dconj(z)).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from modulus_relobralo.taylor.jets import Jet
from modulus_relobralo.taylor.partials import Channel, MultiIndex, terms


class LoadedRectangle(NamedTuple):
    """A rectangle [x_1, x_2] x [y_1, y_2] with a load.

    Attributes
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


def deflection(rectangles: Sequence[LoadedRectangle], x: Tensor) -> Tensor:
    """Return w_p, [points, 1], at inputs of which the first two are x and y, [points, inputs]."""
    one = torch.ones((), dtype=torch.float64, device=x.device)
    parts = [_derivative(rectangle, x, _Along(one, one, one, 0 * one), 0) for rectangle in rectangles]
    return sum(parts[1:], start=parts[0]).to(x.dtype)[..., None]


def derivatives(rectangles: Sequence[LoadedRectangle], inputs: Jet, channels: Sequence[Channel]) -> Tensor:
    """Return the derivatives of w_p, [channels, points, 1].

    Parameters
    ----------
    rectangles : sequence of LoadedRectangle
        At least one.
    inputs : Jet
        Of the network's inputs, as `jets.seed` made it.
    channels : sequence of Channel
        What is wanted.
    """
    x = inputs.dense[0]
    found = [_channel(rectangles, inputs, x, channel) for channel in channels]
    return torch.stack(found).to(x.dtype)[..., None]


def rule(rectangles: Sequence[LoadedRectangle]) -> Callable[[Jet, tuple[Channel, ...]], Tensor] | None:
    """Return what a `Network` adds to its outputs; None without rectangles."""
    return partial(derivatives, rectangles) if rectangles else None


def _channel(rectangles: Sequence[LoadedRectangle], inputs: Jet, x: Tensor, channel: Channel) -> Tensor:
    parts = [
        weight * _derivative(rectangle, x, _along(inputs, alpha), sum(alpha))
        for alpha, weight in terms(channel)
        for rectangle in rectangles
    ]
    return sum(parts[1:], start=parts[0])


class _Along(NamedTuple):
    """Of the directions of a derivative: products over dz/dv, dx/dv and dy/dv, and how many more are x than y."""

    z: Tensor
    x: Tensor
    y: Tensor
    more: Tensor


def _along(inputs: Jet, alpha: MultiIndex) -> _Along:
    one = torch.ones((), dtype=torch.float64, device=inputs.dense.device)
    z, x, y, more = one, one, one, torch.zeros_like(one)
    if inputs.constant is not None:
        for row, order in zip(inputs.constant.double(), alpha, strict=True):
            z, x, y = z * torch.complex(row[0], row[1]) ** order, x * row[0] ** order, y * row[1] ** order
            # Each variable is x, y, or neither, which makes the other products 0.
            more = more + order * (row[0] - row[1])
    return _Along(z, x, y, more)


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
    """Return a derivative of 8 pi F at places of order one around a corner."""
    # In the corner itself the logarithm of the fourth derivatives has no bound.
    x = torch.where(x.abs() + y.abs() < 1e-12, torch.full_like(x, 1e-12), x)
    z = torch.complex(x, y + 0.0)
    goursat = along.z * (z.conj() * _h(z, n) + (along.more * _h(z, n - 1) if n else 0.0))
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
