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
be smooth across the axes. Derivatives follow from d/dx = d/dz + d/dconj(z), d/dy = i (d/dz - d/dconj(z)). A rectangle
may lie at an angle, since the equation is the same in all directions: x and y are then along its sides.

On a disc of radius c the same load gives, with r in units of c and w_p in those of q c^4/D::

    w_p = r^4/64 + r^2/16 - 5/64 inside,    r^2 log r / 8 + log r / 16 outside

whose values and first three derivatives agree at r = 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor

from modulus_relobralo.plates.equation import KirchhoffPlate
from modulus_relobralo.plates.values import Array, Orders, Points
from modulus_relobralo.problems.expressions import COORDINATES
from modulus_relobralo.problems.shapes.primitives import Ellipse, Polygon, Rectangle
from modulus_relobralo.problems.shapes.shape import HolePole, Shape
from modulus_relobralo.taylor.jets import Channel, Jet, MultiIndex, from_partials, side_by_side

Analytic = Callable[[Tensor, int], Tensor]

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
    """A rectangle [x_1, x_2] x [y_1, y_2] with a load, in axes that are turned by an angle around the origin.

    Parameters
    ----------
    x_1, y_1, x_2, y_2 : float
        Its ends.
    size : float
        A length of the plate, by which logarithms are taken: w_p is then about as large as the plate's deflection.
    load : float
        q/D.
    angle : float
        Of its axes, against the clock, in radians.
    """

    x_1: float
    y_1: float
    x_2: float
    y_2: float
    size: float
    load: float
    angle: float = 0.0

    @property
    def numbers(self) -> tuple[float, ...]:
        """What tells it from others."""
        return tuple(self)

    def derivative(self, x: Tensor, slopes: Tensor, alpha: MultiIndex) -> Tensor:
        """Return a derivative of w_p, [points], float64: small patches are differences of large numbers.

        Parameters
        ----------
        x : Tensor
            Of which the first two columns are x and y, [..., inputs].
        slopes : Tensor
            Of x and y by the variables, [variables, inputs].
        alpha : MultiIndex
            How often it is differentiated by each variable.
        """
        own, along, n = turned(x, self.angle), along_of(turned(slopes, self.angle), alpha), sum(alpha)
        corners = ((self.x_1, self.y_1, 1), (self.x_2, self.y_1, -1), (self.x_1, self.y_2, -1), (self.x_2, self.y_2, 1))
        parts = [
            sign * _corner((own.real - x_i) / self.size, (own.imag - y_i) / self.size, along, n)
            for x_i, y_i, sign in corners
        ]
        return self.load * self.size ** (4 - n) / (8 * math.pi) * sum(parts[1:], start=parts[0])


class LoadedDisc(NamedTuple):
    """A disc with a load.

    Parameters
    ----------
    x, y, radius : float
        Where it is.
    size : float
        A length of the plate, as of `LoadedRectangle`.
    load : float
        q/D.
    """

    x: float
    y: float
    radius: float
    size: float
    load: float

    @property
    def numbers(self) -> tuple[float, ...]:
        """What tells it from others."""
        return tuple(self)

    def derivative(self, x: Tensor, slopes: Tensor, alpha: MultiIndex) -> Tensor:
        """Return a derivative of w_p, [points], float64, as `LoadedRectangle` does."""
        middle = torch.tensor([self.x, self.y], dtype=torch.float64, device=x.device)
        z = turned(x[..., :2].double() - middle, 0.0) / self.radius
        along, n, inside = along_of(turned(slopes, 0.0), alpha), sum(alpha), z.abs() < 1
        away = torch.where(inside, torch.ones_like(z), z)
        squared, one = goursat(z, along, n, 1, _power(1)), goursat(z, along, n, 0, _power(0))
        near = goursat(z, along, n, 2, _power(2)) / 64 + squared / 16 - one * 5 / 64
        far = goursat(away, along, n, 1, _z_log) / 8 + goursat(away, along, n, 0, _log) / 16
        # Logarithms by `size`, as of a rectangle: with multiples of r^2 and 1, which are no load.
        shift = math.log(self.radius / self.size) * (squared / 8 + one / 16)
        return self.load * self.radius ** (4 - n) * (torch.where(inside, near, far) + shift)


