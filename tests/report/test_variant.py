"""What one scheme's runs say together."""

import math
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from modulus_relobralo.report.run import Field, Run, Series
from modulus_relobralo.report.variant import Variant, first_step, last_error, mean_square

EXACT = np.array([3.0, 4.0])


def run_of(seed, *errors, status="finished", variable="w", step_seconds=0.5):
    series = Series.from_dict({10 * number: error for number, error in enumerate(errors)})
    return Run(
        Path(f"run-{seed}"),
        "bending",
        "sum",
        OmegaConf.create({"custom": {"seed": seed}}),
        status,
        errors={variable: series},
        fields={variable: Field({}, EXACT, EXACT)},
        step_seconds=step_seconds,
    )


@pytest.fixture
def variant():
    runs = (
        run_of(0, 1.0, 0.4),
        run_of(1, 1.0, 0.2),
        run_of(2, 0.9, status="diverged"),
        run_of(3, 1.0, 0.3, variable="v"),
    )
    return Variant("sum", "sum", runs)


def test_a_run_counts_for_what_it_recorded(variant):
    assert variant.errors("w") == [0.4, 0.2, math.inf]
    assert variant.errors("v") == [math.inf, 0.3]
    # The mean square of the exact field is 12.5.
    assert variant.mean_squares("w") == pytest.approx([0.4**2 * 12.5, 0.2**2 * 12.5, math.inf])
    assert (variant.seeds, variant.diverged) == ({0, 1, 2, 3}, 1)
    assert [run.seed for run in variant.on({1, 3}).runs] == [1, 3]


def test_steps_to_a_target(variant):
    assert variant.steps_to(0.3, "w") == [math.inf, 10, math.inf]
    assert first_step(Series.from_dict({0: 1.0, 10: 0.2, 20: 0.5}), 0.2) == 10


def test_the_median_run(variant):
    assert variant.median_run("w").seed == 0
    assert variant.median_run("v").seed == 3
    assert variant.median_run("u").seed == 2  # it diverged, whatever the variable
    assert Variant("sum", "sum", ()).median_run("w") is None


def test_a_prediction_that_is_no_number_is_an_infinite_error():
    run = run_of(0, 1.0, math.nan)
    assert last_error(run, "w") == mean_square(run, "w") == math.inf


def test_the_time_of_a_step_is_of_the_runs_that_have_one():
    runs = tuple(run_of(seed, 1.0, step_seconds=seconds) for seed, seconds in enumerate((0.1, math.nan, 0.3)))
    assert Variant("sum", "sum", runs).step_seconds == pytest.approx(0.2)
    assert math.isnan(Variant("sum", "sum", runs[1:2]).step_seconds)
