"""Times a training while its error is measured off the clock. NumPy alone: every environment has it.

A record is a file of JSON lines, which the benchmark reads while it grows: for each process of a training a line with
its versions and the seconds it took before the first step, a line for each measured error, and at the end why it ended.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from benchmarks.peers.plate import Prediction, relative_error

TARGETS = (1e-2, 1e-3, 1e-4)
# Times at which the error is measured: the next is so much later, in parts of the time so far and in seconds.
GROWTH, SHORTEST = 0.02, 0.02


def arguments(description: str | None, choices: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return a parser of what every training of the race is told; `choices` are its optimizers, if it has several."""
    parser = argparse.ArgumentParser(description=description)
    if choices:
        parser.add_argument("optimizer", choices=choices)
    parser.add_argument("--record", type=Path, required=True, help="file of its times and errors, which may be begun")
    parser.add_argument("--limit", type=float, required=True, help="seconds of training, those of the record included")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--started", type=float, default=time.time(), help="when the process was started, since 1970")
    return parser


class Clock:
    """Stops while the error is measured, and says when a training is over.

    Parameters
    ----------
    args : argparse.Namespace
        Of `arguments`. Where the record has been begun by another process, the time goes on from its last.
    packages : sequence of str
        Whose versions go into the record.
    """

    def __init__(self, args: argparse.Namespace, packages: Sequence[str]) -> None:
        self.record, self.limit, self.started = args.record.resolve(), args.limit, args.started
        self.packages = packages
        measured = [line for line in read_record(self.record) if "error" in line]
        self._before = measured[-1]["seconds"] if measured else 0.0
        self._steps_before = measured[-1]["step"] if measured else 0
        self._begun: float | None = None
        self._paused = 0.0
        self._next = self._before
        self.over = False

    def start(self) -> None:
        """Begin: what came before is the set-up."""
        versions = {name: metadata.version(name) for name in self.packages}
        append_line(self.record, {"set-up": round(time.time() - self.started, 2), "versions": versions})
        self._begun = time.perf_counter()

    @property
    def running(self) -> bool:
        """Whether it has been started."""
        return self._begun is not None

    @property
    def seconds(self) -> float:
        """What the training has taken, without measuring its error."""
        return self._before + (time.perf_counter() - self._begun - self._paused if self.running else 0.0)

    def look(self, step: int, predict: Prediction, at_once: bool = False) -> bool:
        """Measure the error if it is time, or `at_once`; return whether the training is over.

        `step` counts from the first step of this process, `predict` is the deflection that the training has reached.
        """
        seconds = self.seconds
        if self.over or not (at_once or seconds >= min(self._next, self.limit)):
            return self.over
        paused_at = time.perf_counter()
        error = relative_error(predict)
        measured = float(f"{error:.5g}") if math.isfinite(error) else None
        line = {"seconds": round(seconds, 4), "step": self._steps_before + step, "error": measured}
        append_line(self.record, line)
        reason = self._reason(error, seconds)
        if reason:
            self.finish(reason)
        self._next = seconds + max(SHORTEST, GROWTH * seconds)
        self._paused += time.perf_counter() - paused_at
        return self.over

    def finish(self, reason: str) -> None:
        """Say why the training is over, once."""
        if not self.over:
            append_line(self.record, {"ended": reason})
            self.over = True

    def _reason(self, error: float, seconds: float) -> str:
        if not math.isfinite(error):
            return "diverged"
        if error <= TARGETS[-1]:
            return "target"
        return "limit" if seconds >= self.limit else ""


def append_line(path: Path, line: dict[str, object]) -> None:
    """Write a line to the end of a record."""
    with path.open("a") as file:
        file.write(f"{json.dumps(line)}\n")


def read_record(path: Path) -> list[dict]:
    """Return the lines of a record, without one that is just being written; none if there is no file."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
