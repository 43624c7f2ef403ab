"""Only what is wanted travels."""

from modulus_relobralo.taylor.names import Namespace
from modulus_relobralo.taylor.plan import Plan

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
