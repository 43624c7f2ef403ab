"""What "finished" means: by the log, and without one by what was recorded."""

import pytest

from modulus_relobralo.report.files.log import Ending
from modulus_relobralo.report.status import is_over, judge

RECORDED = {"finite": True, "last_step": 20, "max_steps": 20, "summary_freq": 10}
FINISHED, UNFINISHED, DIVERGED = (Ending(status, 20) for status in ("finished", "unfinished", "diverged"))


@pytest.mark.parametrize(
    ("ending", "changes", "status"),
    [
        # Without a log: the last record need not be of the last step.
        (None, {}, "finished"),
        (None, {"max_steps": 29}, "finished"),
        (None, {"max_steps": 30}, "unfinished"),
        (None, {"finite": False}, "diverged"),
        (None, {"last_step": -1, "max_steps": 0}, "unfinished"),
        # L-BFGS makes one step, whatever was wanted.
        (None, {"max_steps": 1000, "by_lbfgs": True}, "finished"),
        (None, {"max_steps": 1000, "by_lbfgs": True, "last_step": 0}, "finished"),
        (None, {"by_lbfgs": True, "last_step": -1}, "unfinished"),
        (None, {"max_steps": 1000, "stopped": True}, "finished"),
        (None, {"max_steps": 1000, "stopped": None}, "unfinished"),
        # With a log it decides: a stop criterion is met early, a kill comes right before the end.
        (FINISHED, {"max_steps": 1000}, "finished"),
        (UNFINISHED, {}, "unfinished"),
        (UNFINISHED, {"by_lbfgs": True}, "unfinished"),
        (DIVERGED, {}, "diverged"),
        # A grad scaler skips a step, and training goes on to its end, which the log does not show.
        (Ending("diverged", 15), {}, "finished"),
        (Ending("diverged", 15), {"max_steps": 1000}, "unfinished"),
        (FINISHED, {"finite": False}, "diverged"),
    ],
)
def test_one_definition(ending, changes, status):
    found = judge(ending, **{**RECORDED, **changes})
    assert found.status == status
    assert bool(found.reason) == (status == "unfinished")


def test_reasons_are_said():
    assert judge(UNFINISHED, **{**RECORDED, "max_steps": 40}).reason == "at step 20 of 40"
    unknown = judge(None, **{**RECORDED, "max_steps": 40}, stopped=None).reason
    assert unknown.startswith("at step 20 of 40; whether its stop criterion was met only a log tells")
    assert judge(None, **{**RECORDED, "last_step": -1}).reason == "it recorded nothing"


@pytest.mark.parametrize(("ending", "over"), [(None, False), (UNFINISHED, False), (FINISHED, True), (DIVERGED, True)])
def test_what_diverged_is_over_too(ending, over):
    assert is_over(ending) == over
