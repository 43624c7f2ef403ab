"""Reads the scalars that the host wrote for TensorBoard, one part of a run from each file."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from omegaconf import OmegaConf
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

from modulus_relobralo.report.run import Series

# Its reader reports every file that it has read to the end.
logging.getLogger("tensorboard").setLevel(logging.WARNING)

FILES = "*tfevents*"
MONITOR = "Monitors/"
LOSS, TOTAL, ERROR = "Train/loss_", "Train/loss_aggregated", "/l2_relative_error_"
# The host writes its config right before the first step.
CONFIG = "config/text_summary"
LBFGS = "bfgs_compute_gradients"


@dataclass
class Part:
    """What one start of the program wrote: scalars by tag, each as wall time, step and value, in order."""

    begun: float | None = None
    optimizer: str = ""
    by_lbfgs: bool = False
    scalars: dict[str, list[tuple[float, int, float]]] = field(default_factory=dict)

    @property
    def losses(self) -> list[tuple[float, int, float]]:
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


def has_events(folder: Path) -> bool:
    """Whether `folder` itself holds files for TensorBoard."""
    return any(folder.glob(FILES))


def read_parts(folder: Path) -> list[Part]:
    """Return the parts of the run in `folder`, in the order of their times; what was cut off ends where it was.

    Raises
    ------
    ValueError
        If a file cannot be read.
    """
    return sorted((_read_part(path) for path in sorted(folder.glob(FILES))), key=lambda part: part.first)


def merge(parts: Sequence[Part]) -> dict[str, Series]:
    """Return the scalars of all parts over the steps; what a resumed run recorded again counts."""
    values: dict[str, dict[int, float]] = {}
    for part in parts:
        for tag, rows in part.scalars.items():
            values.setdefault(tag, {}).update({step: value for _, step, value in rows})
    return {tag: Series.from_dict(entries) for tag, entries in values.items()}


def _read_part(path: Path) -> Part:
    part = Part()
    try:
        for wall_time, step, tag, value in _read_values(path):
            if tag == CONFIG:
                part.begun, part.optimizer, part.by_lbfgs = wall_time, *_read_optimizer(value)
            elif isinstance(value, float):
                part.scalars.setdefault(tag, []).append((wall_time, step, value))
    # TensorBoard's errors of the file system are of no common kind.
    except Exception as error:
        raise ValueError(f"{path} cannot be read: {type(error).__name__}: {error}") from error
    return part


def _read_values(path: Path) -> Iterator[tuple[float, int, str, Any]]:
    """Yield wall time, step, tag and value of what is a number or a text."""
    try:
        for event in LegacyEventFileLoader(str(path)).Load():
            for entry in event.summary.value:
                value: Any = None
                if entry.HasField("simple_value"):
                    value = float(entry.simple_value)
                # The host writes scalars in TensorBoard's newer form, as tensors.
                elif len(entry.tensor.float_val) == 1:
                    value = float(entry.tensor.float_val[0])
                elif len(entry.tensor.string_val) == 1:
                    value = entry.tensor.string_val[0].decode(errors="replace")
                yield event.wall_time, event.step, entry.tag, value
    except DecodeError:
        # Damaged from here on: what came before counts.
        return


def _read_optimizer(text: Any) -> tuple[str, bool]:
    """Return the optimizer's name in the host's config, and whether it is an L-BFGS; nothing if it is no config."""
    try:
        config = OmegaConf.create(str(text).removeprefix("<pre>").removesuffix("</pre>"))
        target = str(OmegaConf.select(config, "optimizer._target_") or "")
        by_lbfgs = OmegaConf.select(config, "optimizer._params_.compute_gradients") == LBFGS
    # A text of that name by another writer.
    except Exception:
        return "", False
    return target.rpartition(".")[2], by_lbfgs
