"""How a training ended, by lines that the hosts' trainers really log."""

import pytest
from written_runs import write_log

from modulus_relobralo.report.files.log import find_ending, read_ending

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
    assert find_ending(log.splitlines()) == ending


def test_the_log_of_the_job_comes_first(tmp_path):
    write_log(tmp_path, "another", DONE)
    assert read_ending(tmp_path, "job") == ("finished", 20)
    write_log(tmp_path, "job", "[step: 10] loss: 1")
    assert read_ending(tmp_path, "job") == ("unfinished", 10)


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
    assert found == [("finished", 20), ("diverged", 7), ("unfinished", 5), None]


def test_bytes_that_are_no_text_do_no_harm(tmp_path):
    (tmp_path / "job.log").write_bytes(b"\xff\xfe\n[step: 20] finished training!\n")
    assert read_ending(tmp_path, "job") == ("finished", 20)
