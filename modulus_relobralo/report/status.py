"""Whether a training came to its end, by the log that Hydra keeps of it and by what was recorded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from modulus_relobralo.report.safe_files import LOG, check_size

FINISHED, UNFINISHED, DIVERGED = "finished", "unfinished", "diverged"
# What the hosts log: before the first step, of every step that they speak of, and at the end.
BEGIN, STEP = "attempting to restore from:", re.compile(r"\[step: *(\d{1,15})\]")
END, NOT_FINITE = "finished training!", "loss went to INFs/NaNs"
COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Ending(NamedTuple):
    """How a training ended, "finished", "diverged" or "unfinished", at which step, and why it is unfinished."""

    status: str
    step: int
    reason: str = ""


def find_ending(lines: Iterable[str], window: str = "") -> Ending | None:
    """Return what the log of a training says of its end; None if it speaks of no step.

    The criterion of a stop, the greatest number of steps and L-BFGS all end with the same words. Under AMP the host
    says of a step that its grad scaler skips what it says elsewhere before it stops, and trains on: it is an end only
    if nothing follows. Of several trainings in one log, as SequentialSolver leaves them, `window` names one.
    """
    ending, inside = None, not window
    for line in lines:
        if BEGIN in line:
            inside = not window or Path(COLOUR.sub("", line).partition(BEGIN)[2].strip()).name == window
            ending = None if inside else ending
        # An evaluation of what is finished is no training.
        elif inside and (found := STEP.search(line)) and not (ending and ending.status == FINISHED):
            status = FINISHED if END in line else DIVERGED if NOT_FINITE in line else UNFINISHED
            ending = Ending(status, int(found[1]))
    return ending


def is_over(ending: Ending | None) -> bool:
    """Whether the log says that a training came to its end, be it that its loss was not finite."""
    return ending is not None and ending.status in (FINISHED, DIVERGED)


def read_ending(folder: Path, job: str, window: str = "") -> Ending | None:
    """Return what the log in the Hydra run directory `folder` says of the end of a training; None without a log.

    Hydra names it after the job; other logs are read where there is none of that name.
    """
    logs = sorted(folder.glob("*.log"))
    for path in [path for path in logs if path.name == f"{job}.log"] or logs:
        check_size([path], LOG)
        with path.open(encoding="utf-8", errors="replace") as file:
            ending = find_ending(file, window)
        if ending:
            return ending
    return None


def judge(
    told: Ending | None,
    *,
    finite: bool,
    last_step: int,
    max_steps: int,
    summary_freq: int,
    by_lbfgs: bool = False,
    may_stop: bool = False,
) -> Ending:
    """Return how a training ended; the log decides where there is one.

    The host stops at a loss that is not finite, mostly before it records it: without a log such a run is unfinished.
    Of L-BFGS it makes one step, whatever `max_steps` is. Whether a stop criterion was met only a log says.

    Parameters
    ----------
    told : Ending, optional
        What the log says.
    finite : bool
        Whether the last recorded losses are.
    last_step : int
        The last step that was recorded since the last start, or -1.
    max_steps, summary_freq : int
        How many steps were wanted, and how many lie between two records: the last one need not be recorded.
    by_lbfgs, may_stop : bool
        Whether the last start was of L-BFGS, and whether there is a stop criterion.
    """
    # Under AMP a loss that is not finite is no end: what was recorded later says so.
    told = None if told and told.status == DIVERGED and told.step < last_step else told
    end = max(last_step, told.step if told else -1)
    if not finite or (told and told.status == DIVERGED):
        return Ending(DIVERGED, end)
    if told or by_lbfgs:
        finished = told.status == FINISHED if told else last_step >= 0
    else:
        finished = last_step > max(max_steps - max(summary_freq, 1), -1)
        end = max(end, max_steps) if finished else end
    if finished:
        return Ending(FINISHED, end)
    if end < 0:
        return Ending(UNFINISHED, end, "it recorded nothing" + (" of L-BFGS" if by_lbfgs else ""))
    only = "; whether its stop criterion was met only a log tells, which hydra/job_logging=default writes"
    return Ending(UNFINISHED, end, f"at step {end} of {max_steps}{only if may_stop and told is None else ''}")
