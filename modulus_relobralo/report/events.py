"""The scalars that the host wrote for TensorBoard, one part of a run from each file."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from tensorboard.backend.event_processing.event_accumulator import (
    DEFAULT_SIZE_GUIDANCE,
    SCALARS,
    TENSORS,
    EventAccumulator,
)

from modulus_relobralo.report.safe_files import CONFIG, EVENTS, LONGEST, check_size, parse_config
from modulus_relobralo.report.settings import select

# Its reader reports every file that it has read to the end, and every summary of no plugin.
logging.getLogger("tensorboard").setLevel(logging.ERROR)

FILES = "*tfevents*"
LOSS, TOTAL, ERROR = "Train/loss_", "Train/loss_aggregated", "/l2_relative_error_"
# The host writes its config right before the first step.
CONFIG_TAG = "config/text_summary"
LBFGS = "bfgs_compute_gradients"
# Every scalar, which the host writes as a tensor, and of all else the least that TensorBoard allows.
KEPT = {**dict.fromkeys(DEFAULT_SIZE_GUIDANCE, 1), SCALARS: 0, TENSORS: 0}

MOST_TAGS = 1000
"""More have no figure that can be drawn."""

Record = tuple[float, int, float]


@dataclass(frozen=True)
class Series:
    """A scalar over the steps: two arrays of one length."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    @classmethod
    def from_dict(cls, values: dict[int, float]) -> Series:
        """Return values by step in the order of the steps."""
        steps = sorted(values)
        return cls(np.array(steps, dtype=np.int64), np.array([values[step] for step in steps], dtype=np.float64))

    def until(self, step: int) -> Series:
        """Return the series up to `step`, which is in it."""
        kept = self.steps <= step
        return Series(self.steps[kept], self.values[kept])


@dataclass
class Part:
    """What one start of the program wrote: scalars by tag, each as wall time, step and value, in order."""

    begun: float | None = None
    optimizer: str = ""
    by_lbfgs: bool = False
    scalars: dict[str, list[Record]] = field(default_factory=dict)

    @property
    def losses(self) -> list[Record]:
        """The records of the loss, or of the loss term that was recorded most often."""
        return max((rows for tag, rows in self.scalars.items() if tag.startswith(LOSS)), key=len, default=[])

    @property
    def trains(self) -> bool:
        """Whether it is of a training; an evaluation writes neither config nor losses."""
        return self.begun is not None or bool(self.losses)

    @property
    def first(self) -> float:
        """The wall time of the first record."""
        times = [rows[0][0] for rows in self.scalars.values()]
        return min(times if self.begun is None else [self.begun, *times], default=math.inf)

    @property
    def last_step(self) -> int:
        """The last step of which anything was recorded, or -1."""
        return max((rows[-1][1] for rows in self.scalars.values()), default=-1)

    @property
    def seconds(self) -> float:
        """The wall time from the start, or the first loss where that is not recorded, to the last loss."""
        ends = [rows[-1][0] for rows in ([self.losses] if self.losses else self.scalars.values())]
        start = self.losses[0][0] if self.begun is None and self.losses else self.first
        return max(ends) - start if ends else 0.0

    @property
    def step_seconds(self) -> list[float]:
        """The wall time of a step in each interval between two losses."""
        pairs = [(after[0] - before[0], after[1] - before[1]) for before, after in pairwise(self.losses)]
        return [seconds / steps for seconds, steps in pairs if steps > 0]


def read_parts(folder: Path) -> list[Part]:
    """Return the parts of the run in `folder`, in the order of their times; what was cut off ends where it was.

    Raises
    ------
    ValueError
        If a file cannot be read, or if they are too large together.
    """
    paths = sorted(folder.glob(FILES))
    check_size(paths, EVENTS)
    return sorted(map(_read_part, paths), key=lambda part: part.first)


def merge(parts: Sequence[Part]) -> dict[str, Series]:
    """Return the scalars of all parts over the steps; where a run was resumed, what came after that step is void."""
    values: dict[str, dict[int, float]] = {}
    for part in parts:
        begin = min((rows[0][1] for rows in part.scalars.values()), default=math.inf) if part.trains else math.inf
        values = {tag: {k: v for k, v in entries.items() if k < begin} for tag, entries in values.items()}
        for tag, rows in part.scalars.items():
            values.setdefault(tag, {}).update({step: value for _, step, value in rows})
    return {tag: Series.from_dict(entries) for tag, entries in values.items() if entries}


def _read_part(path: Path) -> Part:
    # Not a folder as a whole: of a resumed run TensorBoard keeps no times of its own.
    events = EventAccumulator(str(path), size_guidance=KEPT, purge_orphaned_data=False)
    try:
        events.Reload()
    except DecodeError:
        # Damaged from there on: what came before counts.
        pass
    # TensorBoard's errors of the file system are of no common kind.
    except Exception as error:
        raise ValueError(f"{path} cannot be read: {type(error).__name__}: {error}") from error
    part = Part()
    tags = {kind: [tag for tag in events.Tags()[kind] if len(tag) <= LONGEST] for kind in (SCALARS, TENSORS)}
    if sum(map(len, tags.values())) > MOST_TAGS:
        raise ValueError(f"{path} cannot be read: it has more than {MOST_TAGS} scalars")
    for tag in tags[SCALARS]:
        part.scalars[tag] = [(record.wall_time, record.step, record.value) for record in events.Scalars(tag)]
    for tag in tags[TENSORS]:
        rows = [(record.wall_time, record.step, record.tensor_proto) for record in events.Tensors(tag)]
        if tag == CONFIG_TAG:
            part.begun = rows[-1][0]
            part.optimizer, part.by_lbfgs = _read_optimizer(rows[-1][2].string_val)
        elif scalars := [(time, step, kept.float_val[0]) for time, step, kept in rows if len(kept.float_val) == 1]:
            part.scalars[tag] = scalars
    return part


def _read_optimizer(texts: Sequence[bytes]) -> tuple[str, bool]:
    """Return the optimizer's name in the host's config, and whether it is an L-BFGS; nothing if it is no config."""
    try:
        text = texts[0][:CONFIG].decode(errors="replace")
        config = parse_config(text.removeprefix("<pre>").removesuffix("</pre>"))
    # A text of that name by another writer.
    except (IndexError, ValueError):
        return "", False
    target = str(select(config, "optimizer._target_") or "")
    return target.rpartition(".")[2], select(config, "optimizer._params_.compute_gradients") == LBFGS
