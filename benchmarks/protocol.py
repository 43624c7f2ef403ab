"""The comparison of the balancing schemes as a list of trainings; benchmarks/README.md says why they are these."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TUNED = ROOT / "benchmarks" / "results" / "tuned.json"

PROBLEMS = ("helmholtz", "kirchhoff")
# Loss terms with the boundary conditions summed over the edges, and with one for each edge.
TERMS = {"aggregated": False, "per_edge": True}
HEADLINE = ("sum", "relobralo")
RIVALS = ("lr_annealing", "grad_norm", "soft_adapt", "relobralo_builtin")
SEEDS = range(5)
HEADLINE_SEEDS = range(10)
# The comparison must not see what the parameters were tuned on.
TUNING_SEEDS = (100, 101)

POINTS = {"helmholtz": {"interior": 256, "wall": 32}, "kirchhoff": {"interior": 256, "edge": 32}}
STEPS = {"helmholtz": 10_000, "kirchhoff": 10_000}
# To see on a laptop in minutes that everything works; its numbers mean nothing.
QUICK_STEPS = 400
QUICK_SEEDS = range(2)


@dataclass(frozen=True)
class Training:
    """One training of an example. Those that differ in `loss` and `seed` only are launched together."""

    problem: str
    terms: str
    loss: str
    seed: int
    steps: int
    parameters: tuple[tuple[str, float], ...] = ()
    folder: Path = field(default=Path("outputs/accuracy"))

    @property
    def sweep(self) -> Path:
        """The folder of all trainings that are launched with it, relative to the root."""
        return self.folder / self.problem / (f"{self.terms}-tuned" if self.parameters else self.terms)

    @property
    def run_dir(self) -> Path:
        """Its Hydra run directory, absolute."""
        return ROOT / self.sweep / self.loss / f"seed-{self.seed}"

    @property
    def overrides(self) -> list[str]:
        """What it changes in the config of the example, besides loss and seed."""
        # Most records without a validation between them: a step's median wall time is then without it.
        record, validate = max(1, self.steps // 200), max(1, self.steps // 50)
        return [
            f"custom.per_edge={str(TERMS[self.terms]).lower()}",
            f"training.max_steps={self.steps}",
            f"training.summary_freq={record}",
            f"training.rec_monitor_freq={record}",
            f"training.rec_validation_freq={validate}",
            *(f"batch_size.{where}={number}" for where, number in POINTS[self.problem].items()),
            *(f"loss.{name}={value:.6g}" for name, value in self.parameters),
        ]


def full() -> list[Training]:
    """Return the trainings of the full protocol: published defaults, and tuned values where there are any."""
    schemes = [(problem, terms, loss, ()) for problem in PROBLEMS for terms in TERMS for loss in (*HEADLINE, *RIVALS)]
    tuned = json.loads(TUNED.read_text())["rows"] if TUNED.is_file() else []
    schemes += [(row["problem"], row["terms"], row["loss"], tuple(row["parameters"].items())) for row in tuned]
    return [
        Training(problem, terms, loss, seed, STEPS[problem], parameters)
        for problem, terms, loss, parameters in schemes
        for seed in (HEADLINE_SEEDS if loss in HEADLINE and terms == "aggregated" else SEEDS)
    ]


def quick() -> list[Training]:
    """Return the same trainings for fewer seeds and steps, in a folder of their own."""
    folder = Path("outputs/accuracy-quick")
    return [replace(entry, steps=QUICK_STEPS, folder=folder) for entry in full() if entry.seed in QUICK_SEEDS]
