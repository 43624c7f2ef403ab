"""What tuning.py searches: each scheme's own parameters, and the points that it begins with."""

from __future__ import annotations

from dataclasses import dataclass

import optuna


@dataclass(frozen=True)
class Parameter:
    """A number between two bounds; `near_one`: one whose distance to 1 lies between them, and counts."""

    low: float
    high: float
    log: bool = True
    near_one: bool = False

    def suggest(self, trial: optuna.Trial, name: str) -> float:
        """Return a value for a trial, a whole number between whole bounds."""
        if isinstance(self.low, int) and self.log:
            return trial.suggest_int(name, self.low, int(self.high), log=True)
        asked = trial.suggest_float(f"1 - {name}" if self.near_one else name, self.low, self.high, log=self.log)
        return 1 - asked if self.near_one else asked


MEMORY, TEMPERATURE = Parameter(1e-4, 0.1, near_one=True), Parameter(1e-3, 10.0)
# What is searched. SoftAdapt, as the host has it, has nothing to tune.
SPACES = {
    "relobralo": {"alpha": MEMORY, "temperature": TEMPERATURE, "rho": MEMORY},
    "relobralo_builtin": {"alpha": MEMORY, "tau": TEMPERATURE, "beta": MEMORY},
    "lr_annealing": {"alpha": Parameter(1e-3, 0.5), "update_freq": Parameter(1, 100)},
    "grad_norm": {"alpha": Parameter(0.0, 3.0, log=False)},
}
# The points to begin with: the published defaults, and what had been found before this study.
POINTS = {
    "relobralo": [
        {"1 - alpha": 1e-3, "temperature": 0.1, "1 - rho": 0.01},
        {"1 - alpha": 1e-3, "temperature": 0.01, "1 - rho": 1e-3},
        # What the search found on Helmholtz for the host's, whose formula is the same.
        {"1 - alpha": 0.01324, "temperature": 0.003508, "1 - rho": 0.08698},
    ],
    "relobralo_builtin": [{"1 - alpha": 0.05, "tau": 1.0, "1 - beta": 0.01}],
    "lr_annealing": [{"alpha": 0.01, "update_freq": 1}],
    "grad_norm": [{"alpha": 1.0}],
}


def suggest(trial: optuna.Trial, loss: str) -> dict[str, float]:
    """Return parameters of a scheme for a trial."""
    return {name: parameter.suggest(trial, name) for name, parameter in SPACES[loss].items()}
