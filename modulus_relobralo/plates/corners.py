r"""What has no bound at the corners of a plate.

Around a corner of angle alpha, with r from its tip and theta from its middle, a deflection without a load is a sum of

::

    r^s (a cos(s theta) + b sin(s theta) + c cos((s - 2) theta) + d sin((s - 2) theta))

which hold what holds on both edges, theta = -alpha/2 and alpha/2. That leaves four equations for a, b, c and d, of
which the determinant vanishes for some s only, real or complex (M. L. Williams, Surface stress singularities resulting
from various boundary conditions in angular corners of plates under bending, Proc. 1st U.S. National Congress of Applied
Mechanics, 1952). With the real part of s below 2 moments have no bound at the tip, below 3 shears have none. These are
corners of more than 90 degrees between simply supported edges, those that point into the plate, and the ends of an edge
that is clamped beside a free one. Below 4 the fourth derivatives of the equation have none, as in every clamped corner.
Neither a network nor a polynomial follows them.

A load q per area gives q/D r^4/64 plus some function above with s = 4, unless the determinant vanishes there, as it
does for a right angle with a simply supported edge. Then functions with log r are in it, derivatives of those above by
s at s = 4, of which the amplitudes follow from q/D: fourth derivatives are not continuous, and a smooth network has the
twisting moment at the corner wrong.

What holds there, of g = a cos(s theta) + ...::

    w        g
    slope_n  g'
    M_n      g'' + (s + nu s (s - 1)) g
    V_n      g''' + (s^2 + (1 - nu) (s - 1) (s - 2)) g'

In z = r exp(i theta) the functions are real parts of p(z) + conj(z) q(z) with sums p and q of powers of z.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from modulus_relobralo.plates.plate import Plate
from modulus_relobralo.plates.singular import along_of, goursat, turned
from modulus_relobralo.plates.supports import EdgeSupport
from modulus_relobralo.problems.expressions import COORDINATES
from modulus_relobralo.problems.shapes.edges import Corner, Edge
from modulus_relobralo.taylor.jets import MultiIndex

MOMENTS, SHEARS, EQUATION = 2.0, 3.0, 4.0
"""Real parts of s, below which moments, shears and fourth derivatives have no bound; the last is that of a load."""
TIP = 1e-4
"""Of the size of a plate: closer to the tip, a function is what it is there."""
# Where powers are looked for, and how close to a whole number one is a polynomial.
HIGHEST = 5.5
_STARTS = np.array([complex(re, im) for re in np.arange(1.05, 6.0, 0.1) for im in (0.0, 0.3, 0.7, 1.3, 2.4)])
_WHOLE = 1e-5

Complex = NDArray[np.complex128]
Kinds = tuple[tuple[bool, bool], ...]
"""Of two edges, whether they hold the deflection and whether they hold the slope."""


class CornerFunction(NamedTuple):
    """One of the functions above, with r in units of a size of the plate.

    Parameters
    ----------
    x, y, angle : float
        The tip, and the direction of the middle of the corner, in radians.
    size : float
        A length of the plate.
    power : complex
        s.
    p, q : tuple of pair of complex
        Factors and powers of z in p(z) and q(z).
    load : float
        q/D, where p and q are multiplied by log z and by this.
    """

    x: float
    y: float
    angle: float
    size: float
    power: complex
    p: tuple[tuple[complex, complex], ...]
    q: tuple[tuple[complex, complex], ...]
    load: float = 0.0

    @property
    def numbers(self) -> tuple[float, ...]:
        """What tells it from others."""
        return self.x, self.y, self.angle, self.size, self.power.real, self.power.imag, self.load

    def derivative(self, x: Tensor, slopes: Tensor, alpha: MultiIndex) -> Tensor:
        """Return a derivative, [points], float64, as `singular.LoadedRectangle` does."""
        tip = torch.tensor([self.x, self.y], dtype=torch.float64, device=x.device)
        z = turned(x[..., :2].double() - tip, self.angle) / self.size
        z = torch.where(z.abs() < TIP, torch.full_like(z, TIP), z)
        along, n = along_of(turned(slopes, self.angle), alpha), sum(alpha)
        log = z.log()
        parts = [goursat(z, along, n, m, _powers(g, log, self.load != 0)) for m, g in enumerate((self.p, self.q))]
        return (parts[0] + parts[1]) * (self.load * self.size**4 or 1.0) * self.size**-n


def _powers(terms: Sequence[tuple[complex, complex]], log: Tensor, logarithm: bool) -> Callable[[Tensor, int], Tensor]:
    """Return derivatives of a sum of powers, or of it times log z, which is their derivative by the power."""

    def value(z: Tensor, n: int) -> Tensor:
        total = torch.zeros_like(z)
        for factor, power in terms:
            falling = np.poly1d(np.poly(range(n)))
            first = falling(power) * log + falling.deriv()(power) if logarithm else falling(power)
            total = total + factor * first * torch.exp((power - n) * log)
        return total

    return value


def corner_functions(plate: Plate, below: float = EQUATION) -> tuple[CornerFunction, ...]:
    """
    Return the functions of all corners of an isotropic plate whose power has a real part below some number.

    Those between straight edges of a plate with numbers for D and nu; polynomials are not among them.
    """
    found: list[CornerFunction] = []
    for corner, held, nu in _corners(plate):
        for s in powers(_angle(corner), held, nu):
            if s.real < below:
                found += _functions(corner, s, held, nu, _size(plate))
    return tuple(found)


def loaded_corners(plate: Plate) -> tuple[CornerFunction, ...]:
    """Return what a load over all of an isotropic plate does at its corners, if it has a logarithm there.

    Where D and the load vary, they are those at the tip, and soil is not looked at. Beside supports inside, by which
    deflections are much smaller than what a load does from the tip on, there is none.
    """
    found: list[CornerFunction] = []
    whole = sum(load for region, load in plate.equation.loads.parts if region is None)
    # Across the plate: it is small there, and another length is another polynomial.
    across = math.dist(*plate.shape.bounds)
    for corner, held, nu in _corners(plate) if not plate.cells else ():
        load = whole / plate.equation.stiffness.values["D"]
        tip = load.subs(dict(zip(COORDINATES, corner.point, strict=True)))
        if tip.is_number and tip != 0:
            found += _logarithm(corner, held, nu, across, float(tip))
    return tuple(found)


def _corners(plate: Plate) -> Iterable[tuple[Corner, list[EdgeSupport], float]]:
    """Return the corners of an isotropic plate that have a theory: what holds their edges, and Poisson's ratio."""
    D, nu = (plate.equation.stiffness.values.get(name) for name in ("D", "nu"))
    if D is not None and nu is not None and D.free_symbols <= set(COORDINATES) and nu.is_number:
        for corner in plate.shape.corners.values():
            if all(isinstance(plate.shape.edges[edge], Edge) for edge in corner.edges):
                yield corner, [plate.supports[edge] for edge in corner.edges], float(nu)