LoadedPatch: TypeAlias = LoadedRectangle | LoadedDisc
"""A patch of load that has a particular solution."""


def loaded_patches(equation: KirchhoffPlate, shape: Shape) -> tuple[LoadedPatch, ...]:
    """
    Return the patches with a load of an isotropic plate that have a particular solution.

    Those whose load is a number on a rectangle, at any angle, or on a disc, of a plate whose D is a number or an
    expression of x and y: where D varies, that in the middle of the patch. Whatever is left of the jump, and other
    patches, the network has to learn.

    Parameters
    ----------
    equation, shape : KirchhoffPlate, Shape
        Of the plate.
    """
    parts = [(region, load) for region, load in equation.loads.parts if load.is_number and not load.is_zero]
    return tuple(patch for region, load in parts for patch in _loaded(equation, shape, region, float(load)))


def _loaded(equation: KirchhoffPlate, shape: Shape, region: Shape | None, load: float) -> list[LoadedPatch]:
    """Return a patch with its load over D, or nothing if there is no closed form."""
    D = equation.stiffness.values.get("D")
    if D is None or not D.free_symbols <= set(COORDINATES) or region is None:
        return []
    size = min(high - low for low, high in zip(*shape.bounds, strict=True)) / 2
    (x_1, y_1), (x_2, y_2) = region.bounds
    here = load / float(D.subs(dict(zip(COORDINATES, ((x_1 + x_2) / 2, (y_1 + y_2) / 2), strict=True))))
    patch = patch_of(region, size)
    return [] if patch is None else [patch._replace(load=here)]


def patch_of(region: Shape, size: float) -> LoadedPatch | None:
    """Return a region with a load of one, if it is a rectangle or a disc; `size` is a length of the plate."""
    (x_1, y_1), (x_2, y_2) = region.bounds
    if isinstance(region, Rectangle):
        return LoadedRectangle(x_1, y_1, x_2, y_2, size, 1.0)
    if isinstance(region, Ellipse) and region.a == region.b:
        return LoadedDisc(*region.center, region.a, size, 1.0)
    if not isinstance(region, Polygon) or len(region.vertices) != 4:
        return None
    first = next(iter(region.edges.values()))
    angle = math.atan2(first.end[1] - first.start[1], first.end[0] - first.start[0])
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    own = np.array(region.vertices) @ turn
    (x_1, y_1), (x_2, y_2) = own.min(axis=0).tolist(), own.max(axis=0).tolist()
    # All of its vertices are those of the rectangle around them.
    beside = np.minimum(np.abs(own - [x_1, y_1]), np.abs(own - [x_2, y_2])).max()
    right = beside < 1e-9 * max(x_2 - x_1, y_2 - y_1)
    return LoadedRectangle(x_1, y_1, x_2, y_2, size, 1.0, angle) if right else None


class KnownFunction(Protocol):
    """A deflection in closed form: that of a patch of load, or of a corner."""

    @property
    def numbers(self) -> tuple[float, ...]:
        """What tells it from others."""

    def derivative(self, x: Tensor, slopes: Tensor, alpha: MultiIndex) -> Tensor:
        """Return a derivative, [points], see `LoadedRectangle`."""


class KnownDeflection:
    """A sum of deflections in closed form, as a `values.Deflection`.

    Parameters
    ----------
    functions : sequence of KnownFunction
        Such as `LoadedPatch`.
    """

    def __init__(self, functions: Sequence[KnownFunction]) -> None:
        self.functions = tuple(functions)

    def derivatives(self, points: Points, orders: Iterable[Orders]) -> dict[Orders, Array]:
        """Return its derivatives at points."""
        return {order: self.matrix(points, order).sum(axis=1) for order in orders}

    def matrix(self, points: Points, order: Orders) -> Array:
        """Return a derivative of each function, [points, functions]."""
        x = torch.stack([torch.as_tensor(points[name].copy(), dtype=torch.float64) for name in "xy"], dim=-1)
        slopes = torch.eye(2, dtype=torch.float64)
        columns = [function.derivative(x, slopes, order).numpy() for function in self.functions]
        return np.stack(columns, axis=1) if columns else np.zeros((len(x), 0))


