"""Moments of Wood and Armer: an example by hand, and that they cover the moment in every direction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modulus_relobralo.plates.results.reinforcement import wood_armer

MOMENT = st.floats(-1e5, 1e5, allow_nan=False).map(lambda value: round(value, 3))
NAMES = "M_x_bottom", "M_y_bottom", "M_x_top", "M_y_top"
ANGLES = np.radians(np.arange(0, 180, 3))


@pytest.mark.parametrize(
    ("moments", "bears"),
    [
        ((20, 10, 5), (25, 15, 0, 0)),  # both sag
        ((-20, -10, 5), (0, 0, 25, 15)),  # both hog
        ((20, -10, 5), (22.5, 0, 0, 11.25)),  # 20 + 25/10 below; 10 + 25/20 above
        ((-10, 20, -5), (0, 22.5, 11.25, 0)),  # axes and the twist turned round
        ((0, 0, 8), (8, 8, 8, 8)),  # a twist alone
        ((3, -2, 6), (9, 4, 3, 8)),  # the twist is more than both
        ((-20, 1, 10), (0, 6, 30, 9)),  # 1 + 100/20 below
    ],
)
def test_by_hand(moments, bears):
    found = wood_armer(*moments)
    assert tuple(found) == NAMES
    assert tuple(float(found[name]) for name in NAMES) == pytest.approx(bears)


@given(MOMENT, MOMENT, MOMENT)
def test_the_yield_criterion_holds_in_every_direction(M_x, M_y, M_xy):
    found = {name: float(value) for name, value in wood_armer(M_x, M_y, M_xy).items()}
    assert min(found.values()) >= 0
    c, s = np.cos(ANGLES), np.sin(ANGLES)
    bending = M_x * c**2 + M_y * s**2 + 2 * M_xy * c * s
    least = 1e-9 * max(map(abs, (M_x, M_y, M_xy)))
    for face, sign in (("bottom", 1), ("top", -1)):
        bears = found[f"M_x_{face}"] * c**2 + found[f"M_y_{face}"] * s**2
        assert (bears >= sign * bending - least).all()


@given(MOMENT, MOMENT, MOMENT)
def test_less_does_not_do(M_x, M_y, M_xy):
    """The sum of both moments is the least: of all pairs on the criterion's limit none has a smaller one."""
    for face, sign in (("bottom", 1), ("top", -1)):
        found = wood_armer(M_x, M_y, M_xy)
        total = float(found[f"M_x_{face}"] + found[f"M_y_{face}"])
        x, y, square = sign * M_x, sign * M_y, M_xy**2
        for over in np.geomspace(1e-4, 1e6, 200):
            a = max(x + over, 0.0)
            b = max(y + square / (a - x), 0.0)
            assert a + b >= total - 1e-9 * (1 + abs(x) + abs(y) + abs(M_xy))
