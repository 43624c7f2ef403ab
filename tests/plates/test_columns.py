"""Columns and line supports inside a plate, against Ritz's method with sines, which knows nothing of the package."""

import numpy as np
import pytest
from sympy import Symbol
from trained_plates import trained

from modulus_relobralo.plates import KirchhoffPlate, Orthotropic, Patch, RectangularPlate, flexural_rigidity
from modulus_relobralo.plates.polynomial import arrays, fit
from modulus_relobralo.plates.scaling import scales
from modulus_relobralo.problems import Rectangle, circle

A, B, NU, Q = 6.0, 4.0, 0.3, 5e3
D = flexural_rigidity(E=30e9, h=0.2, nu=NU)
PLACES = (1.5, 2.0), (1.0, 1.0), (4.4, 2.6)
WAVES = np.arange(1, 31)
# The documents' own column, one that is not in the middle, and a line support across part of the plate.
SUPPORTS = {
    "column": (Rectangle(0.3, 0.3, lower=(2.85, 1.85)), 5e8 / 0.09),
    "beside": (Rectangle(0.3, 0.4, lower=(1.85, 0.85)), 5e8 / 0.12),
    "line": (Rectangle(0.2, 2.0, lower=(2.9, 1.0)), 1e10),
}


def overlaps(length, low, high):
    """Integrals of products of two sines over a part of a length, [waves, waves]."""
    k = WAVES * np.pi / length
    minus, plus = k[:, None] - k, k[:, None] + k
    safe = np.where(minus == 0, 1, minus)

    def until(s):
        return np.where(minus == 0, s / 2, np.sin(minus * s) / (2 * safe)) - np.sin(plus * s) / (2 * plus)

    return until(high) - until(low)


def ritz(region, k):
    """Deflections at `PLACES`, and the force in the support, of a simply supported rectangle under an even load."""
    (x0, y0), (x1, y1) = region.bounds
    k_x, k_y = (WAVES * np.pi / length for length in (A, B))
    stiffness = np.diag((D * (k_x[:, None] ** 2 + k_y**2) ** 2 * A * B / 4).ravel())
    stiffness += k * np.kron(overlaps(A, x0, x1), overlaps(B, y0, y1))
    load = Q * np.outer(*((1 - np.cos(WAVES * np.pi)) / each for each in (k_x, k_y)))
    waves = np.linalg.solve(stiffness, load.ravel()).reshape(load.shape)
    over = ((np.cos(each * low) - np.cos(each * high)) / each for each, low, high in ((k_x, x0, x1), (k_y, y0, y1)))
    w = [np.sin(k_x * x) @ waves @ np.sin(k_y * y) for x, y in PLACES]
    return np.array(w), k * float(np.sum(waves * np.outer(*over)))


def plate(region, k):
    return RectangularPlate(A, B, KirchhoffPlate(D, NU, Q, winkler=Patch(region, k)), "simply_supported")


def deviation(support, deflection, expected):
    """Return by how much deflections, of the largest, and the force in the support are off."""
    region, k = SUPPORTS[support]
    x, y = np.array(PLACES).T
    w, under = (deflection.derivatives(at, [(0, 0)])[0, 0] for at in ({"x": x, "y": y}, arrays(region.points(12))))
    force = k * under.mean() * region.area
    return np.abs(w - expected[0]).max() / np.abs(expected[0]).max(), abs(force / expected[1] - 1)


@pytest.mark.parametrize("support", SUPPORTS)
def test_supports_inside_are_those_of_ritz(support):
    expected = ritz(*SUPPORTS[support])
    held = plate(*SUPPORTS[support])
    assert held.cells
    w, force = deviation(support, fit(held, {}, degree=12), expected)
    assert w < 1e-2
    assert force < 1e-2
    # The control: a support of a fifth of the stiffness.
    region, k = SUPPORTS[support]
    soft, _ = deviation(support, fit(plate(region, k / 5), {}, degree=12), expected)
    assert soft > 2e-2


def test_a_plate_on_a_column_is_found_by_a_network():
    expected = ritz(*SUPPORTS["column"])
    held = plate(*SUPPORTS["column"])
    assert "support" in scales(held).outputs
    w, force = deviation("column", trained(held, scales(held), steps=35), expected)
    assert w < 3e-2
    assert force < 3e-2


def test_what_is_a_support_and_what_is_soil():
    assert len(plate(circle(0.2, (3, 2)), 1e9).cells) == 1
    assert plate(Rectangle(3.0, 4.0), 1e7).cells == ()
    assert plate(Rectangle(0.3, 0.3, (1, 1)), 1e7 + Symbol("x")).cells == ()
    timber = KirchhoffPlate(Orthotropic(2e7, 5e6, 2e6, 4e6), p=Q, winkler=Patch(Rectangle(0.3, 0.3, (1, 1)), 1e9))
    assert RectangularPlate(A, B, timber, "simply_supported").cells == ()
    # Beside a support the equation holds without it, and nothing is asked for on it but in the middles of its cells.
    held = plate(*SUPPORTS["column"])
    assert held.sensors["inside"].count == len(held.cells) == 4
    assert {tuple(np.round(place, 9)) for place in zip(*held.sensors["inside"].points.values(), strict=True)} == {
        (x, y) for x in (2.925, 3.075) for y in (1.925, 2.075)
    }
