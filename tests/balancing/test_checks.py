import math

import numpy as np
import pytest

from modulus_relobralo import ReLoBRaLo
from modulus_relobralo.balancing.checks import check_number, check_static_weights

RANGES = {
    "alpha": (r"\[0, 1\]", [-0.1, 1.1, math.nan, math.inf]),
    "rho": (r"\[0, 1\]", [-0.1, 1.1, math.nan, -math.inf]),
    "temperature": (r"\(0, inf\)", [0.0, -1, math.nan, math.inf]),
    "eps": (r"\(0, inf\)", [0.0, -1e-9, math.nan, math.inf]),
}
OUT_OF_RANGE = [(name, interval, value) for name, (interval, values) in RANGES.items() for value in values]


@pytest.mark.parametrize(("name", "interval", "value"), OUT_OF_RANGE)
def test_hyperparameter_out_of_range_is_named_with_range_and_value(name, interval, value):
    with pytest.raises(ValueError, match=rf"Parameter `{name}` must be in {interval}. Found `{name} = {value}`"):
        ReLoBRaLo([], 2, **{name: value})


@pytest.mark.parametrize(("alias", "name"), [("tau", "temperature"), ("beta", "rho")])
def test_alias_out_of_range_is_refused(alias, name):
    with pytest.raises(ValueError, match=rf"`{name}` must be in .* Found `{name} = -1`"):
        ReLoBRaLo([], 2, **{alias: -1})


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("value", ["0.5", True, None, [0.5], 1j])
def test_hyperparameter_of_another_type_is_named(name, value):
    with pytest.raises(TypeError, match=rf"Parameter `{name}` must be a number in .*Found `{name} = "):
        ReLoBRaLo([], 2, **{name: value})


def test_ends_of_the_ranges_are_accepted():
    for value in (0, 1, 0.0, 1.0, np.float32(0.5)):
        assert check_number("rho", value, 0.0, 1.0) == float(value)
    assert check_number("eps", 1e-30, 0.0, math.inf, open_low=True) == 1e-30


def test_name_and_alias_together_are_an_error():
    with pytest.raises(
        ValueError,
        match=r"`temperature` and its alias `tau` must not .* together. Found `temperature = 0.2` and `tau = 1.0`",
    ):
        ReLoBRaLo([], 2, temperature=0.2, tau=1.0)
    with pytest.raises(ValueError, match="`rho` and its alias `beta`"):
        ReLoBRaLo([], 2, rho=0.5, beta=0.5)


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_static_weight_out_of_range_is_named(value):
    with pytest.raises(
        ValueError, match=rf"`weights\[walls\]` must be in \[0, inf\). Found `weights\[walls\] = {value}`"
    ):
        ReLoBRaLo([], 2, weights={"pde": 1.0, "walls": value})


@pytest.mark.parametrize("value", [3.0, ["pde"], "pde"])
def test_static_weights_must_be_a_mapping(value):
    with pytest.raises(TypeError, match="Parameter `weights` must map names of loss terms to numbers"):
        ReLoBRaLo([], 2, weights=value)


def test_static_weights_must_be_numbers():
    with pytest.raises(TypeError, match=r"`weights\[pde\]` must be a number in \[0, inf\). Found .* = 'large'"):
        check_static_weights({"pde": "large"})


def test_static_weights_are_copied():
    given = {"pde": 2}
    assert check_static_weights(given) == {"pde": 2.0}
    assert check_static_weights(given) is not given
    assert check_static_weights(None) == {}