def _size(plate: Plate) -> float:
    return min(high - low for low, high in zip(*plate.shape.bounds, strict=True)) / 2


def unbounded(plate: Plate) -> dict[str, str]:
    """Return which corners have "moments" or "shears" without a bound, of an isotropic plate with a number for nu."""
    nu = plate.equation.stiffness.values.get("nu")
    found: dict[str, str] = {}
    if nu is None or not nu.is_number:
        return {}
    for name, corner in plate.shape.corners.items():
        held = [plate.supports[edge] for edge in corner.edges]
        least = min((s.real for s in powers(_angle(corner), held, float(nu))), default=SHEARS)
        if least < SHEARS - _WHOLE:
            found[name] = "moments" if least < MOMENTS - _WHOLE else "shears"
    return found


def powers(angle: float, held: Sequence[EdgeSupport], nu: float) -> list[complex]:
    """Return s of a corner between two edges, by rising real parts, each of a complex pair once; not whole numbers.

    Parameters
    ----------
    angle : float
        Of the corner, in radians.
    held : sequence of EdgeSupport
        What holds the edge that ends there and the one that begins.
    nu : float
        Poisson's ratio.

    Examples
    --------
    Between simply supported edges multiples of pi over the angle, and these plus two:

    >>> both = [EdgeSupport(w=0)] * 2
    >>> [round(s.real, 6) for s in powers(2 * math.pi / 3, both, 0.3)]
    [1.5, 3.5, 4.5]
    >>> powers(math.pi / 2, both, 0.3)
    []
    """
    return list(_powers_of(round(angle, 12), _kinds(held), nu))


@lru_cache(maxsize=64)
def _powers_of(angle: float, kinds: Kinds, nu: float) -> tuple[complex, ...]:
    found: list[complex] = []
    for s in _roots(angle, kinds, nu):
        s = complex(s.real, abs(s.imag) if abs(s.imag) > _WHOLE else 0.0)
        whole = s.imag == 0 and abs(s.real - round(s.real)) < _WHOLE
        if not whole and all(abs(s - other) > _WHOLE for other in found):
            found.append(s)
    return tuple(sorted(found, key=lambda s: (round(s.real, 9), s.imag)))


def _angle(corner: Corner) -> float:
    return math.pi - corner.turn


