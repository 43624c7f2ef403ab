"""What tuning.py searches: each scheme's own parameters, and the points that it begins with."""

from __future__ import annotations

from collections.abc import Callable

import optuna


def near_one(trial: optuna.Trial, name: str) -> float:
    """Suggest a number from 0.9 to 0.9999, whose distance to 1 counts."""
    return 1 - trial.suggest_float(f"1 - {name}", 1e-4, 0.1, log=True)


def of_relobralo(trial: optuna.Trial) -> dict[str, float]:
    return {
        "alpha": near_one(trial, "alpha"),
        "temperature": trial.suggest_float("temperature", 1e-3, 10, log=True),
        "rho": near_one(trial, "rho"),
    }


def of_relobralo_builtin(trial: optuna.Trial) -> dict[str, float]:
    return {
        "alpha": near_one(trial, "alpha"),
        "tau": trial.suggest_float("tau", 1e-3, 10, log=True),
        "beta": near_one(trial, "beta"),
    }


def of_lr_annealing(trial: optuna.Trial) -> dict[str, float]:
    return {
        "alpha": trial.suggest_float("alpha", 1e-3, 0.5, log=True),
        "update_freq": trial.suggest_int("update_freq", 1, 100, log=True),
    }


def of_grad_norm(trial: optuna.Trial) -> dict[str, float]:
    return {"alpha": trial.suggest_float("alpha", 0, 3)}


# What is searched, and the points to begin with: the published defaults, and what had been found before this study.
# SoftAdapt, as the host has it, has nothing to tune.
Space = tuple[Callable[[optuna.Trial], dict[str, float]], list[dict[str, float]]]
SPACES: dict[str, Space] = {
    "relobralo": (
        of_relobralo,
        [
            {"1 - alpha": 1e-3, "temperature": 0.1, "1 - rho": 0.01},
            {"1 - alpha": 1e-3, "temperature": 0.01, "1 - rho": 1e-3},
            # What the search found on Helmholtz for the host's, whose formula is the same.
            {"1 - alpha": 0.01324, "temperature": 0.003508, "1 - rho": 0.08698},
        ],
    ),
    "relobralo_builtin": (of_relobralo_builtin, [{"1 - alpha": 0.05, "tau": 1.0, "1 - beta": 0.01}]),
    "lr_annealing": (of_lr_annealing, [{"alpha": 0.01, "update_freq": 1}]),
    "grad_norm": (of_grad_norm, [{"alpha": 1.0}]),
}
