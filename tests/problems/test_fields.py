import pytest
from sympy import Function, Symbol

from modulus_relobralo.problems import Composite, Interval, Problem
from modulus_relobralo.problems.fields import fields_together

X, T, K = Symbol("x"), Symbol("t"), Symbol("k")


def field(name, *arguments):
    return Function(name)(*arguments)


def test_fields_of_the_same_arguments_share_a_network_and_others_have_their_own():
    u, v, c = field("u", X, T), field("v", X, T), field("c", X)
    equations = {"one": u.diff(T) - c * v, "two": v.diff(X) - K * u}
    problem = Problem(Interval(-1, 3), equations, {"left, right": {}}, (0, 2), {"u": 0}, parameters={"k": (5, 6)})
    found = {", ".join(fields.names): fields.inputs for fields in fields_together(problem)}
    assert found == {"c": {"x": (-1, 3), "k": (5, 6)}, "u, v": {"x": (-1, 3), "t": (0, 2), "k": (5, 6)}}


def test_a_material_has_its_own_and_sees_its_own_region():
    a, b = field("a", X), field("b", X)
    wall = Problem(
        Composite({"brick": Interval(0, 1), "iron": Interval(1, 4)}),
        {"heat_a": a.diff(X, 2), "heat_b": b.diff(X, 2)},
        {"brick_left": {"a": 1}, "iron_right": {"b": 0}, "brick_iron": {"jump": a - b}},
        inside={"brick": ["heat_a"], "iron": ["heat_b"]},
    )
    assert [tuple(fields) for fields in fields_together(wall)] == [(["a"], {"x": (0, 1)}), (["b"], {"x": (1, 4)})]


def test_a_parameter_without_a_range_is_named():
    line = {"line": field("u", X).diff(X, 2) - K}
    problem = Problem(Interval(0, 1), line, {"left, right": {"u": 0}}, parameters=["k"])
    with pytest.raises(ValueError, match=r"where each goes, as in \{'k': \(low, high\)\}. Found no range of k"):
        fields_together(problem)
