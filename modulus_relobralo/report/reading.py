"""Reads a run from its folder: the files that the host, Hydra and the weight monitor wrote."""

from __future__ import annotations

import csv
import itertools
import logging
import math
import pickle
import statistics
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from modulus_relobralo.report.run import Field, Run, Series

# Its reader reports every file that it has read to the end.
logging.getLogger("tensorboard").setLevel(logging.WARNING)

LOSS, ERROR = "Train/loss_", "/l2_relative_error_"
# A file that is being written or was cut off, is none of NumPy's, or is one of NumPy 2 read by NumPy 1.
UNREADABLE = (OSError, EOFError, ValueError, KeyError, ImportError, zipfile.BadZipFile, pickle.UnpicklingError)
# What the host logs before it stops at such a loss.
NOT_FINITE = "loss went to INFs/NaNs"


def read_run(folder: Path | str) -> Run:
    """Read the run in `folder`, the Hydra run directory.

    Raises
    ------
    FileNotFoundError
        If it is no run directory of a Hydra program.
    ValueError
        If its config is none of a training, or if a validator's file cannot be read.
    """
    folder = Path(folder)
    hydra_file = folder / ".hydra" / "hydra.yaml"
    if not hydra_file.is_file():
        raise FileNotFoundError(f"{folder} is no Hydra run directory: it has no {hydra_file.relative_to(folder)}.")
    hydra: Any = OmegaConf.load(hydra_file)
    config: Any = _read_config(folder)
    scalars, seconds, step_seconds = _read_scalars(folder)
    files = sorted((folder / "validators").glob("*.npz"))
    fields = {key: entry for file in files for key, entry in _read_fields(file).items()}
    names = _name_variables(fields)
    losses = {
        tag.removeprefix(LOSS): series
        for tag, series in scalars.items()
        if tag.startswith(LOSS) and tag != f"{LOSS}aggregated"
    }
    return Run(
        folder=folder,
        problem=str(hydra.hydra.job.name),
        scheme=str(hydra.hydra.runtime.choices.get("loss", "unknown")),
        config=config,
        losses=losses,
        weights=_read_weights(folder / "monitors" / "weights.csv"),
        errors={
            names[key]: _relative_error(series, fields[key])
            for tag, series in scalars.items()
            for key in [_validator_and_variable(tag)]
            if key in fields
        },
        fields={names[key]: entry for key, entry in fields.items()},
        seconds=seconds,
        step_seconds=step_seconds,
        diverged=_has_diverged(folder, losses),
    )


def _read_config(folder: Path) -> Any:
    path = folder / ".hydra" / "config.yaml"
    config = OmegaConf.load(path) if path.is_file() else OmegaConf.create()
    missing = [name for name in ("max_steps", "summary_freq") if OmegaConf.select(config, f"training.{name}") is None]
    if missing:
        raise ValueError(f"{folder} is no training: {path.relative_to(folder)} has no training.{missing[0]}.")
    return config


def _has_diverged(folder: Path, losses: dict[str, Series]) -> bool:
    if any(not np.isfinite(series.values[-1]) for series in losses.values()):
        return True
    return any(ends_not_finite(path.read_text(errors="replace")) for path in folder.glob("*.log"))


def ends_not_finite(log: str) -> bool:
    """Whether the host's log of a training ends at a loss that was not finite."""
    # Under AMP the host says the same of a step that its grad scaler skips, and trains on.
    steps = [line for line in log.splitlines() if "[step:" in line]
    return bool(steps) and NOT_FINITE in steps[-1]


def _read_scalars(folder: Path) -> tuple[dict[str, Series], float, float]:
    """Return the scalars in the run's TensorBoard files, and what `_durations` makes of the losses."""
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    events: dict[str, list[tuple[float, int, float]]] = {
        tag: [(event.wall_time, event.step, event.value) for event in accumulator.Scalars(tag)]
        for tag in tags["scalars"]
    }
    for tag in tags["tensors"]:
        # The host writes scalars in TensorBoard's newer form, as tensors; its text is a tensor too.
        tensors = [(e.wall_time, e.step, e.tensor_proto) for e in accumulator.Tensors(tag)]
        if tensors and len(tensors[0][2].float_val) == 1:
            events[tag] = [(wall_time, step, proto.float_val[0]) for wall_time, step, proto in tensors]
    series = {tag: _series({step: value for _, step, value in entries}) for tag, entries in events.items()}
    durations = [_durations(entries) for tag, entries in events.items() if tag.startswith(LOSS)]
    return series, *max(durations, default=(math.nan, math.nan))


def _series(values: dict[int, float]) -> Series:
    """Return values by step in the order of the steps; what a resumed run recorded again counts."""
    steps = sorted(values)
    return Series(np.array(steps), np.array([values[step] for step in steps]))


def _durations(events: list[tuple[float, int, float]]) -> tuple[float, float]:
    """Return the seconds between the first event and the last, and those of one step.

    Pauses before a resumed run, which goes back in steps, do not count. A step takes the median over the intervals
    between events, so that neither compiling nor the validator is in it.
    """
    pairs = [(after[0] - before[0], after[1] - before[1]) for before, after in itertools.pairwise(events)]
    pairs = [(seconds, steps) for seconds, steps in pairs if steps > 0]
    per_step = [seconds / steps for seconds, steps in pairs]
    return sum(seconds for seconds, _ in pairs), statistics.median(per_step) if per_step else math.nan


def _relative_error(logged: Series, field: Field) -> Series:
    """Return |predicted - exact| / |exact| of what the host logs under that name.

    The host divides by the standard deviation of the exact field, so its number is larger where the mean is not 0.
    """
    exact = field.exact
    return Series(logged.steps, logged.values * np.std(exact, ddof=1) / np.sqrt(np.mean(exact**2)))


def _read_weights(path: Path) -> dict[str, Series]:
    if not path.is_file():
        return {}
    with path.open(newline="") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    # A run that was killed may have left a torn row.
    table = np.array([[float(cell) for cell in row] for row in rows if len(row) == len(header)])
    if not table.size:
        return {}
    steps = table[:, 0].astype(np.int64)
    return {name: Series(steps, table[:, column]) for column, name in enumerate(header) if name != "step"}


def _validator_and_variable(tag: str) -> tuple[str, str]:
    """Return the two of the host's tag of an error, such as ``Validators/exact/l2_relative_error_u``."""
    place, _, variable = tag.partition(ERROR)
    return place.rpartition("/")[-1], variable


def _read_fields(path: Path) -> dict[tuple[str, str], Field]:
    """Return the fields in a validator's file by the names of validator and variable."""
    try:
        # The host stores one dictionary of arrays, as an object.
        arrays: dict[str, Any] = np.load(path, allow_pickle=True)["arr_0"].item()
    except UNREADABLE as error:
        raise ValueError(f"{path} cannot be read: {type(error).__name__}: {error}") from error
    arrays = {name: array.reshape(-1).astype(np.float64) for name, array in arrays.items()}
    coordinates = {name: arrays[name] for name in arrays if not name.startswith(("true_", "pred_"))}
    variables = [name.removeprefix("true_") for name in arrays if name.startswith("true_")]
    return {
        (path.stem, variable): Field(coordinates, arrays[f"true_{variable}"], arrays[f"pred_{variable}"])
        for variable in variables
    }


def _name_variables(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the variable for each pair of validator and variable, with the validator where that is ambiguous."""
    times = Counter(variable for _, variable in keys)
    return {
        (validator, variable): variable if times[variable] == 1 else f"{validator}.{variable}"
        for validator, variable in keys
    }
