"""Relative L2 errors of fields with a mean, without one, constant and zero."""

import numpy as np
import pytest
from written_runs import EXACT, X, host_error, predict

from modulus_relobralo.report.errors import name_variables, relative_errors, residual_sizes
from modulus_relobralo.report.run import Field, Series

KEY = ("exact", "w")
TAG = "Validators/exact/l2_relative_error_w"


def errors_of(exact, *parts, logged=None):
    """Return the errors and notes of fields that are off by `parts` at the steps 0, 10, ..."""
    values = [host_error(exact, predict(exact, part)) for part in parts] if logged is None else logged
    series = Series.from_dict({10 * number: value for number, value in enumerate(values)})
    field = Field({}, exact.ravel(), predict(exact, parts[-1]).ravel())
    errors, notes = relative_errors({TAG: series, "Train/loss_pde": series}, {KEY: field})
    return errors.get(KEY), notes


@pytest.mark.parametrize("exact", [EXACT, X - 0.5, 1e4 + EXACT], ids=["mean", "no mean", "mostly mean"])
def test_what_the_host_logs_becomes_the_relative_error(exact):
    series, notes = errors_of(exact, 1.0, 0.5, 0.25)
    assert series.steps.tolist() == [0, 10, 20]
    np.testing.assert_allclose(series.values, [1, 0.5, 0.25], rtol=1e-9)
    assert notes == []


@pytest.mark.parametrize("constant", [0.1, 7.0])
@pytest.mark.parametrize("logged", [[np.inf, np.inf], [np.nan, np.nan], [3e5, 2e5]], ids=["inf", "nan", "rounding"])
def test_of_a_constant_field_the_last_error_is_the_fields(constant, logged):
    # In single precision the host's variance is 0, or what rounding leaves of it.
    exact = np.full_like(EXACT, constant).astype(np.float32).astype(np.float64)
    series, (note,) = errors_of(exact, 1.0, 0.25, logged=logged)
    assert series.steps.tolist() == [10]
    assert series.values[0] == pytest.approx(0.25)
    assert "the error of w (exact) is of the last field only" in note


def test_a_field_whose_spread_single_precision_loses_counts_as_constant():
    series, (note,) = errors_of(7 + 1e-6 * X, 1.0, 0.25, logged=[2e5, 3e5])
    assert series.values.tolist() == pytest.approx([0.25])
    assert "of the last field only" in note


def test_a_field_at_one_point_has_its_own_error():
    series, notes = errors_of(np.array([[2.0]]), 0.5, logged=[np.nan])
    assert (series.values.tolist(), len(notes)) == ([0.5], 1)


def test_of_a_field_that_is_zero_there_is_no_relative_error():
    series, (note,) = errors_of(np.zeros_like(EXACT), 0.25)
    assert series is None
    assert note == "no relative error of w (exact): the exact field is 0, so its size is shown"


def test_the_size_of_what_should_be_zero_is_its_root_mean_square():
    zero = np.zeros(4)
    fields = {KEY: Field({}, zero, np.array([1.0, 1.0, 1.0, 5.0])), ("exact", "u"): Field({}, zero + 1, zero)}
    logged = {tag: Series.from_dict({10: np.inf, 20: np.inf}) for tag in (TAG, TAG[:-1] + "u")}
    sizes = residual_sizes(logged, fields)
    assert {key: (series.steps.tolist(), series.values.tolist()) for key, series in sizes.items()} == {
        KEY: ([20], [pytest.approx(7**0.5)])
    }


def test_what_was_not_logged_or_not_saved_has_none():
    field = Field({}, EXACT, EXACT)
    assert relative_errors({}, {KEY: field}) == ({}, [])
    assert relative_errors({TAG: Series.from_dict({0: 1.0})}, {}) == ({}, [])


def test_variables_are_named_with_their_validator_where_that_is_ambiguous():
    names = name_variables([("a", "u"), ("b", "u"), ("a", "v")])
    assert names == {("a", "u"): "a.u", ("b", "u"): "b.u", ("a", "v"): "v"}
