"""What a network can answer for, names that would mean two things, and that only what is wanted travels."""

import math

import numpy as np
import pytest
import sympy
import torch

from modulus_relobralo.taylor.names import Namespace, Plan, Request

PLANE = {"x": 1, "y": 1, "t": 1, "many": 2}


def test_standard_operators_go_over_the_coordinates_that_are_inputs():
    names = Namespace(PLANE, {"w": 1, "pair": 2})
    assert names.operators == {
        "laplacian_w": {"w__x__x": 1.0, "w__y__y": 1.0},
        "biharmonic_w": {"w__x__x__x__x": 1.0, "w__x__x__y__y": 2.0, "w__y__y__y__y": 1.0},
    }
    assert Namespace({"t": 1}, {"w": 1}).operators == {}


@pytest.mark.parametrize(
    ("name", "known"),
    [("w__x", True), ("w__t__y__x__x", True), ("w", False), ("w__x__x__x__x__x", False), ("w__many", False),
     ("pair__x", False), ("v__x", False), ("w__z", False)],
)  # fmt: skip
def test_derivatives_that_are_known(name, known):
    assert Namespace(PLANE, {"w": 1, "pair": 2}).knows(name) is known


def test_a_name_of_the_network_s_own_is_no_operator_and_no_derivative():
    # A network of a mixed formulation may give the Laplacian, or a slope, itself.
    names = Namespace(PLANE, {"w": 1, "laplacian_w": 1, "w__x": 1})
    request = names.request(["laplacian_w", "biharmonic_w", "w__x", "w__y", "laplacian_w__x"])
    assert request.values == {"laplacian_w", "w__x"}
    assert request.derivatives == {"w__y", "laplacian_w__x"}
    assert set(request.operators) == {"biharmonic_w"}


@pytest.mark.parametrize(
    ("operators", "message"),
    [
        ({"bad": {}}, "Operator `bad` must be a sum of derivatives of order 2 to 4"),
        ({"bad": {"w__x": 1.0}}, "of order 2 to 4"),
        ({"bad": {"w__x__x": 1.0, "v__x__x": 1.0}}, "of one output"),
        ({"bad": {"w__x__x": torch.nn.Parameter(torch.ones(()))}}, "`bad` must have finite numbers as coefficients"),
        ({"bad": {"w__x__x": math.nan}}, "finite numbers"),
        ({"bad": {"w__x__x": sympy.Symbol("c")}}, "finite numbers"),
        ({"w": {"w__x__x": 1.0}}, "Operator `w` must have a name of its own"),
        ({"t": {"w__x__x": 1.0}}, "Operator `t` must have a name of its own"),
        ({"w__x__x": {"w__x__x": 2.0}}, "Operator `w__x__x` must have a name of its own"),
        ({"laplacian_w": {"w__x__x": 1.0}}, "nor of a standard operator with other terms"),
    ],
)
def test_operators_that_would_mislead_are_named(operators, message):
    with pytest.raises(ValueError, match=message):
        Namespace(PLANE, {"w": 1, "v": 1}, operators)


@pytest.mark.parametrize("number", [2, 2.0, np.float32(2), sympy.Float(2), sympy.Integer(2), sympy.Rational(4, 2)])
def test_coefficients_are_numbers_of_any_kind(number):
    names = Namespace(PLANE, {"w": 1}, {"wave": {"w__t__t": number, "w__x__y": -1}})
    assert names.operator(names.operators["wave"], ["x", "y", "t"]) == (((0, 0, 2), 2.0), ((1, 1, 0), -1.0))


def test_requests_merge_and_overlap():
    a = Request({"w__x"}, {"op": {"w__x__x": 1.0}}, {"w"})
    b = Request({"w__y"}, {}, {"w"})
    assert not a.overlaps(b)
    assert a.overlaps(Request({"w__x"}))
    assert a.overlaps(Request(set(), {"op": {}}))
    assert a.merged(b) == Request({"w__x", "w__y"}, {"op": {"w__x__x": 1.0}}, {"w"})
    assert not Request(values={"w"})
    assert a
    assert b


INPUTS, OUTPUTS = {"nu": 1, "many": 3, "x": 1, "y": 1}, {"pair": 2, "u": 1}


def plan(*wanted):
    names = Namespace(INPUTS, OUTPUTS)
    return Plan(names, names.request(wanted), INPUTS, OUTPUTS)


def test_only_inputs_that_are_differentiated_are_variables():
    found = plan("u__y__y", "u")
    assert (found.by, found.variables) == (["y"], [5])
    assert found.channels == ((0,), (1,), (2,))
    assert found.targets == ((0,), (2,))
    assert found.places == {"u": (0, 2), "u__y__y": (1, 2)}


def test_values_alone():
    found = plan("u")
    assert (found.by, found.channels, found.targets) == ([], ((),), ((),))
