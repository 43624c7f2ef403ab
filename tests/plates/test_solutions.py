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
    with pytest.raises(ValueError, match=r"Parameter `D` must be in \(0, inf\). Found `D = 0"):
        sinusoidal_deflection(1, 1, 0, 1)
    with pytest.raises(ValueError, match=r"Parameter `a` must be in \(0, inf\). Found `a = -1"):
        navier_series(0, 0, -1, 1, 1, [[1]])


def test_coefficients_must_have_two_axes():
    with pytest.raises(ValueError, match=r"Parameter `coefficients` must have two axes. Found shape \(3,\)."):
        navier_series(0, 0, 1, 1, 1, [1, 2, 3])


@pytest.mark.parametrize("terms", [0, -1, 1001, 10**9])
def test_the_number_of_terms_has_bounds(terms):
    with pytest.raises(ValueError, match=rf"Parameter `terms` must be at .* 1.* Found `terms = {terms}`."):
        navier_deflection(0, 0, 1, 1, 1, 1, terms=terms)


def test_integers_and_single_precision_are_brought_to_double_precision():
    expected = navier_deflection(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert navier_deflection(1, np.int8(2), 3, np.float32(4), np.array(5), 6) == expected
    x = np.array([1, 2])
    np.testing.assert_array_equal(navier_deflection(x, x, 3, 4, 5, 6), navier_deflection(1.0 * x, 1.0 * x, 3, 4, 5, 6))
    single = sinusoidal_deflection(np.float32(3), 2, np.float32(5), np.float32(7))
    assert float(single.subs({X: 1, Y: 1})) == float(sinusoidal_deflection(3.0, 2, 5.0, 7.0).subs({X: 1, Y: 1}))


def test_points_are_broadcast():
    x, y = np.array([0.2, 0.5]), np.array([[0.3], [0.4], [0.9]])
    w = navier_deflection(x, y, 1, 1, 1, 1)
    assert w.shape == (3, 2)
    assert w[2, 1] == pytest.approx(float(navier_deflection(0.5, 0.9, 1, 1, 1, 1)), rel=1e-14)
    with pytest.raises(ValueError, match="shape mismatch"):
        navier_deflection(np.zeros(3), np.zeros(4), 1, 1, 1, 1)


@pytest.mark.parametrize("value", [-0.1, 1.1, 2.0])
def test_points_must_lie_on_the_plate(value):
    """Beyond its edges the series goes on, with the sign turned."""
    with pytest.raises(ValueError, match=rf"Parameter `y` must lie on the plate, in \[0, 1\]. Found {value:g}."):
        navier_deflection(0.5, [0.5, value], 1, 1, 1, 1)
    assert navier_deflection(0.5, 1.5, 1, 2, 1, 1) > 0
    with pytest.raises(ValueError, match=r"Parameter `x` must lie on the plate, in \[0, 1\]. Found 1.5."):
        navier_deflection(1.5, 0.5, 1, 2, 1, 1)
    edge = np.float32(1 / 3)  # beyond by its rounding
    assert float(edge) > 1 / 3
    assert abs(navier_deflection(edge, 0.1, 1 / 3, 1, 1, 1)) < 1e-9


@pytest.mark.parametrize("name", ["x", "y", "coefficients"])
@pytest.mark.parametrize("value", [1j, True, "0.5", None])
def test_arrays_must_be_of_real_numbers(name, value):
    given = {"x": [0.5], "y": [0.5], "coefficients": [[1.0]], name: np.array([[value]])}
    with pytest.raises(TypeError, match=rf"Parameter `{name}` must be an array of real numbers. Found dtype"):
        navier_series(a=1, b=1, D=1, **given)


@pytest.mark.parametrize("name", ["x", "y", "coefficients"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_arrays_must_be_finite(name, value):
    given = {"x": [0.5], "y": [0.5], "coefficients": [[1.0]], name: [[value]]}
    with pytest.raises(ValueError, match=rf"Parameter `{name}` must be finite. Found {value}."):
        navier_series(a=1, b=1, D=1, **given)


@pytest.mark.parametrize("solution", [sinusoidal_deflection, navier_deflection], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("value", "error"),
    [(np.nan, ValueError), (np.inf, ValueError), ("1", TypeError), (True, TypeError), (1j, TypeError), (X, TypeError)],
    ids=repr,
)
def test_parameters_must_be_finite_numbers(solution, value, error):
    load = "p0" if solution is sinusoidal_deflection else "q"
    points = {} if solution is sinusoidal_deflection else {"x": 0.5, "y": 0.5}
    for name in ("a", "b", "D", load):
        with pytest.raises(error, match=rf"Parameter `{name}` must be"):
            solution(**{**points, "a": 1, "b": 1, "D": 1, load: 1, name: value})
