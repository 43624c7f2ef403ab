"""Natural gradients with and without balancing, by the time that they take: the protocol of benchmarks/README.md.

    python benchmarks/natural_gradients.py [--quick] [--jobs 2] [--plan | --report] [--losses sum relobralo ...]

Finished trainings are not run again, interrupted ones resume. Writes the numbers of every run to
benchmarks/results/natural_gradients.jsonl, tables and figures to docs/results/natural-gradients/; those of --quick, and
without --publish those of a part, to the folder `report` beside the runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import accuracy
from article import ArticleTraining
from protocol import HEADLINE, HEADLINE_SEEDS, QUICK_SEEDS, ROOT, TERMS, Training

# By setting, problem and loss terms; at most three minutes of one core.
STEPS = {
    ("article", "kirchhoff", "aggregated"): 300,
    ("article", "helmholtz", "aggregated"): 300,
    ("scaled", "kirchhoff", "aggregated"): 150,
    ("scaled", "kirchhoff", "per_edge"): 150,
    ("scaled", "helmholtz", "aggregated"): 150,
}
QUICK_STEPS = 10
# Points of a step of the plate in the article's setting, which would have 1,600 rows; on Helmholtz it has 1,200.
POINTS = {"kirchhoff": ("batch_size.interior=400", "batch_size.edge=50"), "helmholtz": ()}


@dataclass(frozen=True)
class NaturalGradientTraining(Training):
    """A training of an example by natural gradients, in the article's setting or by the example's own config."""

    folder: Path = Path("outputs/natural-gradients")
    setting: str = "article"

    @property
    def config(self) -> str:
        """The example's config, `--config-name`."""
        return ArticleTraining.config if self.setting == "article" else "config"

    @property
    def sweep(self) -> Path:
        """The folder of all trainings that are launched with it, relative to the root."""
        return self.folder / self.setting / self.problem / f"{self.terms}-{self.steps}-steps"

    @property
    def overrides(self) -> list[str]:
        """What it changes in the config, besides loss and seed."""
        record = max(1, self.steps // 100)
        of_the_article = [
            "optimizer=natural_gradient",
            "cuda_graphs=false",
            *POINTS[self.problem],
        ]
        return [
            *(of_the_article if self.setting == "article" else [f"custom.per_edge={str(TERMS[self.terms]).lower()}"]),
            f"training.max_steps={self.steps}",
            f"training.summary_freq={record}",
            f"training.rec_monitor_freq={record}",
            f"training.rec_validation_freq={4 * record}",
        ]


def trainings(seeds: Iterable[int], steps: int | None = None, folder: Path | None = None) -> list[Training]:
    """Return the trainings by case, by loss, by seed; with `steps` all of that length."""
    seeds = list(seeds)
    return [
        NaturalGradientTraining(
            problem,
            terms,
            loss,
            seed,
            steps or number,
            folder=folder or NaturalGradientTraining.folder,
            setting=setting,
        )
        for (setting, problem, terms), number in STEPS.items()
        for loss in reversed(HEADLINE)
        for seed in seeds
    ]


def full() -> list[Training]:
    """Return the trainings of the full protocol."""
    return trainings(HEADLINE_SEEDS)


def quick() -> list[Training]:
    """Return the same trainings for fewer seeds and steps, in a folder of their own."""
    return trainings(QUICK_SEEDS, QUICK_STEPS, Path("outputs/natural-gradients-quick"))


if __name__ == "__main__":
    accuracy.run(__doc__, full, quick, "natural_gradients", ROOT / "docs" / "results" / "natural-gradients")
