"""What "finished" means: one definition, for the report and for the benchmarks."""

from __future__ import annotations

from typing import NamedTuple

from modulus_relobralo.report.files.log import Ending

FINISHED, UNFINISHED, DIVERGED = "finished", "unfinished", "diverged"
# Where a run is unfinished by what was recorded, and might not be.
WITHOUT_LOG = "whether its stop criterion was met only a log tells, which hydra/job_logging=default writes"


class Judgement(NamedTuple):
    """The status of a training, and the reason if it is unfinished."""

    status: str
    reason: str = ""


def is_over(ending: Ending | None) -> bool:
    """Whether the log says that a training came to its end, be it that its loss was not finite."""
    return ending is not None and ending.status in (FINISHED, DIVERGED)


def judge(
    ending: Ending | None,
    *,
    finite: bool,
    last_step: int,
    max_steps: int,
    summary_freq: int,
    by_lbfgs: bool = False,
    stopped: bool | None = False,
) -> Judgement:
    """Return the status of a training, and the reason if it is unfinished.

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
    stopped : bool, optional
        Whether the host's stop criterion was met; None if that is unknown.
    """
    # Under AMP a loss that is not finite is no end: what was recorded later says so.
    told = ending if ending and (ending.status != DIVERGED or ending.step >= last_step) else None
    if not finite or (told and told.status == DIVERGED):
        return Judgement(DIVERGED)
    if told and told.status == FINISHED:
        return Judgement(FINISHED)
    if told is None and last_step >= 0 and (by_lbfgs or stopped or last_step > max_steps - max(summary_freq, 1)):
        return Judgement(FINISHED)
    if told is None and last_step < 0:
        return Judgement(UNFINISHED, "it recorded nothing" + (" of L-BFGS" if by_lbfgs else ""))
    reason = f"at step {max(last_step, told.step if told else -1)} of {max_steps}"
    return Judgement(UNFINISHED, f"{reason}; {WITHOUT_LOG}" if told is None and stopped is None else reason)
