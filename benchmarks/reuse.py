"""The problems of examples/reuse, of which the plugin knows nothing, over seeds: the protocol of benchmarks/README.md.

    python benchmarks/reuse.py [--quick] [--jobs 2] [--plan | --report] [--losses sum relobralo ...] [--seeds 0 1 ...]

Finished trainings are not run again, interrupted ones resume. Writes the numbers of every run to
benchmarks/results/reuse.jsonl, tables and figures to docs/results/reuse/; those of --quick, and without --publish those
of a part, to the folder `report` beside the runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import ClassVar

import accuracy
from protocol import (
    FEW_SEEDS,
    GRADIENT_RIVALS,
    GRADIENTS,
    HEADLINE,
    HEADLINE_SEEDS,
    QUICK_SEEDS,
    QUICK_STEPS,
    ROOT,
    Training,
)

PROBLEMS = ("conductivity", "heat", "composite_wall", "cavity")
STEPS = 5_000


@dataclass(frozen=True)
class ReuseTraining(Training):
    """A training of one of the problems by the config that they share."""

    folder: Path = Path("outputs/reuse")

    config: ClassVar[str] = "config"

    @property
    def script(self) -> str:
        """The example, relative to the root."""
        return f"examples/reuse/{self.problem}.py"

    @property
    def cost(self) -> int:
        """What it costs, in steps; a step takes about as long in each."""
        return self.steps

    @property
    def sweep(self) -> Path:
        """The folder of all trainings that are launched with it, relative to the root."""
        return self.folder / self.problem

    @property
    def overrides(self) -> list[str]:
        """What it changes in the config, besides loss and seed."""
        return ["cuda_graphs=false", f"training.max_steps={self.steps}"]


def trainings(losses: Iterable[str], seeds: Iterable[int], steps: int, folder: Path) -> list[Training]:
    """Return the trainings by problem, by loss, by seed."""
    return [
        ReuseTraining(problem, "its own", loss, seed, steps, folder=folder)
        for problem, loss, seed in product(PROBLEMS, losses, seeds)
    ]


def full() -> list[Training]:
    """Return the trainings of the full protocol."""
    rivals = trainings(("relobralo_builtin", *GRADIENT_RIVALS), FEW_SEEDS, STEPS, ReuseTraining.folder)
    return [*trainings((*HEADLINE, GRADIENTS), HEADLINE_SEEDS, STEPS, ReuseTraining.folder), *rivals]


def quick() -> list[Training]:
    """Return the same trainings for fewer seeds and steps, in a folder of their own."""
    return trainings((*HEADLINE, GRADIENTS), QUICK_SEEDS, QUICK_STEPS, Path("outputs/reuse-quick"))


if __name__ == "__main__":
    accuracy.run(__doc__, full, quick, "reuse", ROOT / "docs" / "results" / "reuse")
