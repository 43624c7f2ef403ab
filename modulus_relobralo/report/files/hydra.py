"""Reads what Hydra keeps of a run: the problem's name, the balancing scheme and the config."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

HYDRA = Path(".hydra", "hydra.yaml")
CONFIG = Path(".hydra", "config.yaml")
# Of the name of an option whose values are not the defaults.
TUNED = "_tuned"


@dataclass(frozen=True)
class Settings:
    """What a program was started with; `tuned` says whether values of the loss were given."""

    problem: str
    scheme: str
    config: DictConfig
    max_steps: int
    summary_freq: int
    tuned: bool


def read_settings(folder: Path) -> Settings:
    """Return the settings of the training that Hydra ran in `folder`.

    Raises
    ------
    ValueError
        If its files cannot be read, or are of a program that trains nothing.
    """
    config = _load(folder / CONFIG) if (folder / CONFIG).is_file() else OmegaConf.create({})
    hydra = _load(folder / HYDRA)
    numbers = {}
    for name in ("max_steps", "summary_freq"):
        value = _select(config, f"training.{name}")
        if value is None:
            raise ValueError(f"{folder} is no training: {CONFIG.as_posix()} has no training.{name}.")
        if not isinstance(value, int) or value < 0:
            raise ValueError(f"{folder / CONFIG}: training.{name} must be a number of steps. Found {value!r}.")
        numbers[name] = value
    problem = _select(hydra, "hydra.job.name") or folder.name
    scheme = _select(hydra, "hydra.runtime.choices.loss") or "unknown"
    given = _select(hydra, "hydra.overrides.task") or []
    tuned = str(scheme).endswith(TUNED) or any(str(entry).lstrip("+").startswith("loss.") for entry in given)
    return Settings(str(problem), str(scheme), config, tuned=tuned, **numbers)


def _load(path: Path) -> DictConfig:
    try:
        config = OmegaConf.load(path)
    # Of the file system, of YAML and of OmegaConf, which have no common kind.
    except Exception as error:
        raise ValueError(f"{path} cannot be read: {type(error).__name__}: {error}") from error
    if not isinstance(config, DictConfig):
        raise ValueError(f"{path} cannot be read: it is no mapping.")
    return config


def _select(config: DictConfig, name: str) -> Any:
    try:
        return OmegaConf.select(config, name)
    # What can only be resolved where it ran, or has a parent that is no mapping: as good as missing.
    except Exception:
        return None
