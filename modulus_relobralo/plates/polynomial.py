"""
A rough deflection of any plate, fast: the polynomial that fits its equations best.

It is there to know how large deflections, moments and shears will be, before anything is trained. All that holds inside
and on the edges is linear in the deflection, or is taken so for small ones; the polynomial's coefficients are the
least-squares solution at a few hundred points. Where the deflection is smooth it is close to exact. What has no bound
at corners is added with coefficients of its own (`corners`), and what patches of load do to an unbounded plate as it is
(`singular`), as far as both are known; on other patches there are further points, so that a narrow one is not missed.

Around holes, biharmonic functions with their pole in the middle of the hole, and of one value around it, are added. In
z = x + i y from there, all are real or imaginary parts of conj(z)^m g(z) with m = 0 or 1 and an analytic g (Goursat's
form): powers of 1/z, and the logarithms that have one value around the hole. Derivatives follow from
d/dx = d/dz + d/dconj(z), d/dy = i (d/dz - d/dconj(z)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import factorial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sympy import Derivative, Expr, Function, Integer, Symbol

from modulus_relobralo.plates.corners import HIGHEST, corner_functions, loaded_corners
from modulus_relobralo.plates.plate import Plate
from modulus_relobralo.plates.singular import KnownDeflection, KnownFunction, loaded_patches
from modulus_relobralo.plates.values import (
    Array,
    Deflection,
    Orders,
    Points,
    evaluate,
    orders_of,
    put_symbols,
    quantities,
    symbol_of,
)
from modulus_relobralo.problems.expressions import COORDINATES
from modulus_relobralo.problems.shapes.shape import HolePole, Shape

DEGREE = 10
"""Of the polynomial in x and y together."""
FINE_DEGREE = 16
"""Of one that says how wrong a deflection is, which is finer than what errors look like."""
LOW = 4
"""Order of the equation, and of the polynomials whose size all conditions are brought to."""
GRID = 24
"""Points along each side of the bounds."""
PATCH_GRID = 8
"""Points along each side of the bounds of a patch."""
POLES = 4
"""How often the functions around a hole may go up and down."""
COUNT = 4 + 4 * POLES
"""How many functions there are for a hole."""

Complex = NDArray[np.complex128]
Analytic = Callable[[Complex, int], Complex]


class Polynomial:
    """
    A deflection: a sum of Chebyshev polynomials over the bounds of a shape, of poles in its holes, and of a given one.

    Parameters
    ----------
    shape : Shape
        The plate's.
    degree : int
        Of the polynomial in x and y together.
    given : Deflection, optional
        What is added, such as that of patches of load.
    functions : sequence of KnownFunction
        Further functions with coefficients of their own, such as those of corners.

    Attributes
    ----------
    degree : int
        As given.
    coefficients : array
        Of the polynomials, in the order of `degrees`, of poles and of further functions.
    """

    def __init__(
        self,
        shape: Shape,
        degree: int = DEGREE,
        given: Deflection | None = None,
        functions: Sequence[KnownFunction] = (),
    ) -> None:
        (x0, y0), (x1, y1) = shape.bounds
        self._middle, self._half = ((x0 + x1) / 2, (y0 + y1) / 2), ((x1 - x0) / 2, (y1 - y0) / 2)
        self.degree, self._given, self._further = degree, given or KnownDeflection(()), KnownDeflection(functions)
        self.degrees = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
        self._poles = shape.poles
        self.coefficients: Array = np.zeros(len(self.degrees) + COUNT * len(self._poles) + len(functions))

    def derivatives(self, points: Points, orders: Iterable[Orders]) -> dict[Orders, Array]:
        """Return its derivatives at points."""
        given = self._given.derivatives(points, orders := list(orders))
        return {order: self.matrix(points, order) @ self.coefficients + given[order] for order in orders}

    def matrix(self, points: Points, order: Orders) -> Array:
        """Return a derivative of each of the functions, [points, functions]."""
        along = [self._along(axis, order[axis], points) for axis in range(2)]
        poles = [column for pole in self._poles for column in _around(pole, points, order)]
        smooth = np.stack([*(along[0][i] * along[1][j] for i, j in self.degrees), *poles], axis=1)
        return np.concatenate([smooth, self._further.matrix(points, order)], axis=1)

    def rows(self, quantity: Expr, w: str, points: Points) -> tuple[Array, Array]:
        """Return a quantity as a matrix by the coefficients, [points, coefficients], and what is left without them."""
        terms = {Function(w)(*COORDINATES), *quantity.atoms(Derivative)}
        plain, at_rest = put_symbols(quantity, terms), {Symbol(symbol_of(term)): Integer(0) for term in terms}
        factors = {orders_of(term): plain.diff(Symbol(symbol_of(term))).xreplace(at_rest) for term in terms}
        factors = {order: factor for order, factor in factors.items() if factor != 0}
        given = self._given.derivatives(points, factors)
        matrix, rest = np.zeros((len(points["x"]), len(self.coefficients))), evaluate(plain.xreplace(at_rest), points)
        for order, factor in factors.items():
            values = evaluate(factor, points)
            matrix += values[:, None] * self.matrix(points, order)
            rest = rest + values * given[order]
        return matrix, rest

    def _along(self, axis: int, order: int, points: Points) -> Array:
        t = (points["xy"[axis]] - self._middle[axis]) / self._half[axis]
        derived = np.polynomial.chebyshev.chebder(np.eye(self.degree + 1), order)
        return np.polynomial.chebyshev.chebval(t, derived) / self._half[axis] ** order


class Block(NamedTuple):
    """
    A condition at points: of a polynomial's coefficients, ``matrix @ coefficients + rest`` is to vanish.

    Attributes
    ----------
    name : str
        Of what holds.
    matrix, rest : array
        [points, coefficients] and [points].
    """

    name: str
    matrix: Array
    rest: Array


def fit(plate: Plate, values: Mapping[str, float], degree: int = DEGREE) -> Polynomial:
    """Return the polynomial that fits a plate best, with ``values`` of its parameters."""
    known = *loaded_patches(plate.equation, plate.shape), *loaded_corners(plate)
    polynomial = _polynomial(plate, degree, KnownDeflection(known))
    _solve(polynomial, _blocks(plate, polynomial, values))
    return polynomial


def fit_error(
    plate: Plate, values: Mapping[str, float], deflection: Deflection, degree: int = FINE_DEGREE
) -> tuple[Polynomial, float]:
    """
    Return the polynomial that a deflection lacks to be a solution, and how much of the equation inside it leaves.

    Parameters
    ----------
    plate : Plate
        The plate.
    values : mapping
        Of its parameters.
    deflection : Deflection
        What was found.
    degree : int
        Of the polynomial in x and y together.

    Returns
    -------
    tuple of Polynomial and float
        That is to be added, and the root mean square of the residual inside that is left then.
    """
    lacking = _polynomial(plate, degree, KnownDeflection(()))
    blocks = _blocks(plate, lacking, values, deflection)
    _solve(lacking, blocks)
    inside = [block for block in blocks if block.name in plate.inside]
    left = [block.matrix @ lacking.coefficients + block.rest for block in inside]
    return lacking, float(np.sqrt(np.mean(np.concatenate(left) ** 2)))


def _polynomial(plate: Plate, degree: int, given: Deflection) -> Polynomial:
    functions = [*corner_functions(plate, HIGHEST), *(cell.function for cell in plate.cells)]
    return Polynomial(plate.shape, degree, given, functions)


def _blocks(
    plate: Plate, polynomial: Polynomial, values: Mapping[str, float], found: Deflection | None = None
) -> list[Block]:
    """Return all that holds, at points; with what was `found` the polynomial is what is added to it."""
    w, known = plate.equation.w, {**plate.equations, plate.equation.w: Function(plate.equation.w)(*COORDINATES)}

    def block(name: str, residual: Expr, points: Points, share: Array | float = 1.0) -> Block:
        matrix, rest = polynomial.rows(residual, w, points)
        if found is not None:
            rest = quantities({name: residual}, w, found, points)[name]
        return Block(name, matrix * np.reshape(share, (-1, 1)), rest * share)

    inside, areas = spread(plate)
    points, share = with_values(inside, values), np.sqrt(areas / areas.mean())
    blocks = [block(name, known[name] - target, points, share) for name, target in plate.inside.items()]
    n = 4 * polynomial.degree
    for part, outvar in plate.conditions.items():
        points = with_values(plate.shape.parts[part].at((np.arange(n) + 0.5) / n), values)
        coefficients = {Symbol(name): value for name, value in plate.coefficients.get(part, {}).items()}
        blocks += [block(name, known[name].xreplace(coefficients) - target, points) for name, target in outvar.items()]
    for sensors in plate.sensors.values():
        blocks += [block(name, known[name], sensors.points) for name in sensors.values]
    return blocks


def _solve(polynomial: Polynomial, blocks: Sequence[Block]) -> None:
    # Each condition counts as one, in the size that the lowest polynomials give it that all of them can see.
    low = [i for i, degrees in enumerate(polynomial.degrees) if sum(degrees) <= LOW]
    sizes = [np.sqrt((block.matrix[:, low] ** 2).sum()) or 1.0 for block in blocks]
    matrix = np.concatenate([block.matrix / size for block, size in zip(blocks, sizes, strict=True)])
    right = np.concatenate([-block.rest / size for block, size in zip(blocks, sizes, strict=True)])
    polynomial.coefficients = np.linalg.lstsq(matrix, right, rcond=1e-12)[0]


def spread(plate: Plate, n: int = GRID) -> tuple[Points, Array]:
    """Return points of a plate, n along each side of its bounds and further ones on its patches, and their areas.

    None lies on the edge of a patch, where the load has two values.
    """
    shape, regions = plate.shape, plate.dense
    size = max(high - low for low, high in zip(*shape.bounds, strict=True))
    drawn = [(shape, arrays(shape.points(n))), *((region, arrays(region.points(PATCH_GRID))) for region in regions)]
    points = {name: np.concatenate([part[name] for _, part in drawn]) for name in "xy"}
    # One over the number of points per area there, of those of the plate and of those of each patch.
    density = np.zeros_like(points["x"])
    clear = np.ones_like(density, dtype=bool)
    for part, own in drawn:
        level = part.level(points["x"], points["y"])
        density += (level > 0) * len(own["x"]) / part.area
        clear &= (np.abs(level) > 1e-9 * size) | (part is shape)
    return {name: values[clear] for name, values in points.items()}, 1 / density[clear]


def arrays(points: Iterable[tuple[float, ...]]) -> Points:
    """Return the coordinates of points as arrays."""
    x, y = np.array(list(points)).T
    return {"x": x, "y": y}


def with_values(points: Points, values: Mapping[str, float]) -> Points:
    """Return points with the same values of parameters at each."""
    return points | {name: np.full_like(points["x"], value) for name, value in values.items()}


def _around(pole: HolePole, points: Points, order: Orders) -> list[Array]:
    """Return a derivative of each of the functions of a hole, by how often it is taken by x and by y."""
    x, y, size, _ = pole
    z = np.zeros(points["x"].shape, dtype=np.complex128)
    z.real, z.imag = (points["x"] - x) / size, (points["y"] - y) / size
    powers = [_derivative(z, m, _power(k), order) for k in range(1, POLES + 1) for m in (0, 1)]
    plain, conjugate = _derivative(z, 0, _z_log, order), _derivative(z, 1, _log, order)
    functions = [
        _derivative(z, 0, _log, order).real,  # log r
        _derivative(z, 1, _z_log, order).real,  # r^2 log r
        (plain + conjugate).real / 2,  # x log r
        (plain - conjugate).imag / 2,  # y log r
        *(part for power in powers for part in (power.real, power.imag)),
    ]
    return [function / size ** sum(order) for function in functions]


def _derivative(z: Complex, m: int, g: Analytic, order: Orders) -> Complex:
    """Return a derivative of conj(z)^m g(z)."""
    i, j = order
    n = i + j
    if m == 0:
        return 1j**j * g(z, n)
    # Of (d/dz + d/dc)^i (d/dz - d/dc)^j with c = conj(z), c times a function of z keeps what has d/dc once or never.
    return 1j**j * (z.conj() * g(z, n) + ((i - j) * g(z, n - 1) if n else 0))


def _power(k: int) -> Analytic:
    return lambda z, n: float((-1) ** n * factorial(k + n - 1) // factorial(k - 1)) * z ** (-k - n)


def _log(z: Complex, n: int) -> Complex:
    if n == 0:
        return np.log(z)
    return float((-1) ** (n - 1) * factorial(n - 1)) * z ** (-n)


def _z_log(z: Complex, n: int) -> Complex:
    if n < 2:
        return np.asarray(z * np.log(z) if n == 0 else np.log(z) + 1, dtype=np.complex128)
    return float((-1) ** n * factorial(n - 2)) * z ** (1 - n)
