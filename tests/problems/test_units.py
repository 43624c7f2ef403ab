"""Inputs far from order one, as networks see them in a loop."""

import warnings

import pytest
from sympy import Function, Symbol
from torch import nn

from modulus_relobralo.loops import LossTerms, problem_networks, samples
from modulus_relobralo.problems import Interval, Problem
from modulus_relobralo.taylor import Periodic, Scaled

X, T, K = Symbol("x"), Symbol("t"), Symbol("k")
U = Function("u")(X, T)


def terms(length=1.0, last=1.0, highest=2.0, wrap=lambda network: network, **changes):
    equation = {"heat": U.diff(T) - K * U.diff(X, 2)}
    given = {"conditions": {"left, right": {"u": 0}}, "parameters": {"k": (1.0, highest)}, **changes}
    problem = Problem(Interval(0, length), equation, time=(0, last), initial={"u": 0}, **given)
    network = wrap(nn.Sequential(nn.Linear(4 if problem.periods else 3, 8), nn.Tanh(), nn.Linear(8, 1)))
    return LossTerms(problem, samples(problem, 8, 4, initial=4), network, compiled=False)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"length": 6000.0}, "x from 0 to 6000"),
        ({"length": 1e-6, "last": 1e3}, "x from 0 to 1e-06, t from 0 to 1000"),
        ({"highest": 400.0}, "k from 1 to 400"),
        (
            {
                "conditions": {},
                "periodic": "left, right",
                "length": 6000.0,
                "last": 1e3,
                "wrap": lambda network: Periodic(network, "xtk", {"x": (0, 6000)}),
            },
            "t from 0 to 1000",
        ),
    ],
)
def test_what_is_far_from_order_one_is_named(changes, found):
    with pytest.warns(UserWarning, match=f"A network sees {found}, far from order one"):
        terms(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"length": 90.0, "last": 0.02},
        {"length": 6000.0, "wrap": lambda network: Scaled(network, [(0, 6000), (0, 1), (1, 1)], [(0, 1)])},
    ],
)
def test_what_is_not_is_not(changes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        terms(**changes)


@pytest.mark.parametrize("periodic", [(), "left, right"])
def test_networks_made_for_the_problem_see_it_in_their_own_units(periodic):
    conditions = {} if periodic else {"left, right": {"u": 0}}
    wave = {"wave": U.diff(T, 2) - U.diff(X, 2)}
    far = Problem(Interval(0, 1e4), wave, conditions, (0, 1e4), {"u": 0, "u__t": None}, periodic=periodic)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LossTerms(far, samples(far, 8, 4, initial=4), problem_networks(far), compiled=False)
