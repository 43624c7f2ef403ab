"""Adam and SOAP under three balancing schemes, equal steps and equal time: the protocol of benchmarks/README.md.

    python benchmarks/optimizers.py [--quick] [--jobs 2] [--plan | --report] [hydra/launcher=submitit_slurm ...]

Finished trainings are not run again, interrupted ones resume. Once all of equal steps are finished, the next call adds
Adam's of equal time. Writes the numbers of every run to benchmarks/results/optimizers.jsonl, tables and figures to
docs/results/optimizers/; with --quick, or with --report before all are finished, to the folder `report` beside the
runs.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import accuracy
import sweep
from article import ArticleTraining
from protocol import (
    FEW_SEEDS,
    GRADIENT_RIVALS,
    GRADIENTS,
    HEADLINE,
    HEADLINE_SEEDS,
    QUICK_SEEDS,
    QUICK_STEPS,
    RATE,
    ROOT,
    SEEDS,
    Training,
)

from modulus_relobralo.report import read_run

STEPS = 4_000
# Setting, problem, loss terms.
CASES = (
    ("article", "kirchhoff", "aggregated"),
    ("article", "helmholtz", "aggregated"),
    ("scaled", "kirchhoff", "aggregated"),
    ("scaled", "kirchhoff", "per_edge"),
    ("scaled", "helmholtz", "aggregated"),
)
# The first rates: Adam's are those of the other protocols.
RATES = {"adam": {"article": 1e-3, "scaled": RATE}, "soap": {"article": 3e-3, "scaled": 3e-3}}
# The schemes, each with its seeds.
SEEDS_OF = {
    **dict.fromkeys((*HEADLINE, GRADIENTS), HEADLINE_SEEDS),
    "relobralo_builtin": SEEDS,
    **dict.fromkeys(GRADIENT_RIVALS, FEW_SEEDS),
}


@dataclass(frozen=True)
class OptimizerTraining(Training):
    """A training of an example with one of two optimizers, in the article's setting or in the scaled one."""

    folder: Path = Path("outputs/optimizers")
    setting: str = "article"
    optimizer: str = "adam"

    @property
    def config(self) -> str:
        """The example's config, `--config-name`."""
        return ArticleTraining.config if self.setting == "article" else Training.config

    @property
    def sweep(self) -> Path:
        """The folder of all trainings that are launched with it, relative to the root."""
        return self.folder / self.setting / self.problem / f"{self.terms}-{self.optimizer}-{self.steps}-steps"

    @property
    def overrides(self) -> list[str]:
        """What it changes in the config, besides loss and seed."""
        kind = ArticleTraining if self.setting == "article" else Training
        shared = kind(self.problem, self.terms, self.loss, self.seed, self.steps, self.parameters, self.rate).overrides
        return list(dict.fromkeys([f"optimizer={self.optimizer}", f"optimizer.lr={self.rate:g}", *shared]))


def trainings(seeds: Callable[[str], Iterable[int]], steps: int, folder: Path) -> list[OptimizerTraining]:
    """Return the trainings of equal steps: by case, by optimizer, by loss, by seed; `seeds` are those of a loss."""
    return [
        OptimizerTraining(
            problem, terms, loss, seed, steps, (), rates[setting], folder, setting=setting, optimizer=optimizer
        )
        for setting, problem, terms in CASES
        for optimizer, rates in RATES.items()
        for loss in SEEDS_OF
        for seed in seeds(loss)
    ]


def equal_time(finished: Iterable[OptimizerTraining]) -> list[OptimizerTraining]:
    """Return Adam's trainings once more, each with the steps that take as long as those of SOAP in its case.

    A step's time is the median over the finished trainings of the case; the number is rounded to hundreds.
    """
    seconds: dict[tuple[str, str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    of_adam = []
    for training in finished:
        case = (training.setting, training.problem, training.terms)
        seconds[case][training.optimizer].append(read_run(training.run_dir).step_seconds)
        if training.optimizer == "adam":
            of_adam.append((case, training))
    ratios = {case: statistics.median(of["soap"]) / statistics.median(of["adam"]) for case, of in seconds.items()}
    longer = [replace(training, steps=round(training.steps * ratios[case], -2)) for case, training in of_adam]
    return [new for new, (_, old) in zip(longer, of_adam, strict=True) if new.steps > old.steps]


def full() -> list[Training]:
    """Return the trainings of equal steps, and those of equal time once all of equal steps are finished."""
    equal = trainings(SEEDS_OF.__getitem__, STEPS, OptimizerTraining.folder)
    return [*equal, *(equal_time(equal) if all(map(sweep.is_finished, equal)) else [])]


def quick() -> list[Training]:
    """Return the same trainings of equal steps for fewer seeds and steps, in a folder of their own."""
    return list(trainings(lambda loss: QUICK_SEEDS, QUICK_STEPS, Path("outputs/optimizers-quick")))


if __name__ == "__main__":
    accuracy.run(__doc__, full, quick, "optimizers", ROOT / "docs" / "results" / "optimizers")
