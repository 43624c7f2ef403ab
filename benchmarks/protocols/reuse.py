"""The problems of examples/reuse, of which the plugin knows nothing, over seeds."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from pathlib import Path

from benchmarks import runner
from benchmarks.protocols.schemes import (
    FEW_SEEDS,
    GRADIENT_RIVALS,
    GRADIENTS,
    HEADLINE,
    HEADLINE_SEEDS,
    QUICK_SEEDS,
    QUICK_STEPS,
)
from benchmarks.training import Training

FOLDER = Path("outputs/reuse")
PROBLEMS = ("conductivity", "heat", "composite_wall", "cavity")
STEPS = 5_000


def trainings(losses: Iterable[str], seeds: Iterable[int], steps: int = STEPS, folder: Path = FOLDER) -> list[Training]:
    """Return the trainings by the config of Adam that the problems share: by problem, by loss, by seed."""
    return [
        Training(
            protocol="reuse",
            script=f"examples/reuse/{problem}.py",
            config="first_order",
            sweep=folder / problem,
            problem=problem,
            setting="reuse",
            terms="its own",
            loss=loss,
            seed=seed,
            steps=steps,
            overrides=("cuda_graphs=false", f"training.max_steps={steps}"),
            rate=2e-3,
        )
        for problem, loss, seed in product(PROBLEMS, losses, seeds)
    ]


def full() -> list[Training]:
    """Return the trainings of the full protocol."""
    rivals = trainings(("relobralo_builtin", *GRADIENT_RIVALS), FEW_SEEDS)
    return [*trainings((*HEADLINE, GRADIENTS), HEADLINE_SEEDS), *rivals]


def quick() -> list[Training]:
    """Return the same trainings for fewer seeds and steps, in a folder of their own."""
    return trainings((*HEADLINE, GRADIENTS), QUICK_SEEDS, QUICK_STEPS, Path("outputs/reuse-quick"))


if __name__ == "__main__":
    runner.run(__doc__, full, quick)
