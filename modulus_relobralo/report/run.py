"""A run as the tables and figures see it: its config, and what it recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf


@dataclass(frozen=True)
class Series:
    """A scalar over the steps: two arrays of one length."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Field:
    """A variable at the validator's points: coordinates by name, and the exact and the predicted values."""

    coordinates: dict[str, NDArray[np.float64]]
    exact: NDArray[np.float64]
    predicted: NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """One training: its config, and everything that it recorded, by name.

    Errors and fields go by the variable, or by validator and variable where several validators have that variable.
    """

    folder: Path
    problem: str
    scheme: str
    config: DictConfig
    losses: dict[str, Series] = field(default_factory=dict)
    weights: dict[str, Series] = field(default_factory=dict)
    errors: dict[str, Series] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    seconds: float = math.nan
    step_seconds: float = math.nan
    diverged: bool = False

    @property
    def seed(self) -> Any:
        """The seed, if the config has one."""
        return OmegaConf.select(self.config, "custom.seed")

    @property
    def label(self) -> str:
        """The balancing scheme and, if the config has one, the seed."""
        return self.scheme if self.seed is None else f"{self.scheme}, seed {self.seed}"

    @property
    def last_step(self) -> int:
        """The last step that was recorded, or -1."""
        return max((int(series.steps[-1]) for series in self.losses.values()), default=-1)

    @property
    def status(self) -> str:
        """Whether the run is "finished", "unfinished" or "diverged".

        The host stops at a loss that is not finite, mostly before it records it, and says so in its log. Without a
        log in the run's folder (``hydra/job_logging=default`` writes one) such a run is unfinished.
        """
        if self.diverged:
            return "diverged"
        # What is recorded every n steps need not include the last one.
        recorded_every = int(self.config.training.summary_freq)
        finished = self.last_step > int(self.config.training.max_steps) - recorded_every
        return "finished" if self.losses and finished else "unfinished"