def _roots(angle: float, kinds: Kinds, nu: float) -> Complex:
    """Return zeros of the determinant, by the method of secants from many numbers at once."""
    s: Complex = _STARTS.astype(np.complex128)
    before: Complex = np.asarray(s + 1e-3)
    at_before = np.linalg.det(_conditions(before, angle, kinds, nu))
    with np.errstate(all="ignore"):
        for _ in range(60):
            value = np.linalg.det(_conditions(s, angle, kinds, nu))
            step = np.where(value == at_before, 0, value * (s - before) / (value - at_before))
            step = np.where(np.isfinite(step), step, 0)
            before, at_before, s = s, value, s - np.where(np.abs(step) > 1, step / np.abs(step), step)
    good = (np.abs(s - before) < 1e-8) & (s.real > 1 + _WHOLE) & (s.real < HIGHEST) & (np.abs(s.imag) < HIGHEST)
    return s[good]


def _conditions(s: Complex, angle: float, kinds: Kinds, nu: float) -> Complex:
    """Return the four equations for a, b, c and d, [powers, 4, 4]; the edge that begins at the tip is at -angle/2."""
    rows, each = [], s[:, None]
    for (holds_w, holds_slope), theta in zip(kinds, (angle / 2, -angle / 2), strict=True):
        g = [_angular(s, theta, k) for k in range(4)]
        rows.append(g[0] if holds_w else g[3] + (each**2 + (1 - nu) * (each - 1) * (each - 2)) * g[1])
        rows.append(g[1] if holds_slope else g[2] + (each + nu * each * (each - 1)) * g[0])
    matrix = np.stack(rows, axis=1)
    # Of order one, whatever s is; by what does not vanish with the determinant and has no jumps.
    orders = np.array([order for w, slope in kinds for order in (0 if w else 3, 1 if slope else 2)])
    return np.asarray(matrix / (1 + np.abs(s))[:, None, None] ** orders[:, None])


def _angular(s: Complex, theta: float, k: int) -> Complex:
    """Return the k-th derivatives of cos(s theta), sin(s theta), cos((s - 2) theta) and sin((s - 2) theta)."""
    turn = k * np.pi / 2
    parts = [m**k * f(m * theta + turn) for m in (s, s - 2) for f in (np.cos, np.sin)]
    return np.stack(parts, axis=-1)


def _functions(
    corner: Corner, s: complex, held: Sequence[EdgeSupport], nu: float, size: float
) -> Iterable[CornerFunction]:
    """Return the functions of a power: one of a real one, or two, and the real and imaginary part of a complex one."""
    for vector in _null(_conditions(np.array([s]), _angle(corner), _kinds(held), nu)[0]):
        vector = vector / vector[np.abs(vector).argmax()]
        for turn in (1.0,) if s.imag == 0 else (1.0, -1j):
            yield _function(corner, s, vector * turn, size)


def _logarithm(
    corner: Corner, held: Sequence[EdgeSupport], nu: float, size: float, load: float
) -> Iterable[CornerFunction]:
    """Return what a load does, without what is a polynomial; nothing if all of it is."""
    angle, kinds, step = _angle(corner), _kinds(held), 1e-5
    at = _conditions(np.array([EQUATION - step, EQUATION, EQUATION + step], dtype=np.complex128), angle, kinds, nu).real
    basis = np.array(_null(at[1])).real.reshape(-1, 4)
    # Of r^4/64, which is r^s cos((s - 4) theta)/64 at s = 4.
    bends, scale = EQUATION + nu * EQUATION * (EQUATION - 1), 1 + EQUATION
    rest = [value for w, slope in kinds for value in (1.0 if w else 0.0, 0.0 if slope else bends / scale**2)]
    # On the edges: of the logarithms, of further functions of s = 4, and of the load.
    logarithms = (at[2] - at[0]) / (2 * step) @ basis.T
    amplitudes = np.linalg.lstsq(np.hstack([logarithms, at[1]]), -np.array(rest) / 64, rcond=1e-6)[0][: len(basis)]
    vector = amplitudes @ basis
    if np.abs(vector).max(initial=0.0) > _WHOLE:
        yield _function(corner, complex(EQUATION), vector, size)._replace(load=load)


def _function(corner: Corner, s: complex, vector: Complex, size: float) -> CornerFunction:
    """Return the real part of a function by its a, b, c and d."""
    a, b, c, d = map(complex, vector)
    p = ((a - 1j * b) / 2, s), ((a + 1j * b).conjugate() / 2, s.conjugate())
    q = ((c - 1j * d) / 2, s - 1), ((c + 1j * d).conjugate() / 2, s.conjugate() - 1)
    return CornerFunction(*corner.point, math.atan2(-corner.normal[1], -corner.normal[0]), size, s, p, q)


def _null(matrix: Complex) -> list[Complex]:
    """Return the vectors that a matrix makes vanish."""
    _, values, vectors = np.linalg.svd(matrix)
    return [vector for value, vector in zip(values, vectors.conj(), strict=True) if value < 1e-6 * values[0]]


def _kinds(held: Sequence[EdgeSupport]) -> Kinds:
    return tuple((support.w is not None, support.slope_n is not None) for support in held)
