import pytest

from modulus_relobralo.options import ALPHA, RELOBRALO, RHO


def test_defaults_are_those_of_the_article():
    assert {option.name: option.default for option in RELOBRALO} == {
        "alpha": 0.999,
        "temperature": 0.1,
        "rho": 0.99,
        "eps": 1e-12,
    }
    assert {option.alias: option.name for option in RELOBRALO if option.alias} == {"tau": "temperature", "beta": "rho"}


def test_an_alias_stands_for_its_name():
    assert isinstance(ALPHA.check(1), float)
    assert RHO.check(RHO.default, 0.5) == 0.5
    assert RHO.check(0.5, None) == 0.5
    # Zero is a value as any other.
    assert RHO.check(RHO.default, 0.0) == 0.0
    with pytest.raises(ValueError, match=r"`rho` and its alias `beta` must not .* Found `rho = 0.5` and `beta = 0.5`"):
        RHO.check(0.5, 0.5)
