"""A run as the tables and figures see it: its config, and what it recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

SEED = "custom.seed"


@dataclass(frozen=True)
class Series:
    """A scalar over the steps: two arrays of one length."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    @classmethod
    def from_dict(cls, values: Mapping[int, float]) -> Series:
        """Return values by step in the order of the steps."""
        steps = sorted(values)
        return cls(np.array(steps, dtype=np.int64), np.array([values[step] for step in steps], dtype=np.float64))

    def until(self, step: int) -> Series:
        """Return the series up to `step`, which is in it."""
        kept = self.steps <= step
        return Series(self.steps[kept], self.values[kept])


@dataclass(frozen=True)
class Field:
    """A variable at the validator's points: coordinates by name, and the exact and the predicted values."""

    coordinates: dict[str, NDArray[np.float64]]
    exact: NDArray[np.float64]
    predicted: NDArray[np.float64]

    @property
    def relative_error(self) -> float:
        """Return the norm of predicted - exact over that of exact; NaN or infinity where the exact field is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.linalg.norm(self.predicted - self.exact) / np.linalg.norm(self.exact))


@dataclass(frozen=True)
class Prediction:
    """A variable at the points of an inferencer: coordinates by name, and the predicted values; no exact ones."""

    coordinates: dict[str, NDArray[np.float64]]
    predicted: NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """One training: its config, and everything that it recorded, by name.

    Errors and fields go by the variable, or by validator and variable where several validators have that variable;
    predictions in the same way by the variable of an inferencer. Residuals are root mean squares at points that
    training did not use. `tuned` says whether the loss was given values of its own in place of its defaults.
    `status` is "finished", "unfinished" or "diverged", `reason` what is to be said of it. `window` names one of
    several trainings in a directory, `optimizers` those that took turns. `notes` say what of the numbers is missing.
    """

    folder: Path
    problem: str
    scheme: str
    config: DictConfig
    status: str
    reason: str = ""
    window: str = ""
    losses: dict[str, Series] = field(default_factory=dict)
    weights: dict[str, Series] = field(default_factory=dict)
    errors: dict[str, Series] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    residuals: dict[str, Series] = field(default_factory=dict)
    monitors: dict[str, Series] = field(default_factory=dict)
    predictions: dict[str, Prediction] = field(default_factory=dict)
    tuned: bool = False
    seconds: float = math.nan
    step_seconds: float = math.nan
    optimizers: tuple[str, ...] = ()
    by_lbfgs: bool = False
    notes: tuple[str, ...] = ()

    @property
    def diverged(self) -> bool:
        """Whether the loss ended at what is no number."""
        return self.status == "diverged"

    @property
    def seed(self) -> int | str | None:
        """The seed, if the config has one; a number, or a text for what else it may be."""
        try:
            value: Any = OmegaConf.select(self.config, SEED)
        # Given by a resolver that is known where it ran only, or under a custom that is no mapping.
        except Exception:
            container = OmegaConf.to_container(self.config, resolve=False)
            custom = container.get("custom") if isinstance(container, dict) else None
            value = custom.get("seed") if isinstance(custom, dict) else None
        return value if value is None or isinstance(value, int) else str(value)

    @property
    def label(self) -> str:
        """The balancing scheme and, where there are any, the seed and the window."""
        seed = "" if self.seed is None else f"seed {self.seed}"
        return ", ".join(filter(None, (self.scheme, seed, self.window)))

    @property
    def last_step(self) -> int:
        """The last step that was recorded, or -1."""
        recorded = (*self.losses.values(), *self.errors.values())
        return max((int(series.steps[-1]) for series in recorded if series.steps.size), default=-1)

    def last_loss(self, term: str) -> float | None:
        """Return the last value of a loss term; None if it was not recorded, or only before L-BFGS."""
        return None if self.by_lbfgs or term not in self.losses else float(self.losses[term].values[-1])
