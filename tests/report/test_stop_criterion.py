"""The host's stop criterion, as we count it by what was recorded, and as the host itself does."""

import numpy as np
import pytest
from omegaconf import OmegaConf
from programs import HOST

from modulus_relobralo.report.run import Series
from modulus_relobralo.report.stop_criterion import has_stopped, is_met

OPTIONS = {"metric": "loss", "min_delta": 0.0, "patience": 20, "mode": "min", "freq": 10, "strict": True}


def config(**options):
    return OmegaConf.create({"stop_criterion": {**OPTIONS, **options}})


def scalars(*values, every=10, tag="Train/loss_aggregated"):
    return {tag: Series.from_dict({every * step: value for step, value in enumerate(values)})}


@pytest.mark.host
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("delta", [0.0, 0.15])
def test_it_is_the_hosts(mode, delta):
    from importlib import import_module

    criterion = import_module(f"{HOST}.utils.training.stop_criterion").StopCriterion
    generator = np.random.default_rng(0)
    ends = set()
    for patience in (10, 20, 30):
        for _ in range(15):
            # Rounded, so that some are alike.
            values = np.round(np.cumsum(generator.normal(-0.02, 0.1, 30)) + 1, 1).tolist()
            theirs = criterion("loss", delta, patience, mode, 10)
            met = [step for step, value in enumerate(values) if theirs.evaluate({"loss": {"loss": value}})]
            first = met[0] if met else None
            ours = [step for step in range(1, 31) if is_met(values[:step], delta, patience / 10, mode)]
            assert (ours[0] - 1 if ours else None) == first
            ends.add(first)
    assert len(ends) > 2


@pytest.mark.parametrize(
    ("options", "recorded", "stopped"),
    [
        ({}, scalars(3, 2, 4, 2.5), True),
        # Equal is not worse.
        ({}, scalars(3, 2, 2, 2), False),
        ({}, scalars(3, 2, 1, 4), False),
        ({}, scalars(3, 2, 4, 2.5, 1), True),
        ({"metric": None}, scalars(3, 2, 4, 2.5), False),
        ({"metric": "w"}, scalars(3, 2, 4, 2.5, tag="Train/loss_w"), True),
        ({"metric": "error_w"}, scalars(3, 2, 4, 2.5, tag="Validators/exact/error_w"), True),
        # What the host asked for was not recorded, or not at every step.
        ({"metric": "w"}, scalars(3, 2, 4, 2.5), None),
        ({}, scalars(3, 2, 4, 2.5, every=20), None),
        ({}, {}, None),
        ({"freq": 20, "patience": 20}, scalars(3, 9, 2, 9, 2.5, 9), True),
        # Two of that name.
        ({"metric": "w"}, {**scalars(3, 2, tag="Train/loss_w"), **scalars(3, 2, tag="Monitors/x/w")}, None),
    ],
)
def test_what_was_recorded_tells(options, recorded, stopped):
    assert has_stopped(config(**options), recorded) is stopped


@pytest.mark.parametrize("text", ["{}", "stop_criterion: text", "stop_criterion: {metric: loss}", "stop_criterion:"])
def test_a_program_without_one_is_not_stopped(text):
    assert has_stopped(OmegaConf.create(text), scalars(3, 2, 4, 2.5)) is False
