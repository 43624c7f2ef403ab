"""The article's two experiments in their own setting, over seeds."""

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
    PROBLEMS,
    QUICK_SEEDS,
    QUICK_STEPS,
)
from benchmarks.training import Parameters, Training, of_example, of_loss, recorded

FOLDER = Path("outputs/article")
STEPS = (8_000, 20_000)
LOSSES = (*HEADLINE, GRADIENTS, "relobralo_builtin")
# The article's values for the host's own class, which has other names and other defaults.
OF_THE_ARTICLE: dict[str, Parameters] = {
    "helmholtz": (("alpha", 0.999), ("tau", 0.01), ("beta", 0.99)),
    "kirchhoff": (("alpha", 0.999), ("tau", 0.1), ("beta", 0.99)),
}


def training(
    problem: str, loss: str, seed: int, steps: int, parameters: Parameters = (), folder: Path = FOLDER
) -> Training:
    """Return a training of an example by ``--config-name article``, which has all that is not in its overrides."""
    return of_example(
        problem,
        protocol="article",
        config="article",
        sweep=folder / problem / f"{steps}-steps{'-article-values' if parameters else ''}",
        setting="article",
        terms="aggregated",
        loss=loss,
        seed=seed,
        steps=steps,
        overrides=overrides(steps, parameters),
        parameters=parameters,
        rate=1e-3,
    )


def overrides(steps: int, parameters: Parameters = ()) -> tuple[str, ...]:
    """Return what a training of the article's setting changes in the config, besides loss and seed."""
    return ("cuda_graphs=false", *recorded(steps), *of_loss(parameters))


def trainings(seeds: Iterable[int], steps: int, folder: Path = FOLDER) -> list[Training]:
    """Return the trainings of one length: by problem, by scheme, by seed."""
    seeds = list(seeds)
    return [
        training(problem, loss, seed, steps, parameters, folder)
        for problem in PROBLEMS
        for loss, parameters in [*((loss, ()) for loss in LOSSES), ("relobralo_builtin", OF_THE_ARTICLE[problem])]
        for seed in seeds
    ]


def full() -> list[Training]:
    """Return the trainings of the full protocol, those first on which claims are made."""
    rivals = [training(*case, STEPS[0]) for case in product(PROBLEMS, GRADIENT_RIVALS, FEW_SEEDS)]
    return [*(entry for steps in STEPS for entry in trainings(HEADLINE_SEEDS, steps)), *rivals]


def quick() -> list[Training]:
    """Return the same trainings for fewer seeds and steps, in a folder of their own."""
    return trainings(QUICK_SEEDS, QUICK_STEPS, Path("outputs/article-quick"))


if __name__ == "__main__":
    runner.run(__doc__, full, quick)
