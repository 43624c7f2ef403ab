import math

import pytest
from sympy import Abs, Function, Heaviside, Piecewise, Symbol, besselj, log, sin, sqrt

from modulus_relobralo.problems.expressions import check_smooth, check_values

x, y = Symbol("x"), Symbol("y")
POINTS = [(0.0, 0.0), (1.0, 2.0), (-1.0, 0.5)]


def test_values_within_the_interval_pass():
    check_values("p", x + y, POINTS)
    check_values("D", 2 + x, POINTS, low=0)
    check_values("nu", x / 2, POINTS, low=-1, high=0.5)
    check_values("p", Piecewise((1, x > 0), (0, True)), POINTS)
    check_values("p", besselj(0, x), POINTS)


@pytest.mark.parametrize(
    ("value", "low", "found"),
    [
        (x + 1, 0, r"\(0, inf\) everywhere. Found 0 at \(-1, 0.5\)"),
        (log(x + 2) - 2, -1, r"\(-1, inf\) everywhere. Found -1.30685 at \(0, 0\)"),
        (1 / x, -math.inf, r"\(-inf, inf\) everywhere. Found nan at \(0, 0\)"),
        (sqrt(x), -math.inf, r"Found nan at \(-1, 0.5\)"),
        (log(x**2), -math.inf, r"Found (nan|-inf) at \(0, 0\)"),
        (Piecewise((1, x > -1)), -math.inf, r"Found nan at \(-1, 0.5\)"),
    ],
    ids=str,
)
def test_values_beyond_or_missing_are_found(value, low, found):
    with pytest.raises(ValueError, match=f"Parameter `p` must be in .*{found}"):
        check_values("p", value, POINTS, low=low)


def test_what_has_no_values_yet_passes():
    for value in (Function("q")(x, y) / x, Symbol("h") / x, Function("no_such_function", nargs=1)(x)):
        check_values("p", value, POINTS)


def test_smooth_expressions_pass_and_others_do_not():
    check_smooth("D", sin(x) * sqrt(1 + y**2) + Function("q")(x, y))
    for value in (Abs(x), 1 + x * Heaviside(y), sin(Piecewise((x, x > 0), (0, True)))):
        with pytest.raises(ValueError, match="Parameter `D` must be smooth, for the equation differentiates it twice"):
            check_smooth("D", value)
