"""One training of a protocol: what is run, where it lies, and what its row is known by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.records import ROOT

# Loss terms with the boundary conditions summed over the edges, and with one for each edge.
TERMS = {"aggregated": False, "per_edge": True}
# What a step costs, in steps on Helmholtz.
COST = {"helmholtz": 1, "kirchhoff": 2}
Parameters = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Training:
    """One training of an example. Those that differ in `loss` and `seed` only are launched together.

    Parameters
    ----------
    protocol : str
        The name of its file in benchmarks/results/.
    script, config : str
        The example, relative to the root, and its ``--config-name``.
    sweep : Path
        The folder of all trainings that are launched with it, relative to the root.
    problem, setting, terms, optimizer : str
        What is trained, by which config, with which loss terms, by what.
    loss : str
        The balancing scheme; `parameters` are values of its own in place of its defaults.
    seed, steps : int
        Where it begins, and how long it is trained.
    overrides : tuple of str
        All that it changes in the config, besides loss and seed.
    rate : float, optional
        The first learning rate, where there is one.
    cost : int
        What a step costs, in steps on Helmholtz: what is left of a sweep's time is told from it.
    """

    protocol: str
    script: str
    config: str
    sweep: Path
    problem: str
    setting: str
    terms: str
    loss: str
    seed: int
    steps: int
    overrides: tuple[str, ...]
    parameters: Parameters = ()
    optimizer: str = "adam"
    rate: float | None = None
    cost: int = 1

    @property
    def run_dir(self) -> Path:
        """Its Hydra run directory, absolute."""
        return ROOT / self.sweep / self.loss / f"seed-{self.seed}"

    @property
    def work(self) -> int:
        """What it costs in all, in steps on Helmholtz."""
        return self.steps * self.cost

    def key(self) -> dict[str, Any]:
        """Return what its row is known by."""
        return {
            "problem": self.problem,
            "setting": self.setting,
            "terms": self.terms,
            "loss": self.loss,
            "parameters": dict(self.parameters),
            "optimizer": self.optimizer,
            "learning rate": self.rate,
            "max steps": self.steps,
            "seed": self.seed,
        }


def of_example(problem: str, **given: Any) -> Training:
    """Return a training of one of the article's two examples; `given` is everything but script and cost."""
    return Training(script=f"examples/{problem}/{problem}.py", problem=problem, cost=COST[problem], **given)


def recorded(steps: int, every: int | None = None) -> tuple[str, ...]:
    """Return how long is trained, and what is written down: `every` so many steps, or 200 times in all.

    Three of four records are without a validation before them: a step's median wall time is then without it.
    """
    often, rarely = (every, 4 * every) if every else (max(1, steps // 200), max(1, steps // 50))
    return (
        f"training.max_steps={steps}",
        f"training.summary_freq={often}",
        f"training.rec_monitor_freq={often}",
        f"training.rec_validation_freq={rarely}",
    )


def of_loss(parameters: Parameters) -> tuple[str, ...]:
    """Return parameters of a loss as overrides."""
    return tuple(f"loss.{name}={value:.6g}" for name, value in parameters)
