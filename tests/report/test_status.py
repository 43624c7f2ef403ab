"""How a training ended, by lines that the hosts' trainers really log."""

import pytest
from written_runs import write_log

from modulus_relobralo.report.status import Ending, find_ending, is_over, judge, read_ending

BEGIN = "attempting to restore from: \x1b[33mout/run\x1b[0m"
DONE = "[step:         20] reached maximum training steps, finished training!"


@pytest.mark.parametrize(
    ("log", "ending"),
    [
        ("", None),
        ("JitManager: {}", None),
        (f"{BEGIN}\n[step:         20] loss:  2.6e+03", ("unfinished", 20)),
        (f"{BEGIN}\n[step: 20] saved checkpoint to out/run\n{DONE}", ("finished", 20)),
        (f"{BEGIN}\n[step:          5] stopping criterion is met, finished training!", ("finished", 5)),
        # L-BFGS: one step, whose end the host calls the greatest number of steps.
        (f"{DONE}\n{BEGIN}\n[step:         20] lbfgs optimization in running", ("unfinished", 20)),
        (f"{BEGIN}\n[step: 20] lbfgs optimization in running\n[step: 20] loss: 1\n{DONE}", ("finished", 20)),
        # Started again, to go on: what comes after counts, and nothing came.
        (f"{DONE}\n{BEGIN}", None),
        (f"{DONE}\n{BEGIN}\n[step:         30] loss:  1.0", ("unfinished", 30)),
        # An evaluation of what is finished logs steps too.
        (f"{DONE}\nSuccess loading model: out/run\n[step:  20] record validators time:  2e-03s", ("finished", 20)),
        ("[step:         40] loss went to INFs/NaNs", ("diverged", 40)),
        # As a grad scaler makes the host say of a step that is skipped.
        ("[step: 40] loss went to INFs/NaNs\n[step: 50] loss: 1.0", ("unfinished", 50)),
        ("Training terminated by the user at iteration 30\n[step: 20] loss: 1", ("unfinished", 20)),
    ],
)
def test_the_last_words_count(log, ending):
    found = find_ending(log.splitlines())
    assert (found and found[:2]) == ending


def test_the_log_of_the_job_comes_first(tmp_path):
    write_log(tmp_path, "another", DONE)
    assert read_ending(tmp_path, "job")[:2] == ("finished", 20)
    write_log(tmp_path, "job", "[step: 10] loss: 1")
    assert read_ending(tmp_path, "job")[:2] == ("unfinished", 10)


def test_without_a_log_nothing_is_known(tmp_path):
    assert read_ending(tmp_path, "job") is None


def test_each_window_has_its_own_end(tmp_path):
    lines = [
        "attempting to restore from: \x1b[33mout/run_ic/ic\x1b[0m\n[step: 20] reached maximum, finished training!",
        "attempting to restore from: \x1b[33mout/run_ic/window_0000\x1b[0m\n[step: 7] loss went to INFs/NaNs",
        "attempting to restore from: out/run_ic/window_0001\n[step: 5] loss: 1",
    ]
    write_log(tmp_path, "job", "\n".join(lines))
    found = [read_ending(tmp_path, "job", window) for window in ("ic", "window_0000", "window_0001", "window_0002")]
    assert [ending and ending[:2] for ending in found] == [("finished", 20), ("diverged", 7), ("unfinished", 5), None]


def test_bytes_that_are_no_text_do_no_harm(tmp_path):
    (tmp_path / "job.log").write_bytes(b"\xff\xfe\n[step: 20] finished training!\n")
    assert read_ending(tmp_path, "job")[:2] == ("finished", 20)


# ----- status


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
        (None, {"max_steps": 1000, "may_stop": True}, "unfinished"),
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


@pytest.mark.parametrize(
    ("ending", "changes", "last"),
    [
        # Without a log: a finished run went to the end that was wanted, recorded or not.
        (None, {"max_steps": 29}, 29),
        (None, {"max_steps": 30}, 20),
        (None, {"max_steps": 0, "by_lbfgs": True}, 20),
        (Ending("finished", 25), {"max_steps": 29}, 25),
        (Ending("unfinished", 27), {"max_steps": 29}, 27),
    ],
)
def test_the_last_step_is_known_where_it_was_not_recorded(ending, changes, last):
    assert judge(ending, **{**RECORDED, **changes}).step == last


def test_reasons_are_said():
    assert judge(UNFINISHED, **{**RECORDED, "max_steps": 40}).reason == "at step 20 of 40"
    unknown = judge(None, **{**RECORDED, "max_steps": 40}, may_stop=True).reason
    assert unknown.startswith("at step 20 of 40; whether its stop criterion was met only a log tells")
    assert judge(None, **{**RECORDED, "last_step": -1}).reason == "it recorded nothing"


@pytest.mark.parametrize(("ending", "over"), [(None, False), (UNFINISHED, False), (FINISHED, True), (DIVERGED, True)])
def test_what_diverged_is_over_too(ending, over):
    assert is_over(ending) == over
