"""Problems in a training loop of one's own: their points, loss terms and records, without a host."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "AdaptivePoints": "adaptive_points",
    "LossTerms": "loss_terms",
    "Points": "loss_terms",
    "problem_networks": "networks",
    # Loaded when it is used: it needs TensorBoard.
    "Records": "records",
    "Residuals": "residuals",
    "Solution": "solution",
    "solve": "solution",
    "solve_in_windows": "windows",
    "take_step": "loss_terms",
    "Windows": "windows",
}
_PROBLEMS = ("Samples", "samples")

__all__ = [*_HOMES, *_PROBLEMS]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in _PROBLEMS:
        return getattr(importlib.import_module("modulus_relobralo.problems.sampling"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
