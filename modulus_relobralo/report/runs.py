"""Runs as tables and figures see them, and how they are read from their folders."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pandas import Series

from modulus_relobralo.report.events import ERROR, FILES, LOSS, TOTAL, read_events
from modulus_relobralo.report.fields import Field, read_fields
from modulus_relobralo.report.safe_files import CONFIG as LARGEST
from modulus_relobralo.report.safe_files import parse_config, read_bytes
from modulus_relobralo.report.settings import CONFIG_NAME, SEED, Config, select
from modulus_relobralo.report.status import DIVERGED, judge, read_ending

HYDRA, CONFIG = Path(".hydra", "hydra.yaml"), Path(".hydra", "config.yaml")
DEFAULT = "config"
# Monitors of these names, as the documentation says: of weights, and of residuals at points of their own.
MONITOR = "Monitors/"
WEIGHTS, RESIDUALS = f"{MONITOR}weights/", f"{MONITOR}residuals/"
# What the host adds of its own: sizes of gradients, which say nothing of a solution.
GRADIENTS = f"{MONITOR}grad_"
# What natural gradients say of their steps.
STEPS = "Train/natural_gradients/"
# A spread of the exact field below this part of its size is lost in the host's single precision.
CONSTANT = 1e-5
WHY_LAST = "what the host logs is divided by the exact field's variance, which is 0"

Key = tuple[str, str]
T = TypeVar("T")
Recorded = dict[str, Series]
"""Values over the steps by name."""


@dataclass(frozen=True)
class Run:
    """One training: its config, and everything that it recorded, by name.

    Errors and fields go by the variable, or by validator and variable where several validators have that variable;
    predictions in the same way by the variable of an inferencer. Residuals are root mean squares at points that
    training did not use. `natural_gradients` has what that optimizer says of its steps. `choices` are the options of
    Hydra's groups, `overrides` the names that the command gave values to. `status` is "finished", "unfinished" or
    "diverged", `reason` what is to be said of it, `end` the last step, recorded or not. `window` names one of several
    trainings in a directory, `optimizers` those that took turns. `notes` say what of the numbers is missing.
    """

    folder: Path
    problem: str
    scheme: str
    config: Config
    status: str
    reason: str = ""
    end: int = -1
    window: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()
    losses: Recorded = field(default_factory=dict)
    weights: Recorded = field(default_factory=dict)
    errors: Recorded = field(default_factory=dict)
    residuals: Recorded = field(default_factory=dict)
    monitors: Recorded = field(default_factory=dict)
    natural_gradients: Recorded = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    predictions: dict[str, Field] = field(default_factory=dict)
    seconds: float = math.nan
    step_seconds: float = math.nan
    optimizers: tuple[str, ...] = ()
    by_lbfgs: bool = False
    notes: tuple[str, ...] = ()

    @property
    def squares(self) -> Recorded:
        """The mean squared errors."""
        return {name: error**2 * np.mean(self.fields[name].exact ** 2) for name, error in self.errors.items()}

    @property
    def diverged(self) -> bool:
        """Whether the loss ended at what is no number."""
        return self.status == DIVERGED

    @property
    def seed(self) -> int | str | None:
        """The seed, if the config has one; a number, or a text for what else it may be."""
        value = select(self.config, SEED)
        return value if value is None or isinstance(value, int) else str(value)

    @property
    def label(self) -> str:
        """The balancing scheme and, where there are any, the seed and the window."""
        seed = "" if self.seed is None else f"seed {self.seed}"
        return ", ".join(filter(None, (self.scheme, seed, self.window)))

    @property
    def last_step(self) -> int:
        """The last step that is known of, or -1."""
        recorded = (*self.losses.values(), *self.errors.values())
        return max([self.end, *(int(series.index[-1]) for series in recorded if len(series))])


# ----- folders


def find_trainings(folder: Path) -> list[Path]:
    """Return the folders of trainings in `folder` and below, run directories in the order of their names.

    A run directory is one training, unless it holds several in folders of its own, as the host's SequentialSolver
    leaves them: then it is these, in the order of their times. Such a folder is also found by itself.
    """
    found = [path.parent.parent for path in sorted(folder.rglob(HYDRA.as_posix()))]
    if not found and _has_events(folder) and _find_home(folder):
        return [folder]
    return [training for home in found for training in _find_windows(home) or [home]]


def _find_windows(home: Path) -> list[Path]:
    """Return the trainings that the run directory `home` holds in folders of its own; none if it is one itself."""
    if _has_events(home):
        return []
    # TensorBoard's names begin with the time.
    events = sorted(home.rglob(FILES), key=lambda path: path.name)
    return [*dict.fromkeys(path.parent for path in events if _find_home(path.parent) == home)]


def _find_home(folder: Path) -> Path | None:
    """Return the Hydra run directory that `folder` is, or is in."""
    return next((place for place in (folder, *folder.parents) if (place / HYDRA).is_file()), None)


def _has_events(folder: Path) -> bool:
    return folder.is_dir() and any(folder.glob(FILES))


# ----- reading


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
    home = _find_home(folder)
    if home is None or (home != folder and not _has_events(folder)):
        raise FileNotFoundError(f"{folder} is no Hydra run directory: it has no {HYDRA.as_posix()}.")
    windows = _find_windows(folder) if home == folder else []
    if windows:
        names = ", ".join(window.relative_to(folder).as_posix() for window in windows)
        raise ValueError(f"{folder} holds a training in each of these folders, which are read one by one: {names}.")
    try:
        return _read(folder, home)
    # Also of what is too large: it costs this run, and no other.
    except (OSError, MemoryError, RecursionError) as error:
        raise ValueError(f"{folder} cannot be read: {type(error).__name__}: {error}") from error


def read_runs(folders: Iterable[Path]) -> tuple[list[Run], list[str]]:
    """Return the runs in `folders`, each once, and a line for each folder that cannot be read, with the reason."""
    known: dict[Path, Path] = {}
    for folder in folders:
        known.setdefault(folder.resolve(), folder)
    runs, failures = [], []
    for folder in known.values():
        try:
            runs.append(read_run(folder))
        except (OSError, ValueError) as error:
            failures.append(str(error))
    return runs, failures


def _read(folder: Path, home: Path) -> Run:
    (asked, wanted), events = _read_hydra(home), read_events(folder)
    window = "" if folder == home else folder.relative_to(home).as_posix()
    scalars = events.scalars()
    losses = {k: v for k, v in _of_tag(scalars, LOSS).items() if f"{LOSS}{k}" != TOTAL}
    recorded = max((int(series.index[-1]) for series in losses.values()), default=-1)
    ending = judge(
        read_ending(home, asked["problem"], Path(window).name),
        finite=all(np.isfinite(series.iloc[-1]) for series in losses.values()),
        # The losses before L-BFGS are those of the optimizer before it, at the same step.
        last_step=events.last_step if events.by_lbfgs else recorded,
        by_lbfgs=events.by_lbfgs,
        may_stop=select(asked["config"], "stop_criterion.metric") is not None,
        **wanted,
    )
    # An evaluation may have written a field at an earlier step than the last.
    written = {_key(tag): step for tag, step in events.last_steps.items() if ERROR in tag}
    fields, said = _read_fields(folder / "validators")
    fields = {key: replace(entry, step=written.get(key)) for key, entry in fields.items()}
    predictions, left_out = _read_fields(folder / "inferencers")
    errors, sizes, missing = relative_errors(scalars, fields)
    return Run(
        folder=folder,
        status=ending.status,
        reason=ending.reason,
        end=ending.step,
        window=window,
        losses=losses,
        weights=_of_tag(scalars, WEIGHTS),
        errors=_name_variables(errors, fields),
        residuals={**_name_variables(sizes, fields), **_of_tag(scalars, RESIDUALS)},
        monitors=_of_tag(scalars, MONITOR, but=(WEIGHTS, RESIDUALS, GRADIENTS)),
        natural_gradients=_of_tag(scalars, STEPS),
        fields=_name_variables(fields, fields),
        predictions=_name_variables(predictions, predictions),
        seconds=events.seconds,
        step_seconds=events.step_seconds,
        optimizers=events.optimizers,
        by_lbfgs=events.by_lbfgs,
        notes=(*said, *left_out, *missing),
        **asked,
    )


def _read_hydra(home: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """Return what Hydra kept of a training: its names and config, and the numbers of steps in it.

    Raises
    ------
    ValueError
        If its files cannot be read, or are of a program that trains nothing.
    """
    config = _load(home / CONFIG) if (home / CONFIG).is_file() else {}
    hydra = _load(home / HYDRA)
    wanted = {}
    for name in ("max_steps", "summary_freq"):
        value = select(config, f"training.{name}")
        if value is None:
            raise ValueError(f"{home} is no training: {CONFIG.as_posix()} has no training.{name}.")
        if not isinstance(value, int) or value < 0:
            raise ValueError(f"{home / CONFIG}: training.{name} must be a number of steps. Found {value!r}.")
        wanted[name] = value
    options, given = select(hydra, "hydra.runtime.choices"), select(hydra, "hydra.overrides.task")
    # Not those of Hydra itself, and not one group put in another's place.
    choices = {k: str(v) for k, v in (options if isinstance(options, dict) else {}).items() if not {*"/@"} & {*str(k)}}
    config_name = select(hydra, "hydra.job.config_name")
    overrides = (str(entry).lstrip("+~").partition("=")[0] for entry in (given if isinstance(given, list) else []))
    return {
        "problem": str(select(hydra, "hydra.job.name") or home.name),
        "scheme": choices.get("loss", "unknown"),
        "config": config,
        # What a program starts with by itself needs no name.
        "choices": {CONFIG_NAME: "" if config_name in (None, DEFAULT) else str(config_name), **choices},
        "overrides": tuple(overrides),
    }, wanted


def _load(path: Path) -> Config:
    content = read_bytes(path, LARGEST)
    try:
        return parse_config(content.decode())
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def _read_fields(folder: Path) -> tuple[dict[Key, Field], list[str]]:
    """Return the fields in all files of a folder by file and variable, and what is to be said of them."""
    fields: dict[Key, Field] = {}
    notes = []
    for path in sorted(folder.glob("*.npz")):
        found, said = read_fields(path)
        fields.update({(path.stem, variable): entry for variable, entry in found.items()})
        notes += said
    return fields, notes


def _name_variables(entries: Mapping[Key, T], known: Iterable[Key]) -> dict[str, T]:
    """Return entries by variable, with the file where several of those `known` have it."""
    times = Counter(variable for _, variable in known)
    return {key[1] if times[key[1]] == 1 else ".".join(key): entry for key, entry in entries.items()}


def _of_tag(scalars: Recorded, begin: str, but: tuple[str, ...] = ()) -> Recorded:
    """Return the scalars whose tags begin so by the rest of the tag, without those that begin as one of `but`."""
    tags = [tag for tag in scalars if tag.startswith(begin) and not tag.startswith(but)]
    return {tag.removeprefix(begin): scalars[tag] for tag in tags}


# ----- errors


def relative_errors(
    scalars: Mapping[str, Series], fields: Mapping[Key, Field]
) -> tuple[dict[Key, Series], dict[Key, Series], list[str]]:
    """Return relative L2 errors over the steps and sizes of residuals by validator and variable, and what to say.

    The host divides an error by the standard deviation of the exact field; here it is divided by its root mean square.
    A validator whose exact values are 0 everywhere is of residuals, or of a variable that should vanish: its size is
    the root mean square at the last validation. `scalars` go by TensorBoard's tag; `fields`, by validator and variable,
    are those of the last validation.
    """
    logged = {_key(tag): series for tag, series in scalars.items() if ERROR in tag}
    errors, sizes, notes = {}, {}, []
    for key, found in fields.items():
        if key not in logged or found.step is None or not found.exact.size:
            continue
        place, exact = f"{key[1]} ({key[0]})", found.exact
        size = float(np.sqrt(np.mean(exact**2)))
        if not size:
            sizes[key] = Series({found.step: float(np.sqrt(np.mean(found.predicted**2)))})
            notes.append(f"no relative error of {place}: the exact field is 0, so its size is shown")
        elif float(np.std(exact)) > CONSTANT * size:
            errors[key] = logged[key] * np.std(exact, ddof=1) / size
        else:
            errors[key] = Series({found.step: found.relative_error})
            notes.append(f"the error of {place} is of the last field only: {WHY_LAST}")
    return errors, sizes, notes


def _key(tag: str) -> Key:
    """Return the two of the host's tag of an error, such as ``Validators/exact/l2_relative_error_u``."""
    place, _, variable = tag.partition(ERROR)
    return place.rpartition("/")[-1], variable
