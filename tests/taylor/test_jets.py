"""The arithmetic of jets on numbers that one can check by hand; combinatorics against SymPy and known counts."""

import itertools
import math

import pytest
import sympy
import torch

from modulus_relobralo.taylor.jets import Jet, UnsupportedNetworkError, closure, faa_di_bruno, is_operator, terms

BIHARMONIC = (((0, 4), 1.0), ((2, 2), 2.0), ((4, 0), 1.0))
VALUE, FIRST, SECOND = (0,), (1,), (2,)
# One point, two features: value, second derivative; the first derivative is constant.
JET = Jet((VALUE, SECOND), torch.tensor([[[5.0, 7.0]], [[2.0, 3.0]]]), (FIRST,), torch.tensor([[4.0, 6.0]]))


def test_shift_adds_to_the_value_and_scale_multiplies_all():
    scaled = JET.shift(torch.tensor([-1.0, -2.0])).scale(torch.tensor([10.0, 100.0]))
    assert scaled.dense.tolist() == [[[40.0, 500.0]], [[20.0, 300.0]]]
    assert scaled.constant.tolist() == [[40.0, 600.0]]


def test_select_gives_the_channels_asked_for_in_their_order():
    assert JET.select((SECOND, VALUE)).tolist() == [[[2.0, 3.0]], [[5.0, 7.0]]]
    assert JET.select((VALUE, FIRST, (3,))).tolist() == [[[5.0, 7.0]], [[4.0, 6.0]], [[0.0, 0.0]]]
    assert JET.select((VALUE, SECOND)) is JET.dense


def test_slopes_are_those_of_a_value_that_is_linear():
    assert Jet((VALUE,), JET.dense[:1], (FIRST,), JET.constant).slopes().tolist() == [[4.0, 6.0]]
    for bent in (JET, Jet((VALUE, FIRST), JET.dense)):
        with pytest.raises(UnsupportedNetworkError, match="where it takes them as they are"):
            bent.slopes()


@pytest.mark.parametrize("alpha", [(1,), (2, 1), (4, 0), (2, 2), (1, 2, 1), (0, 3, 0), (1, 1, 1, 1)])
def test_formula_is_the_chain_rule(alpha):
    x = sympy.symbols(f"x:{len(alpha)}")
    inner = sympy.exp(sum((i + 2) * v for i, v in enumerate(x))) + sympy.prod(v + 1 for v in x) ** 3
    s = sympy.Symbol("s")
    outer = sympy.sin(s) + s**5
    point = {v: sympy.Rational(i + 1, 7) for i, v in enumerate(x)}

    def partial(expression, beta):
        for v, n in zip(x, beta, strict=True):
            expression = sympy.diff(expression, v, n)
        return expression.subs(point)

    found = sum(
        count * outer.diff(s, k).subs(s, inner.subs(point)) * math.prod(partial(inner, block) for block in blocks)
        for k, blocks, count in faa_di_bruno(alpha)
    )
    assert sympy.N(found / partial(outer.subs(s, inner), alpha) - 1, 30) < 1e-20


@pytest.mark.parametrize(("order", "bell"), [(1, 1), (2, 2), (3, 5), (4, 15)])
def test_number_of_partitions(order, bell):
    for alpha in itertools.product(range(order + 1), repeat=2):
        if sum(alpha) == order:
            assert sum(count for *_, count in faa_di_bruno(alpha)) == bell


def test_closure_holds_what_lies_below_and_the_value_first():
    assert closure([(2, 1)]) == ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1))
    plate = closure([(4, 0), (2, 2), (0, 4)])
    assert len(plate) == 13
    assert plate[0] == (0, 0)
    assert [sum(alpha) for alpha in plate] == sorted(sum(alpha) for alpha in plate)


def test_closure_carries_an_operator_as_one_channel():
    collapsed = closure([], [BIHARMONIC])
    assert collapsed[-1] == BIHARMONIC
    assert len(collapsed) == 11
    assert {alpha for alpha, _ in BIHARMONIC}.isdisjoint(collapsed)
    assert closure([], [BIHARMONIC, BIHARMONIC]) == collapsed
    assert len(closure([], [(((0, 2), 1.0), ((2, 0), 1.0))])) == 4


def test_operators_and_partials_are_told_apart():
    assert [is_operator(channel) for channel in ((), (0, 0), (2, 1), BIHARMONIC)] == [False, False, False, True]
    assert terms((2, 1)) == (((2, 1), 1.0),)
    assert terms(BIHARMONIC) == BIHARMONIC
