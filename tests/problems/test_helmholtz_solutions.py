import pytest
from sympy import Symbol, pi, simplify

from modulus_relobralo.problems import standing_wave


def test_standing_wave_solves_the_free_helmholtz_equation_at_its_wave_number():
    """Without a source lap u + k^2 u = 0 holds for k^2 = pi^2 (m^2 + n^2), and for no other k."""
    x, y = Symbol("x"), Symbol("y")
    u = standing_wave(3, 2)
    laplacian = u.diff(x, 2) + u.diff(y, 2)
    assert simplify(laplacian + 13 * pi**2 * u) == 0
    assert simplify(laplacian + 12 * pi**2 * u) != 0
    assert float(u.subs({x: 1 / 6, y: 1 / 4})) == pytest.approx(1)


@pytest.mark.parametrize(("m", "n", "wrong"), [(0, 1, "m"), (1, -4, "n")])
def test_frequencies_must_be_positive(m, n, wrong):
    with pytest.raises(ValueError, match=rf"Parameter `{wrong}` must be in \(0, inf\)"):
        standing_wave(m, n)
