"""Medians and quartiles, against Python's own where those know them."""

import math
import statistics

import numpy as np
import pytest

from modulus_relobralo.report.run import Series
from modulus_relobralo.report.spread import band, spread


@pytest.mark.parametrize("count", [2, 3, 4, 5, 10])
def test_quartiles_are_pythons(count):
    values = np.random.default_rng(count).normal(size=count).tolist()
    low, middle, high = statistics.quantiles(values, method="inclusive")
    assert spread(values) == pytest.approx((middle, low, high), rel=1e-12)


def test_what_diverged_is_infinite():
    assert spread([1.0, 2.0, math.inf, math.inf]) == (math.inf, 1.75, math.inf)
    assert spread([1.0, 2.0, 3.0, math.inf]) == (2.5, 1.75, math.inf)
    assert spread([7.0]) == (7.0, 7.0, 7.0)
    assert all(math.isnan(value) for value in spread([]))


def test_a_band_has_the_steps_that_all_have():
    series = [Series.from_dict({0: 1.0, 10: 3.0, 20: 5.0}), Series.from_dict({0: 3.0, 20: 9.0})]
    median, low, high = band(series, [False, False])
    assert median.steps.tolist() == [0, 20]
    assert (median.values.tolist(), low.values.tolist(), high.values.tolist()) == ([2, 7], [1.5, 6], [2.5, 8])
    # The second diverged: it ended at step 20 and counts as infinite from then on.
    longer = [Series.from_dict({0: 1.0, 20: 5.0, 30: 6.0}), series[1]]
    median, *_ = band(longer, [False, True])
    assert (median.steps.tolist(), median.values.tolist()) == ([0, 20, 30], [2.0, 7.0, math.inf])
