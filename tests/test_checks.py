import math

import numpy as np
import pytest
from sympy import Function, Symbol, true

from modulus_relobralo.checks import as_expression, check_count, check_positive

x, y = Symbol("x"), Symbol("y")


@pytest.mark.parametrize("value", [0, -2, math.inf, math.nan])
def test_positive_refuses_other_numbers(value):
    with pytest.raises(ValueError, match=rf"Parameter `a` must be in \(0, inf\). Found `a = {value}`."):
        check_positive("a", value)


@pytest.mark.parametrize("value", [True, "1", None])
def test_positive_refuses_other_types(value):
    with pytest.raises(TypeError, match=rf"Parameter `a` must be a number in \(0, inf\). Found `a = {value!r}`."):
        check_positive("a", value)


def test_count_refuses_zero_and_other_types():
    with pytest.raises(ValueError, match=r"Parameter `edge` must be at least 1. Found `edge = 0`."):
        check_count("edge", 0)
    for value in (2.0, True):
        with pytest.raises(TypeError, match=rf"Parameter `edge` must be an integer. Found `edge = {value}`."):
            check_count("edge", value)


def test_numbers_and_expressions_become_expressions():
    assert as_expression("p", 3) == 3
    assert as_expression("p", np.float64(0.5)) == 0.5
    assert as_expression("p", x + 1) == x + 1
    assert as_expression("p", "q", fields=(x, y)) == Function("q")(x, y)


@pytest.mark.parametrize("value", [True, true, None, [1]])
def test_expression_refuses_other_types(value):
    with pytest.raises(TypeError, match=r"Parameter `p` must be a number or a SymPy expression. Found `p = "):
        as_expression("p", value)
    with pytest.raises(TypeError, match=r"must be a number, a SymPy expression or the name of a field. Found `p = "):
        as_expression("p", value, fields=(x, y))


def test_expression_refuses_a_name_where_no_field_fits():
    with pytest.raises(TypeError, match=r"Parameter `k` must be a number or a SymPy expression. Found `k = 'k'`."):
        as_expression("k", "k")