def with_deflection(
    patches: Sequence[KnownFunction], inputs: Tensor, w: Tensor, amplitudes: Tensor | None = None
) -> Tensor:
    """Return w + w_p, [..., 1].

    Parameters
    ----------
    patches : sequence of KnownFunction
        What w_p is of; without any, `w` stays what it is.
    inputs : Tensor
        Of which the first two are x and y, [..., inputs].
    w : Tensor
        The rest of the deflection, [..., 1].
    amplitudes : Tensor, optional
        What each counts, [patches]; as it is without.
    """
    if not patches:
        return w
    slopes = torch.zeros(0, 2, dtype=torch.float64, device=w.device)
    return w + _sum(patches, inputs, slopes, (), amplitudes).to(w.dtype)[..., None]


def jet_with_deflection(
    patches: Sequence[KnownFunction],
    inputs: Jet,
    jet: Jet,
    channels: tuple[Channel, ...],
    amplitudes: Tensor | None = None,
) -> Jet:
    """Return the jet of `with_deflection`, with the given channels, of the jet of the inputs, linear in the variables.

    Raises
    ------
    UnsupportedNetworkError
        If there are patches and the inputs are not linear.
    """
    if not patches:
        return jet
    x, slopes = inputs.dense[0], inputs.slopes()
    further = from_partials(channels, lambda alpha: _sum(patches, x, slopes, alpha, amplitudes)).dense
    return Jet(channels, jet.select(channels) + further.to(x.dtype)[..., None])


def _sum(
    patches: Sequence[KnownFunction], x: Tensor, slopes: Tensor, alpha: MultiIndex, amplitudes: Tensor | None
) -> Tensor:
    found = torch.stack([patch.derivative(x, slopes, alpha) for patch in patches], dim=-1)
    return found.sum(dim=-1) if amplitudes is None else found @ amplitudes.double()


def turned(x: Tensor, angle: float) -> Tensor:
    """Return x + i y in axes that are turned by an angle, [...]."""
    a, b = x[..., 0].double(), x[..., 1].double()
    if not angle:
        return torch.complex(a, b + 0.0)
    cos, sin = math.cos(angle), math.sin(angle)
    return torch.complex(cos * a + sin * b, cos * b - sin * a)


class _Along(NamedTuple):
    """Of the directions of a derivative: products over dz/dv, dx/dv, dy/dv; sums of t = dconj(z)/dv / dz/dv and t^2."""

    z: Tensor
    x: Tensor
    y: Tensor
    turned: Tensor
    squared: Tensor


def along_of(slopes: Tensor, alpha: MultiIndex) -> _Along:
    """Return what a derivative needs to know of its directions, by the slopes of x + i y, [variables]."""
    one = torch.ones((), dtype=torch.float64, device=slopes.device)
    z, x, y, turned, squared = one, one, one, torch.zeros_like(one), torch.zeros_like(one)
    for dz, order in zip(slopes, alpha, strict=True):
        z, x, y = z * dz**order, x * dz.real**order, y * dz.imag**order
        # Where a variable moves neither x nor y, the product over dz/dv is 0 already.
        t = torch.where(dz == 0, torch.zeros_like(dz), dz.conj() / dz)
        turned, squared = turned + order * t, squared + order * t**2
    return _Along(z, x, y, turned, squared)


def goursat(z: Tensor, along: _Along, n: int, m: int, g: Analytic) -> Tensor:
    """Return a derivative of the real part of conj(z)^m g(z), m at most 2."""
    c, t = z.conj(), along.turned
    # The directions that meet conj(z): none, one, or two of them.
    found = c**m * g(z, n)
    if m > 0 and n > 0:
        found = found + m * c ** (m - 1) * t * g(z, n - 1)
    if m > 1 and n > 1:
        found = found + (t**2 - along.squared) * g(z, n - 2)
    return (along.z * found).real


def _power(m: int) -> Analytic:
    return lambda z, n: math.perm(m, n) * z ** max(m - n, 0)


def _log(z: Tensor, n: int) -> Tensor:
    return z.log() if n == 0 else (-1.0) ** (n - 1) * math.factorial(n - 1) * z ** (-n)


def _z_log(z: Tensor, n: int) -> Tensor:
    if n < 2:
        return z * z.log() if n == 0 else z.log() + 1
    return (-1.0) ** n * math.factorial(n - 2) * z ** (1 - n)


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
