"""Every balancing scheme on both problems in the scaled setting, over seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import runner
from benchmarks.protocols.schemes import (
    GRADIENTS,
    HEADLINE,
    HEADLINE_SEEDS,
    PROBLEMS,
    QUICK_SEEDS,
    QUICK_STEPS,
    RIVALS,
    SEEDS,
)
from benchmarks.records import read_rows
from benchmarks.training import TERMS, Parameters, Training, of_example, of_loss, recorded

FOLDER = Path("outputs/accuracy")
# Adam's first rate, which decays to a twentieth; the headline pair runs at the others too, for what hangs on it.
RATE = 0.003
OTHER_RATES = (0.001, 0.01)
POINTS = ("batch_size.interior=256", "batch_size.edge=32")
STEPS = {"helmholtz": 10_000, "kirchhoff": 6_000}


def training(
    problem: str,
    terms: str,
    loss: str,
    seed: int,
    steps: int,
    parameters: Parameters = (),
    rate: float = RATE,
    folder: Path = FOLDER,
) -> Training:
    """Return a training of an example by ``--config-name first_order``."""
    place = terms + ("-tuned" if parameters else "") + (f"-rate-{rate:g}" if rate != RATE else "")
    return of_example(
        problem,
        protocol="accuracy",
        config="first_order",
        sweep=folder / problem / place,
        setting="scaled",
        terms=terms,
        loss=loss,
        seed=seed,
        steps=steps,
        overrides=overrides(terms, steps, rate, parameters),
        parameters=parameters,
        rate=rate,
    )


def overrides(terms: str, steps: int, rate: float, parameters: Parameters = ()) -> tuple[str, ...]:
    """Return what a training of the scaled setting changes in the config of the example, besides loss and seed."""
    return (
        # Schemes that look at gradients need it so; for all alike.
        "cuda_graphs=false",
        f"custom.per_edge={str(TERMS[terms]).lower()}",
        f"optimizer.lr={rate:g}",
        *recorded(steps),
        *POINTS,
        *of_loss(parameters),
    )


def schemes() -> list[dict[str, Any]]:
    """Return every scheme in every case, those first on which claims are made: the arguments of `training`."""
    defaults = [
        {"problem": problem, "terms": terms, "loss": loss}
        for terms in TERMS
        for problem in PROBLEMS
        for loss in (*HEADLINE, GRADIENTS, *RIVALS)
    ]
    tuned = [
        {**{name: row[name] for name in ("problem", "terms", "loss")}, "parameters": tuple(row["parameters"].items())}
        for row in best_trials()
    ]
    rates = [
        {"problem": problem, "terms": "aggregated", "loss": loss, "rate": rate}
        for problem in PROBLEMS
        for rate in OTHER_RATES
        for loss in HEADLINE
    ]
    return [*defaults, *tuned, *rates]


def best_trials() -> list[dict[str, Any]]:
    """Return the best trial of every study of the search for parameters."""
    best: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in read_rows("tuning"):
        study = (row["problem"], row["terms"], row["loss"])
        if row["median"] is not None and (study not in best or row["median"] < best[study]["median"]):
            best[study] = row
    return list(best.values())


def seeds(scheme: dict[str, Any]) -> range:
    """Return the seeds of a scheme: more where a claim is made on it."""
    loss = scheme["loss"]
    claimed = loss in ("sum", GRADIENTS) or (loss == "relobralo" and scheme["terms"] == "aggregated")
    return HEADLINE_SEEDS if claimed and not {"parameters", "rate"} & scheme.keys() else SEEDS


def full() -> list[Training]:
    """Return the trainings of the full protocol."""
    return [
        training(**scheme, seed=seed, steps=STEPS[scheme["problem"]]) for scheme in schemes() for seed in seeds(scheme)
    ]


def quick() -> list[Training]:
    """Return the same trainings for fewer seeds and steps, in a folder of their own."""
    folder = Path("outputs/accuracy-quick")
    return [
        training(**scheme, seed=seed, steps=QUICK_STEPS, folder=folder) for scheme in schemes() for seed in QUICK_SEEDS
    ]


if __name__ == "__main__":
    runner.run(__doc__, full, quick)
