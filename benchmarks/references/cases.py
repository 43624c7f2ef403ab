"""The reference of each plate in examples/plates/conf/case, by the numbers that are written there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.references.bending import Array, Bending, Rigidity
from benchmarks.references.closed import (
    Closed,
    clamped_circle,
    clamped_ellipse,
    supported_circle,
    supported_ring,
    supported_triangle,
)
from benchmarks.references.levy import Levy, between, rising, uniform
from benchmarks.references.ritz import ClampedRectangle

NU, Q = 0.3, 5e3
D = 30e9 * 0.2**3 / (12 * (1 - NU**2))
CONCRETE = Rigidity.isotropic(D, NU)
TIMBER = Rigidity(D_x=20e6, D_y=5e6, D_1=2e6, D_xy=4e6)

Everywhere = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Case:
    """
    A plate of examples/plates and what is known of it.

    Attributes
    ----------
    reference : callable
        Returns its deflection, moments and reactions.
    source : str
        Where they come from.
    within_bars : bool
        Whether it is one of the ten that have bars.
    compared : callable
        At which x, y moments and reactions are held against the reference: not where they have no bound.
    """

    reference: Callable[[], Bending]
    source: str
    within_bars: bool = True
    compared: Everywhere = lambda x, y: np.full(np.shape(x), True)


def _levy(
    a: float, b: float, load: Callable[[Array], Array], held: str = "simply_supported", **given: object
) -> Bending:
    return Bending(Levy(a, b, CONCRETE, load, held, **given), CONCRETE)  # type: ignore[arg-type]


def _closed(expression: object) -> Bending:
    return Bending(Closed(expression), CONCRETE)  # type: ignore[arg-type]


def _orthotropic() -> Bending:
    return Bending(Levy(6, 4, TIMBER, uniform(Q)), TIMBER)


def _linear_thickness() -> Bending:
    from benchmarks.references import finite_elements

    def thickness(x: Array) -> Array:
        return (0.15 + 0.02 * x) / 0.2

    def rigidity(x: Array, _: Array) -> Array:
        return D * thickness(x) ** 3

    def factor(i: int, j: int, x: Array, _: Array) -> Array:
        return [thickness(x) ** 3, 3 * thickness(x) ** 2 * 0.1][i] * (j == 0)

    mesh = finite_elements.rectangle(5, 5, 8)
    w = finite_elements.FiniteElements(mesh, rigidity, NU, Q, lambda x, y: "simply_supported", (2.5, 2.5))
    return Bending(w, CONCRETE, factor)


def _square_with_hole() -> Bending:
    from benchmarks.references import finite_elements

    def held(x: float, y: float) -> str | None:
        return "simply_supported" if max(abs(x - 2.5), abs(y - 2.5)) > 2.4 else None

    mesh = finite_elements.holed_square(5, 0.75, 12)
    return Bending(finite_elements.FiniteElements(mesh, lambda x, y: D + 0 * x, NU, Q, held, (2.5, 2.5)), CONCRETE)


def _l_shape() -> Bending:
    from benchmarks.references import finite_elements

    mesh = finite_elements.l_shape(3, 4, 20)
    w = finite_elements.FiniteElements(mesh, lambda x, y: D + 0 * x, NU, Q, lambda x, y: "simply_supported", (3, 3))
    return Bending(w, CONCRETE)


def _beside_hole(x: Array, y: Array) -> Array:
    # The hole is a polygon of the finite elements: at its edge their moments converge slowly.
    return np.hypot(x - 2.5, y - 2.5) > 1.0


def _beside_corner(x: Array, y: Array) -> Array:
    return np.hypot(x - 3, y - 3) > 0.5


CASES = {
    "simply_supported_square": Case(lambda: _levy(5, 5, uniform(Q)), "article 30, series"),
    "clamped_square": Case(lambda: Bending(ClampedRectangle(5, 5, D, Q), CONCRETE), "article 44, by Ritz's method"),
    "clamped_circle": Case(lambda: _closed(clamped_circle(3, D, Q)), "article 17, closed"),
    "simply_supported_circle": Case(lambda: _closed(supported_circle(3, D, NU, Q)), "article 17, closed"),
    "two_edges_clamped_square": Case(lambda: _levy(5, 5, uniform(Q), "clamped"), "article 42, series"),
    "two_edges_free_square": Case(lambda: _levy(5, 5, uniform(Q), "free"), "article 48, series"),
    "triangle": Case(lambda: _closed(supported_triangle(6, D, Q)), "article 71, closed"),
    "patch_load": Case(
        lambda: _levy(6, 4, between(50e3, 6, 2.4, 3.6), loaded=(1.6, 2.4)), "article 33, series with exact pieces"
    ),
    "winkler_square": Case(lambda: _levy(5, 5, uniform(Q), soil=10e6), "article 59, series"),
    "orthotropic_rectangle": Case(_orthotropic, "article 86, series"),
    "clamped_ellipse": Case(lambda: _closed(clamped_ellipse(4, 2.5, D, Q)), "article 72, closed", False),
    "annulus": Case(lambda: _closed(supported_ring(3, 1, D, NU, Q)), "article 18, closed", False),
    "hydrostatic": Case(lambda: _levy(5, 5, rising(10e3)), "article 29, series", False),
    "linear_thickness": Case(_linear_thickness, "finite elements", False),
    "square_with_hole": Case(_square_with_hole, "finite elements", False, _beside_hole),
    "l_shape": Case(_l_shape, "finite elements", False, _beside_corner),
}
