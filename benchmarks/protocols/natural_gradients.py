"""Natural gradients with and without balancing, by the time that they take."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks import runner
from benchmarks.protocols.schemes import HEADLINE, HEADLINE_SEEDS, QUICK_SEEDS
from benchmarks.training import TERMS, Training, of_example, recorded

FOLDER = Path("outputs/natural-gradients")
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
# What the examples' own configs had when the published runs were made: a network that is large against its points.
SCALED = (
    "arch.fully_connected.layer_size=32",
    "custom.precision=float32",
    "custom.points=resampled",
    "custom.batches=100",
    "custom.reduction=integral",
)
SCALED_POINTS = {
    "kirchhoff": POINTS["kirchhoff"],
    "helmholtz": ("batch_size.interior=800", "batch_size.edge=100"),
}


def training(setting: str, problem: str, terms: str, loss: str, seed: int, steps: int, folder: Path) -> Training:
    """Return a training in the article's setting or in the scaled one."""
    of_the_article = ("optimizer=natural_gradient", "cuda_graphs=false", *POINTS[problem])
    scaled = (*SCALED, *SCALED_POINTS[problem], f"custom.per_edge={str(TERMS[terms]).lower()}")
    return of_example(
        problem,
        protocol="natural_gradients",
        config="article" if setting == "article" else "config",
        sweep=folder / setting / problem / f"{terms}-{steps}-steps",
        setting=setting,
        terms=terms,
        loss=loss,
        seed=seed,
        steps=steps,
        overrides=(*(of_the_article if setting == "article" else scaled), *recorded(steps, max(1, steps // 100))),
        optimizer="natural_gradient",
    )


def trainings(seeds: Iterable[int], steps: int | None = None, folder: Path = FOLDER) -> list[Training]:
    """Return the trainings by case, by loss, by seed; with `steps` all of that length."""
    seeds = list(seeds)
    return [
        training(*case, loss, seed, steps or number, folder)
        for case, number in STEPS.items()
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
    runner.run(__doc__, full, quick)
