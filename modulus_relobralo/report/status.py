"""What "finished" means, by the log that Hydra keeps of a run and by what was recorded: for reports and benchmarks."""

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
    """How a training ended, "finished", "diverged" or "unfinished", and at which step."""

    status: str
    step: int


class Judgement(NamedTuple):
    """The status of a training, the reason if it is unfinished, and its last step, recorded or not."""

    status: str
    reason: str
    last_step: int


def find_ending(lines: Iterable[str]) -> Ending | None:
    """Return what the log of a training says of its end; None if it speaks of no step.

    The criterion of a stop, the greatest number of steps and L-BFGS all end with the same words. Under AMP the host
    says of a step that its grad scaler skips what it says elsewhere before it stops, and trains on: it is an end only
    if nothing follows.
    """
    ending = None
    for line in lines:
        if BEGIN in line:
            ending = None
        # An evaluation of what is finished is no training.
        elif (found := STEP.search(line)) and not (ending and ending.status == FINISHED):
            status = FINISHED if END in line else DIVERGED if NOT_FINITE in line else UNFINISHED
            ending = Ending(status, int(found[1]))
    return ending


def is_over(ending: Ending | None) -> bool:
    """Whether the log says that a training came to its end, be it that its loss was not finite."""
    return ending is not None and ending.status in (FINISHED, DIVERGED)


def read_ending(folder: Path, job: str, window: str = "") -> Ending | None:
    """Return what the log in the Hydra run directory `folder` says of the end of a training; None without a log.

    Parameters
    ----------
    folder : Path
        The Hydra run directory.
    job : str
        The name of Hydra's job, after which it names the log; other logs are read where there is none of that name.
    window : str
        Of several trainings in one directory, as SequentialSolver does them, the name of the one that is meant.
    """
    logs = sorted(folder.glob("*.log"))
    for path in [path for path in logs if path.name == f"{job}.log"] or logs:
        check_size([path], LOG)
        with path.open(encoding="utf-8", errors="replace") as file:
            ending = find_ending(_of_window(file, window) if window else file)
        if ending:
            return ending
    return None


def judge(
    ending: Ending | None,
    *,
    finite: bool,
    last_step: int,
    max_steps: int,
    summary_freq: int,
    by_lbfgs: bool = False,
    may_stop: bool = False,
) -> Judgement:
    """Return the status of a training.

    The log decides where there is one. The host stops at a loss that is not finite, mostly before it records it, so
    that without a log such a run is unfinished.

    Parameters
    ----------
    ending : Ending, optional
        What the log says.
    finite : bool
        Whether the last recorded losses are.
    last_step : int
        The last step that was recorded since the last start, or -1.
    max_steps, summary_freq : int
        How many steps were wanted, and how many lie between two records: the last one need not be recorded.
    by_lbfgs : bool
        Whether the last start was of L-BFGS: the host makes one step of it, whatever `max_steps` is.
    may_stop : bool
        Whether there is a stop criterion: whether it was met only a log says.
    """
    # Under AMP a loss that is not finite is no end: what was recorded later says so.
    told = ending if ending and (ending.status != DIVERGED or ending.step >= last_step) else None
    end = max(last_step, told.step if told else -1)
    if not finite or (told and told.status == DIVERGED):
        return Judgement(DIVERGED, "", end)
    if told and told.status == FINISHED:
        return Judgement(FINISHED, "", end)
    if told is None and last_step >= 0 and by_lbfgs:
        return Judgement(FINISHED, "", end)
    if told is None and last_step > max(max_steps - max(summary_freq, 1), -1):
        return Judgement(FINISHED, "", max(end, max_steps))
    if end < 0:
        return Judgement(UNFINISHED, "it recorded nothing" + (" of L-BFGS" if by_lbfgs else ""), end)
    only = "; whether its stop criterion was met only a log tells, which hydra/job_logging=default writes"
    return Judgement(UNFINISHED, f"at step {end} of {max_steps}{only if may_stop and told is None else ''}", end)


def _of_window(lines: Iterable[str], window: str) -> Iterable[str]:
    inside = False
    for line in lines:
        if BEGIN in line:
            path = COLOUR.sub("", line).partition(BEGIN)[2].strip()
            inside = Path(path).name == window
        if inside:
            yield line
