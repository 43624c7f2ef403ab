import inspect
import math

import pytest

from modulus_relobralo import ReLoBRaLo
from modulus_relobralo.options import ALPHA, RELOBRALO, RHO, TEMPERATURE, Option


def test_defaults_are_those_of_the_article():
    assert {option.name: option.default for option in RELOBRALO} == {
        "alpha": 0.999,
        "temperature": 0.1,
        "rho": 0.99,
        "eps": 1e-12,
    }
    assert {option.alias: option.name for option in RELOBRALO if option.alias} == {"tau": "temperature", "beta": "rho"}


def test_the_constructor_has_them():
    keywords = inspect.signature(ReLoBRaLo).parameters
    for option in RELOBRALO:
        assert keywords[option.name].default == option.default
        if option.alias:
            assert keywords[option.alias].default is None
    rest = {"params", "num_losses", "weights"}
    assert set(keywords) - rest == {name for o in RELOBRALO for name in (o.name, o.alias) if name}


def test_a_value_is_checked_and_returned_as_a_float():
    assert ALPHA.check(1) == 1.0
    assert isinstance(ALPHA.check(1), float)
    with pytest.raises(ValueError, match=r"Parameter `temperature` must be in \(0, inf\). Found `temperature = 0`"):
        TEMPERATURE.check(0)
    with pytest.raises(TypeError, match=r"Parameter `rho` must be a number in \[0, 1\]. Found `rho = '1'`"):
        RHO.check("1")


def test_an_alias_stands_for_its_name():
    assert RHO.check(RHO.default, 0.5) == 0.5
    assert RHO.check(0.5, None) == 0.5
    # Zero is a value as any other.
    assert RHO.check(RHO.default, 0.0) == 0.0
    with pytest.raises(ValueError, match=r"`rho` and its alias `beta` must not .* Found `rho = 0.5` and `beta = 0.5`"):
        RHO.check(0.5, 0.5)


def test_an_option_without_a_lower_end_takes_what_is_above():
    option = Option("x", 1.0, 0.0, math.inf, open_low=True)
    assert option.check(1e-300) == 1e-300
    with pytest.raises(ValueError, match="`x` must be in"):
        option.check(0.0)
