"""Reads the log that Hydra keeps of a run (``hydra/job_logging=default``): how its training ended."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

# What the hosts log: before the first step, of every step that they speak of, and at the end.
BEGIN, STEP = "attempting to restore from:", re.compile(r"\[step: *(\d+)\]")
FINISHED, NOT_FINITE = "finished training!", "loss went to INFs/NaNs"
COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Ending(NamedTuple):
    """How a training ended, "finished", "diverged" or "unfinished", and at which step."""

    status: str
    step: int


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
        elif (found := STEP.search(line)) and not (ending and ending.status == "finished"):
            status = "finished" if FINISHED in line else "diverged" if NOT_FINITE in line else "unfinished"
            ending = Ending(status, int(found[1]))
    return ending


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
    named = folder / f"{job}.log"
    for path in [named] if named.is_file() else sorted(folder.glob("*.log")):
        with path.open(encoding="utf-8", errors="replace") as file:
            ending = find_ending(_of_window(file, window) if window else file)
        if ending:
            return ending
    return None


def _of_window(lines: Iterable[str], window: str) -> Iterable[str]:
    inside = False
    for line in lines:
        if BEGIN in line:
            path = COLOUR.sub("", line).partition(BEGIN)[2].strip()
            inside = Path(path).name == window
        if inside:
            yield line
