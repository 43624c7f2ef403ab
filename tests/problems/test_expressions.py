"""What people hand in. Further cases, of whole equations, are in tests/plates/test_equation.py."""

import math

import numpy as np
import pytest
from sympy import (
    Abs,
    Derivative,
    Float,
    Function,
    Heaviside,
    Integer,
    Piecewise,
    Rational,
    Sum,
    Symbol,
    besselj,
    log,
    pi,
    sin,
    sqrt,
    true,
)

from modulus_relobralo.problems.expressions import (
    as_expression,
    as_number,
    as_parameters,
    as_positive,
    check_fields,
    check_smooth,
    check_values,
)

x, y, t = Symbol("x"), Symbol("y"), Symbol("t")
POINTS = [(0.0, 0.0), (1.0, 2.0), (-1.0, 0.5)]


def test_numbers_and_expressions_become_expressions():
    assert as_expression("p", 3) == 3
    assert as_expression("p", np.float64(0.5)) == 0.5
    assert as_expression("p", x + 1) == x + 1
    assert as_expression("p", "q") == Function("q")(x, y)


@pytest.mark.parametrize("value", [True, true, None, [1]])
def test_expression_refuses_other_types(value):
    with pytest.raises(TypeError, match=r"Parameter `p` must be a number or a SymPy expression. Found `p = "):
        as_expression("p", value, fields=False)
    with pytest.raises(TypeError, match=r"must be a number, a SymPy expression or the name of a field. Found `p = "):
        as_expression("p", value)


@pytest.mark.parametrize("value", ["k", Function("k")(x, y), 1 + Function("k")(x).diff(x)], ids=repr)
def test_expression_refuses_a_field_where_none_fits(value):
    with pytest.raises((TypeError, ValueError), match=r"Parameter `k` must be (a number or|an expression without)"):
        as_expression("k", value, fields=False)


def test_a_field_may_depend_on_parameters_in_their_order():
    field = Function("q")(x, t, Symbol("h"))
    assert as_expression("p", field, parameters=["t", "h"]) == field
    for other in (field, Function("q")(Function("r")(x), y), Function("q")(x, x), Function("q")(x, 1)):
        with pytest.raises(ValueError, match="fields over x, y, h, t, in this order"):
            as_expression("p", other, parameters=["h", "t"])


def test_bound_symbols_keep_apart_from_free_ones_of_their_name():
    free = Symbol("x", real=True)
    assert as_expression("p", Sum(free * x, (x, 1, 3))) == 6 * x
    assert as_expression("p", Derivative(x**2 * y, free)) == 2 * x * y


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble, float, np.array])
def test_numbers_have_double_precision(kind):
    number = as_number("a", kind(0.5))
    assert isinstance(number, Float)
    assert number._prec == 53


def test_exact_numbers_stay_exact():
    for value in (np.int8(3), 3, np.array(3)):
        assert isinstance(as_number("a", value), Integer)
    assert as_number("a", Rational(1, 3)) is not None
    assert as_number("a", pi / 3) == pi / 3
    assert as_positive("a", pi) == pi
    with pytest.raises(ValueError, match=r"Parameter `a` must be in \(0, inf\)"):
        as_positive("a", 3 - pi)
    with pytest.raises(TypeError, match=r"Parameter `a` must be a number. Found `a = x`."):
        as_positive("a", x)


def test_parameters_by_name_or_symbol():
    assert as_parameters([]) == ()
    assert as_parameters(iter(["h", Symbol("t", real=True)])) == ("h", "t")
    with pytest.raises(ValueError, match=r"must not be one of .*u.* Found 'u'"):
        as_parameters(["u"], taken=["u"])


def test_fields_and_equations_are_told_apart():
    k = Function("k")
    check_fields({"a": k(x, y).diff(x), "b": k(x, y)}, ["t"])
    with pytest.raises(ValueError, match=r"Field `k` must have the same arguments everywhere. Found \(x,\), \(x, y\)"):
        check_fields({"a": k(x, y).diff(x), "b": k(x)})
    with pytest.raises(ValueError, match=r"must not be named as equations, k. Found k"):
        check_fields({"k": k(x, y)})
    with pytest.raises(ValueError, match=r"must not be named as equations, a. Found a"):
        check_fields({"a": k(x, y)}, ["a"])


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
