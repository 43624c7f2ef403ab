import numpy as np
import pytest
from sympy import Function, Symbol, true

from modulus_relobralo.geometry.symbols import as_expression

x, y = Symbol("x"), Symbol("y")


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
