import numpy as np
import pytest
from sympy import Symbol, lambdify, pi, simplify, sin

from modulus_relobralo.plates import navier_deflection, navier_series, sinusoidal_deflection

X, Y = Symbol("x"), Symbol("y")


def biharmonic(w):
    return w.diff(X, 4) + 2 * w.diff(X, 2, Y, 2) + w.diff(Y, 4)


def test_sinusoidal_deflection_solves_the_plate():
    w = sinusoidal_deflection(a=3, b=2, D=5, p0=7)
    load = 7 * sin(pi * X / 3) * sin(pi * Y / 2)
    assert simplify(5 * biharmonic(w) - load) == 0
    assert simplify(5.05 * biharmonic(w) - load) != 0


def test_sinusoidal_deflection_of_the_square_plate():
    """For a = b the deflection at the centre is p0 a^4 / (4 pi^4 D)."""
    w = sinusoidal_deflection(a=10, b=10, D=20.8333333333, p0=0.015)
    assert float(w.subs({X: 5, Y: 5})) == pytest.approx(0.015 * 1e4 / (4 * np.pi**4 * 20.8333333333), rel=1e-12)


@pytest.mark.parametrize(("ratio", "coefficient"), [(1.0, 0.00406), (1.5, 0.00772), (2.0, 0.01013)])
def test_uniform_load_gives_the_textbook_deflection(ratio, coefficient):
    """Coefficients of q a^4 / D at the centre: Timoshenko & Woinowsky-Krieger, table 8."""
    a, d, q = 2.0, 3.0, 5.0
    w = navier_deflection(a / 2, ratio * a / 2, a, ratio * a, d, q)
    assert w * d / (q * a**4) == pytest.approx(coefficient, abs=6e-6)


def test_series_of_one_wave_is_the_sinusoidal_deflection():
    x, y = np.random.default_rng(0).random((2, 20, 1))
    exact = lambdify((X, Y), sinusoidal_deflection(3, 2, 5, 7))(3 * x, 2 * y)
    np.testing.assert_allclose(navier_series(3 * x, 2 * y, 3, 2, 5, [[7]]), exact, rtol=1e-13)
    assert np.abs(navier_series(3 * x, 2 * y, 3, 2, 5, [[0, 7]]) - exact).max() > 1e-3


def test_series_solves_the_plate_wave_by_wave():
    coefficients = [[1, 0, -2], [0.5, 3, 0]]
    load = sum(
        p * sin((m + 1) * pi * X / 3) * sin((n + 1) * pi * Y / 2)
        for m, row in enumerate(coefficients)
        for n, p in enumerate(row)
    )
    x, y, h = 1.1, 0.7, 0.02
    # Central differences of the sampled deflection, on a stencil of 5 x 5 points; their error is of order h^2.
    offsets = h * np.arange(-2, 3)
    w = navier_series(x + offsets[:, None], y + offsets[None, :], 3, 2, 5, coefficients)
    second, fourth, here = np.array([0, 1, -2, 1, 0]), np.array([1, -4, 6, -4, 1]), np.array([0, 0, 1, 0, 0])
    operator = np.outer(fourth, here) + 2 * np.outer(second, second) + np.outer(here, fourth)
    assert 5 * (operator * w).sum() / h**4 == pytest.approx(float(load.subs({X: x, Y: y})), rel=5e-3)


def test_deflection_keeps_the_shape_of_the_points_and_vanishes_on_the_edges():
    along = np.linspace(0, 1, 7)[:, None]
    for x, y in ((0 * along, along), (1 + 0 * along, along), (along, 0 * along), (along, 1 + 0 * along)):
        w = navier_deflection(x, y, 1, 1, 1, 1)
        assert w.shape == (7, 1)
        assert np.abs(w).max() < 1e-15


def test_lengths_and_rigidity_must_be_positive():
    with pytest.raises(ValueError, match=r"Parameter `D` must be in \(0, inf\). Found `D = 0`."):
        sinusoidal_deflection(1, 1, 0, 1)
    with pytest.raises(ValueError, match=r"Parameter `a` must be in \(0, inf\). Found `a = -1`."):
        navier_series(0, 0, -1, 1, 1, [[1]])


def test_coefficients_must_have_two_axes():
    with pytest.raises(ValueError, match=r"Parameter `coefficients` must have two axes. Found shape \(3,\)."):
        navier_series(0, 0, 1, 1, 1, [1, 2, 3])


def test_there_must_be_terms():
    with pytest.raises(ValueError, match=r"Parameter `terms` must be at least 1. Found `terms = 0`."):
        navier_deflection(0, 0, 1, 1, 1, 1, terms=0)
