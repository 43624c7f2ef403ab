"""Reads runs from their folders, out of what the readers in `files` find there."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from modulus_relobralo.report.errors import Key, name_variables, relative_errors, residual_sizes
from modulus_relobralo.report.files.fields import read_fields, read_predictions
from modulus_relobralo.report.files.hydra import HYDRA, Settings, read_settings
from modulus_relobralo.report.files.log import Ending, read_ending
from modulus_relobralo.report.files.tensorboard import LOSS, MONITOR, TOTAL, Part, has_events, merge, read_parts
from modulus_relobralo.report.files.weights import read_weights
from modulus_relobralo.report.folders import find_home, find_windows, unique
from modulus_relobralo.report.run import Field, Prediction, Run, Series
from modulus_relobralo.report.status import Judgement, judge
from modulus_relobralo.report.stop_criterion import has_stopped

# Monitors of these names, as the documentation says: of weights, and of residuals at points of their own.
WEIGHTS, RESIDUALS = f"{MONITOR}weights/", f"{MONITOR}residuals/"
# What the host adds of its own: sizes of gradients, which say nothing of a solution.
GRADIENTS = f"{MONITOR}grad_"


def read_run(folder: Path | str) -> Run:
    """Read the run in `folder`: the Hydra run directory, or the folder of one of several trainings in it.

    Raises
    ------
    FileNotFoundError
        If it is no run directory of a Hydra program.
    ValueError
        If its config is none of a training, if one of its files cannot be read, or if it holds several trainings.
    """
    folder = Path(folder)
    home = find_home(folder)
    if home is None or (home != folder and not has_events(folder)):
        raise FileNotFoundError(f"{folder} is no Hydra run directory: it has no {HYDRA.as_posix()}.")
    windows = find_windows(folder) if home == folder else []
    if windows:
        names = ", ".join(window.relative_to(folder).as_posix() for window in windows)
        raise ValueError(f"{folder} holds a training in each of these folders, which are read one by one: {names}.")
    try:
        return _read(folder, home, folder.relative_to(home).as_posix() if folder != home else "")
    except OSError as error:
        raise ValueError(f"{folder} cannot be read: {type(error).__name__}: {error}") from error


def read_runs(folders: Iterable[Path]) -> tuple[list[Run], list[str]]:
    """Return the runs in `folders`, each once, and a line for each folder that cannot be read, with the reason."""
    runs, failures = [], []
    for folder in unique(folders):
        try:
            runs.append(read_run(folder))
        except (OSError, ValueError) as error:
            failures.append(str(error))
    return runs, failures


def _read(folder: Path, home: Path, window: str) -> Run:
    settings = read_settings(home)
    parts = read_parts(folder)
    scalars, trained = merge(parts), [part for part in parts if part.trains]
    losses = {
        tag.removeprefix(LOSS): series for tag, series in scalars.items() if tag.startswith(LOSS) and tag != TOTAL
    }
    fields, notes = _read_validators(folder)
    predictions, left_out = _read_inferencers(folder)
    names = name_variables(fields)
    errors, said = relative_errors(scalars, fields)
    weights, torn = _read_weights(folder)
    status, reason = _judge(settings, trained, losses, read_ending(home, settings.problem, Path(window).name))
    sizes = residual_sizes(scalars, fields)
    return Run(
        folder=folder,
        problem=settings.problem,
        scheme=settings.scheme,
        config=settings.config,
        status=status,
        reason=reason,
        window=window,
        losses=losses,
        weights=weights,
        errors={names[key]: series for key, series in errors.items()},
        fields={names[key]: entry for key, entry in fields.items()},
        residuals={**{names[key]: series for key, series in sizes.items()}, **_of_tag(scalars, RESIDUALS)},
        monitors=_of_tag(scalars, MONITOR, but=(WEIGHTS, RESIDUALS, GRADIENTS)),
        predictions=predictions,
        tuned=settings.tuned,
        notes=(*notes, *left_out, *said, *torn),
        **_of_parts(trained),
    )


def _of_parts(parts: Sequence[Part]) -> dict[str, Any]:
    """Return what a run has of its parts: times, and the optimizers that took turns.

    The pause before a resumed run does not count. A step takes the median over the intervals between records, so that
    neither compiling nor the validator is in it.
    """
    names = [part.optimizer for part in parts if part.optimizer]
    by_lbfgs = bool(parts) and parts[-1].by_lbfgs
    per_step = [seconds for part in parts for seconds in part.step_seconds]
    return {
        "seconds": sum(part.seconds for part in parts) if parts else math.nan,
        "step_seconds": statistics.median(per_step) if per_step and not by_lbfgs else math.nan,
        "optimizers": tuple(name for name, _ in groupby(names)),
        "by_lbfgs": by_lbfgs,
    }


def _read_validators(folder: Path) -> tuple[dict[Key, Field], list[str]]:
    fields, notes = {}, []
    for path in sorted((folder / "validators").glob("*.npz")):
        found, said = read_fields(path)
        fields.update({(path.stem, variable): entry for variable, entry in found.items()})
        notes += said
    return fields, notes


def _read_inferencers(folder: Path) -> tuple[dict[str, Prediction], list[str]]:
    found: dict[Key, Prediction] = {}
    notes = []
    for path in sorted((folder / "inferencers").glob("*.npz")):
        predictions, said = read_predictions(path)
        found.update({(path.stem, variable): entry for variable, entry in predictions.items()})
        notes += said
    names = name_variables(found)
    return {names[key]: entry for key, entry in found.items()}, notes


def _of_tag(scalars: dict[str, Series], begin: str, but: tuple[str, ...] = ()) -> dict[str, Series]:
    """Return the scalars whose tags begin so by the rest of the tag, without those that begin as one of `but`."""
    tags = [tag for tag in scalars if tag.startswith(begin) and not tag.startswith(but)]
    return {tag.removeprefix(begin): scalars[tag] for tag in tags}


def _read_weights(folder: Path) -> tuple[dict[str, Series], list[str]]:
    try:
        return read_weights(folder), []
    # A run without its weights is a run still.
    except ValueError as error:
        return {}, [str(error)]


def _judge(settings: Settings, parts: Sequence[Part], losses: dict[str, Series], ending: Ending | None) -> Judgement:
    """Return the status of a training whose parts are `parts`, and the reason if it is unfinished."""
    last = parts[-1] if parts else Part()
    recorded = max((int(series.steps[-1]) for series in losses.values()), default=-1)
    return judge(
        ending,
        finite=all(np.isfinite(series.values[-1]) for series in losses.values()),
        # The losses before L-BFGS are those of the optimizer before it, at the same step.
        last_step=last.last_step if last.by_lbfgs else recorded,
        max_steps=settings.max_steps,
        summary_freq=settings.summary_freq,
        by_lbfgs=last.by_lbfgs,
        stopped=has_stopped(settings.config, merge([last])),
    )
