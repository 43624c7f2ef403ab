"""The scalars that the host wrote for TensorBoard: one frame of all records of a run."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from pandas import DataFrame, Series, concat
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


@dataclass(frozen=True)
class Events:
    """What the starts of one run wrote, a start being one process.

    `records` are the scalars: the columns start, tag, time, step and value. `starts` has a row for each start, in the
    order of their times: the wall time when training began (NaN if that is not recorded), the optimizer's name, and
    whether it is an L-BFGS.
    """

    records: DataFrame
    starts: DataFrame

    @cached_property
    def losses(self) -> DataFrame:
        """The records of losses, one a step."""
        losses = self.records[self.records.tag.str.startswith(LOSS)].sort_values("time", kind="stable")
        return losses.drop_duplicates(["start", "step"])

    @property
    def trained(self) -> DataFrame:
        """The starts of a training; an evaluation writes neither config nor losses."""
        return self.starts[self.starts.begun.notna() | self.starts.index.isin(self.losses.start)]

    @property
    def by_lbfgs(self) -> bool:
        """Whether the last training was by L-BFGS."""
        return bool(self.trained.by_lbfgs.iloc[-1:].any())

    @property
    def last_step(self) -> int:
        """The last step of which the last training recorded anything, or -1."""
        return int(max(self.records.step[self.records.start.isin(self.trained.index[-1:])], default=-1))

    @property
    def last_steps(self) -> dict[str, int]:
        """The step of the last record by tag."""
        return dict(zip(self.records.tag, self.records.step.tolist(), strict=True))

    @property
    def optimizers(self) -> tuple[str, ...]:
        """The optimizers that took turns."""
        return tuple(name for name, _ in groupby(filter(None, self.trained.optimizer)))

    @property
    def seconds(self) -> float:
        """The wall time from the start, or the first loss where that is not recorded, to the last loss; no pauses."""
        times = concat([self.records[~self.records.start.isin(self.losses.start)], self.losses]).groupby("start").time
        began = self.trained.begun.fillna(times.min())
        return float((times.max() - began).sum()) if len(began) else math.nan

    @property
    def step_seconds(self) -> float:
        """The median wall time of a step in the intervals between two losses, so that no validator is in it."""
        intervals = self.losses.groupby("start")[["time", "step"]].diff()
        return math.nan if self.by_lbfgs else float((intervals.time / intervals.step).dropna().median())

    def scalars(self) -> dict[str, Series]:
        """Return the scalars by tag, over the steps; where a run was resumed, what came after that step is void."""
        kept, void = [], math.inf
        for start in reversed(self.starts.index):
            records = self.records[self.records.start == start]
            kept.append(records[records.step < void])
            void = records.step.to_numpy(float).min(initial=void) if start in self.trained.index else void
        last = concat(kept[::-1] or [self.records]).drop_duplicates(["tag", "step"], keep="last")
        by_tag = last.sort_values("step", kind="stable").groupby("tag", sort=False)
        return {tag: rows.set_index("step")["value"] for tag, rows in by_tag}


def read_events(folder: Path) -> Events:
    """Return what the host recorded of the run in `folder`; what was cut off ends where it was.

    Raises
    ------
    ValueError
        If a file cannot be read, or if they are too large together.
    """
    paths = sorted(folder.glob(FILES))
    check_size(paths, EVENTS)
    # In the order of the first thing that each recorded.
    files = sorted(map(_read_file, paths), key=lambda file: np.nanmin([math.inf, file[1][0], *(r[1] for r in file[0])]))
    rows = [(number, *row) for number, (records, _) in enumerate(files) for row in records]
    records = DataFrame(rows, columns=["start", "tag", "time", "step", "value"])
    starts = DataFrame([told for _, told in files], columns=["begun", "optimizer", "by_lbfgs"])
    return Events(
        records.astype({"start": int, "tag": object, "time": float, "step": int, "value": float}),
        starts.astype({"begun": float, "optimizer": object, "by_lbfgs": bool}),
    )


def _read_file(path: Path) -> tuple[list[tuple[str, float, int, float]], tuple[float, str, bool]]:
    """Return the records of a start (tag, time, step and value, tag by tag), and its row in `Events.starts`."""
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
    tags = {kind: [tag for tag in events.Tags()[kind] if len(tag) <= LONGEST] for kind in (SCALARS, TENSORS)}
    if sum(map(len, tags.values())) > MOST_TAGS:
        raise ValueError(f"{path} cannot be read: it has more than {MOST_TAGS} scalars")
    rows = [(tag, event.wall_time, event.step, event.value) for tag in tags[SCALARS] for event in events.Scalars(tag)]
    tensors = [(tag, event) for tag in tags[TENSORS] for event in events.Tensors(tag)]
    # A text that another writer called so has no optimizer in it.
    told = [(event.wall_time, *_read_optimizer(event.tensor_proto)) for tag, event in tensors if tag == CONFIG_TAG]
    values = [(tag, event, event.tensor_proto.float_val) for tag, event in tensors if tag != CONFIG_TAG]
    rows += [(tag, event.wall_time, event.step, value[0]) for tag, event, value in values if len(value) == 1]
    return rows, told[-1] if told else (math.nan, "", False)


def _read_optimizer(tensor: Any) -> tuple[str, bool]:
    """Return the optimizer's name in the host's config, and whether it is an L-BFGS; nothing if it is no config."""
    try:
        text = tensor.string_val[0][:CONFIG].decode(errors="replace")
        config = parse_config(text.removeprefix("<pre>").removesuffix("</pre>"))
    except (IndexError, ValueError):
        return "", False
    target = str(select(config, "optimizer._target_") or "")
    return target.rpartition(".")[2], select(config, "optimizer._params_.compute_gradients") == LBFGS
