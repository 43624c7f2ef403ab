"""The article's two experiments in their own setting, over seeds: the protocol of benchmarks/README.md.

    python benchmarks/article.py [--quick] [--jobs 2] [hydra/launcher=submitit_slurm ...] [--plan | --report]
        [--losses sum relobralo ...] [--steps 8000 ...] [--seeds 0 1 ...] [--publish [NAME]]

Finished trainings are not run again, interrupted ones resume. Writes the numbers of every run to
benchmarks/results/article.jsonl, tables and figures to docs/results/article/; those of --quick,
and without --publish those of a part, to the folder `report` beside the runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import accuracy
from protocol import (
    FEW_SEEDS,
    GRADIENT_RIVALS,
    GRADIENTS,
    HEADLINE,
    HEADLINE_SEEDS,
    PROBLEMS,
    QUICK_SEEDS,
    QUICK_STEPS,
    ROOT,
    Training,
)

STEPS = (8_000, 20_000)
# The article's values for the host's own class, which has other names and other defaults.
OF_THE_ARTICLE = {
    "helmholtz": (("alpha", 0.999), ("tau", 0.01), ("beta", 0.99)),
    "kirchhoff": (("alpha", 0.999), ("tau", 0.1), ("beta", 0.99)),
}


@dataclass(frozen=True)
class ArticleTraining(Training):
    """A training of an example by ``--config-name article``, which has all that is not in `overrides`."""

    folder: Path = Path("outputs/article")

    config: ClassVar[str] = "article"

    @property
    def sweep(self) -> Path:
        """The folder of all trainings that are launched with it, relative to the root."""
        return self.folder / self.problem / f"{self.steps}-steps{'-article-values' if self.parameters else ''}"

    @property
    def overrides(self) -> list[str]:
        """What it changes in the config, besides loss and seed."""
        # Most records without a validation between them: a step's median wall time is then without it.
        record, validate = max(1, self.steps // 200), max(1, self.steps // 50)
        return [
            "cuda_graphs=false",
            f"training.max_steps={self.steps}",
            f"training.summary_freq={record}",
            f"training.rec_monitor_freq={record}",
            f"training.rec_validation_freq={validate}",
            *(f"loss.{name}={value:.6g}" for name, value in self.parameters),
        ]


def trainings(
    seeds: Iterable[int],
    steps: Iterable[int],
    losses: Iterable[str] = (*HEADLINE, GRADIENTS, "relobralo_builtin"),
    builtin_as_article: bool = True,
    folder: Path = ArticleTraining.folder,
    problems: Iterable[str] = PROBLEMS,
) -> list[ArticleTraining]:
    """Return the trainings of `problems`: by number of steps, by problem, by loss, by seed."""
    seeds, losses, problems = list(seeds), list(losses), list(problems)
    made = []
    for number in steps:
        for problem in problems:
            schemes = [(loss, ()) for loss in losses]
            if builtin_as_article:
                schemes.append(("relobralo_builtin", OF_THE_ARTICLE[problem]))
            made += [
                ArticleTraining(problem, "aggregated", loss, seed, number, parameters, rate=1e-3, folder=folder)
                for loss, parameters in schemes
                for seed in seeds
            ]
    return made


def full() -> list[Training]:
    """Return the trainings of the full protocol, those first on which claims are made."""
    rivals = trainings(FEW_SEEDS, STEPS[:1], GRADIENT_RIVALS, builtin_as_article=False)
    return [*trainings(HEADLINE_SEEDS, STEPS), *rivals]


def quick() -> list[Training]:
    """Return the same trainings for fewer seeds and steps, in a folder of their own."""
    return list(trainings(QUICK_SEEDS, [QUICK_STEPS], folder=Path("outputs/article-quick")))


if __name__ == "__main__":
    accuracy.run(__doc__, full, quick, "article", ROOT / "docs" / "results" / "article")
