"""Whether the host's stop criterion was met, by what was recorded: the host says so in its log only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf

from modulus_relobralo.report.files.tensorboard import LOSS, TOTAL
from modulus_relobralo.report.run import Series


def has_stopped(config: DictConfig, scalars: Mapping[str, Series]) -> bool | None:
    """Return whether a training was ended by its stop criterion.

    Parameters
    ----------
    config : DictConfig
        The host's; its ``stop_criterion`` counts.
    scalars : mapping of str to Series
        What was recorded since the last start, by TensorBoard's tag: the host forgets the best value at a restart.

    Returns
    -------
    bool or None
        None if there is a criterion, and its metric was not recorded at every step at which the host asked for it.
    """
    try:
        options: Any = OmegaConf.to_container(OmegaConf.select(config, "stop_criterion"), resolve=True)
        metric, frequency, mode = options["metric"], int(options["freq"]), options["mode"]
        delta, patience = float(options["min_delta"]), float(options["patience"])
    # Other hosts and other programs have none.
    except Exception:
        return False
    if metric is None:
        return False
    series = _find_metric(str(metric), scalars)
    asked = series.steps % max(frequency, 1) == 0 if series else np.array([])
    if series is None or not asked.any() or np.any(np.diff(series.steps[asked]) != frequency):
        return None
    return is_met(series.values[asked].tolist(), delta, patience / frequency, mode)


def is_met(values: list[float], delta: float, patience: float, mode: str) -> bool:
    """Return whether the best of `values` stood unbeaten by `delta` for `patience` of them, as the host counts it."""
    sign = -1.0 if mode == "max" else 1.0
    best, waited = sign * values[0], 0
    for value in (sign * value for value in values[1:]):
        if value > best - delta:
            best = min(best, value)
            waited += 1
            if waited >= patience:
                return True
        else:
            best, waited = value, 0
    return False


def _find_metric(name: str, scalars: Mapping[str, Series]) -> Series | None:
    """Return the one series that the host's criterion may mean by `name`."""
    tags = [TOTAL] if name == "loss" else [tag for tag in scalars if tag == f"{LOSS}{name}" or tag.endswith(f"/{name}")]
    found = [scalars[tag] for tag in tags if tag in scalars]
    return found[0] if len(found) == 1 else None
