"""Conditions that give one field two values where they meet."""

import warnings

import pytest
from sympy import Function, Symbol, pi, sin

from modulus_relobralo.problems import Interval, Problem, Rectangle

X, Y, T, K = (Symbol(name) for name in "xytk")
U, H = Function("u")(X, Y), Function("u")(X, T)
SMOOTH_LID = 16 * X**2 * (1 - X) ** 2


def box(top, left=0, **changes):
    conditions = {"left": {"u": left}, "right, bottom": {"u": 0}, "top": {"u": top}}
    return Problem(Rectangle(1, 1), {"laplace": U.diff(X, 2) + U.diff(Y, 2)}, conditions, **changes)


def rod(initial, left=0):
    equations = {"heat": H.diff(T) - H.diff(X, 2)}
    return Problem(Interval(0, 1), equations, {"left": {"u": left}, "right": {"u": 0}}, (0, 2), {"u": initial})


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: box(1), r"u is 0 on right and 1 on top at \(1, 1\); u is 1 on top and 0 on left at \(0, 1\)"),
        (lambda: box(0, left=Y), r"u is 0 on top and 1 on left at \(0, 1\)\. A network is smooth"),
        (
            lambda: rod(1),
            r"u is 0 on left and 1 at the start at \(0, 0\); u is 0 on right and 1 at the start at \(1, 0",
        ),
        (lambda: rod(sin(pi * X), left=T + 2), r"u is 2 on left and 0 at the start at \(0, 0\)\. "),
    ],
)
def test_values_at_odds_are_named(make, found):
    with pytest.warns(UserWarning, match=rf"Conditions differ where they meet: {found}"):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: box(SMOOTH_LID),
        lambda: box(K, parameters=["k"]),  # what a family is at a corner is not known
        lambda: rod(sin(pi * X), left=T),
        lambda: rod(None),
    ],
)
def test_values_that_go_together_are_not(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make()


def test_a_start_that_differs_at_both_ends_of_a_period_is_named():
    ring = {
        "equations": {"heat": H.diff(T) - H.diff(X, 2)},
        "conditions": {},
        "time": (0, 2),
        "periodic": "left, right",
    }
    with pytest.warns(UserWarning, match=r"u is 0 on left and 1 on right at the start at \(0, 0\)"):
        Problem(Interval(0, 1), initial={"u": X**2}, **ring)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Problem(Interval(0, 1), initial={"u": sin(2 * pi * X)}, **ring)
