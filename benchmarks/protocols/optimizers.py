"""Adam and SOAP under several balancing schemes, after equal steps and after equal time.

Once all of equal steps are finished, the next call adds Adam's trainings of equal time.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks import runner
from benchmarks.launching import is_finished
from benchmarks.protocols import accuracy, article
from benchmarks.protocols.schemes import (
    FEW_SEEDS,
    GRADIENT_RIVALS,
    GRADIENTS,
    HEADLINE,
    HEADLINE_SEEDS,
    QUICK_SEEDS,
    QUICK_STEPS,
    SEEDS,
)
from benchmarks.training import Training, of_example
from modulus_relobralo.report import read_run

FOLDER = Path("outputs/optimizers")
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
RATES = {"adam": {"article": 1e-3, "scaled": accuracy.RATE}, "soap": {"article": 3e-3, "scaled": 3e-3}}
# The schemes, each with its seeds.
SEEDS_OF = {
    **dict.fromkeys((*HEADLINE, GRADIENTS), HEADLINE_SEEDS),
    "relobralo_builtin": SEEDS,
    **dict.fromkeys(GRADIENT_RIVALS, FEW_SEEDS),
}


def training(
    case: tuple[str, str, str], optimizer: str, loss: str, seed: int, steps: int = STEPS, folder: Path = FOLDER
) -> Training:
    """Return a training with one of two optimizers, in the article's setting or in the scaled one."""
    (setting, problem, terms), rate = case, RATES[optimizer][case[0]]
    shared = article.overrides(steps) if setting == "article" else accuracy.overrides(terms, steps, rate)
    return of_example(
        problem,
        protocol="optimizers",
        config="article" if setting == "article" else "first_order",
        sweep=folder / setting / problem / f"{terms}-{optimizer}-{steps}-steps",
        setting=setting,
        terms=terms,
        loss=loss,
        seed=seed,
        steps=steps,
        # Each once: the scaled setting names the rate too.
        overrides=tuple(dict.fromkeys((f"optimizer={optimizer}", f"optimizer.lr={rate:g}", *shared))),
        optimizer=optimizer,
        rate=rate,
    )


def trainings(seeds: Callable[[str], Iterable[int]], steps: int = STEPS, folder: Path = FOLDER) -> list[Training]:
    """Return the trainings of equal steps: by case, by optimizer, by loss, by seed; `seeds` are those of a loss."""
    return [
        training(case, optimizer, loss, seed, steps, folder)
        for case in CASES
        for optimizer in RATES
        for loss in SEEDS_OF
        for seed in seeds(loss)
    ]


def equal_time(finished: Iterable[Training]) -> list[Training]:
    """Return Adam's trainings once more, each with the steps that take as long as those of SOAP in its case.

    A step's time is the median over the finished trainings of the case; the number is rounded to hundreds.
    """
    seconds: dict[tuple[str, str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    of_adam = []
    for entry in finished:
        case = (entry.setting, entry.problem, entry.terms)
        seconds[case][entry.optimizer].append(read_run(entry.run_dir).step_seconds)
        if entry.optimizer == "adam":
            of_adam.append((case, entry))
    ratios = {case: statistics.median(of["soap"]) / statistics.median(of["adam"]) for case, of in seconds.items()}
    longer = [(case, entry, 100 * round(entry.steps * ratios[case] / 100)) for case, entry in of_adam]
    return [
        training(case, "adam", entry.loss, entry.seed, steps) for case, entry, steps in longer if steps > entry.steps
    ]


def full() -> list[Training]:
    """Return the trainings of equal steps, and those of equal time once all of equal steps are finished."""
    equal = trainings(SEEDS_OF.__getitem__)
    return [*equal, *(equal_time(equal) if all(map(is_finished, equal)) else [])]


def quick() -> list[Training]:
    """Return the same trainings of equal steps for fewer seeds and steps, in a folder of their own."""
    return trainings(lambda loss: QUICK_SEEDS, QUICK_STEPS, Path("outputs/optimizers-quick"))


if __name__ == "__main__":
    runner.run(__doc__, full, quick)
