"""What a run knows of itself."""

from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from modulus_relobralo.report.run import Field, Run, Series


def run_with(config="{}", **changes):
    return Run(Path("run"), "bending", "relobralo", OmegaConf.create(config), "finished", **changes)


@pytest.mark.parametrize(
    ("config", "seed"),
    [
        ("{}", None),
        ("custom: {seed: 3}", 3),
        ("custom: {seed: '3'}", "3"),
        ("custom: {seed: null}", None),
        ("custom: {seed: [1, 2]}", "[1, 2]"),
        ("custom: {seed: '${custom.other}', other: 5}", 5),
        # Known in the program only that ran.
        ("custom: {seed: '${hydra:job.num}'}", "${hydra:job.num}"),
        ("custom: text", None),
        ("custom:", None),
    ],
)
def test_a_seed_may_be_anything(config, seed):
    run = run_with(config)
    assert run.seed == seed
    assert hash(run.seed) is not None
    assert run.label == ("relobralo" if seed is None else f"relobralo, seed {seed}")


def test_a_window_is_in_the_label():
    assert run_with("custom: {seed: 1}", window="window_0001").label == "relobralo, seed 1, window_0001"


def test_the_last_step_is_of_losses_or_errors():
    assert run_with().last_step == -1
    series = {step: Series.from_dict({0: 1.0, step: 0.5}) for step in (10, 20)}
    assert run_with(losses={"pde": series[10]}, errors={"u": series[20]}).last_step == 20


def test_after_lbfgs_the_last_losses_are_not_known():
    losses = {"pde": Series.from_dict({0: 4.0, 10: 2.0})}
    assert run_with(losses=losses).last_loss("pde") == 2.0
    assert run_with(losses=losses).last_loss("walls") is None
    assert run_with(losses=losses, by_lbfgs=True).last_loss("pde") is None


def test_the_error_of_a_field_is_in_the_norm_of_its_points():
    field = Field({}, np.array([3.0, 4.0]), np.array([3.0, 4.5]))
    assert field.relative_error == pytest.approx(0.1)
    assert np.isinf(Field({}, np.zeros(2), np.ones(2)).relative_error)


def test_a_series_ends_where_it_is_cut():
    series = Series.from_dict({20: 0.5, 0: 4.0, 10: 2.0})
    assert (series.steps.tolist(), series.values.tolist()) == ([0, 10, 20], [4.0, 2.0, 0.5])
    assert series.until(10).values.tolist() == [4.0, 2.0]
