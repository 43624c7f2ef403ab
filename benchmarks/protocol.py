"""The comparison of the balancing schemes as a list of trainings; benchmarks/README.md says why they are these."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from records import read_rows

ROOT = Path(__file__).resolve().parent.parent
TUNED = ROOT / "benchmarks" / "results" / "tuned"

PROBLEMS = ("helmholtz", "kirchhoff")
# Loss terms with the boundary conditions summed over the edges, and with one for each edge.
TERMS = {"aggregated": False, "per_edge": True}
HEADLINE = ("sum", "relobralo")
# Beside them on as many seeds, in every setting.
GRADIENTS = "relobralo_grad"
RIVALS = ("lr_annealing", "grad_norm", "soft_adapt", "relobralo_builtin")
# What GRADIENTS is held against in the other protocols, with the host's ReLoBRaLo; on few seeds, as one takes long.
GRADIENT_RIVALS = ("lr_annealing", "soft_adapt")
SEEDS = range(5)
FEW_SEEDS = range(3)
HEADLINE_SEEDS = range(10)
# The comparison must not see what the parameters were tuned on.
TUNING_SEEDS = (100, 101)

# Adam's first rate, which decays to a twentieth; the headline pair runs at the others too, for what hangs on it.
RATE = 0.003
OTHER_RATES = (0.001, 0.01)
POINTS = {problem: {"interior": 256, "edge": 32} for problem in PROBLEMS}
STEPS = {"helmholtz": 10_000, "kirchhoff": 6_000}
# What a step costs, in steps on Helmholtz: what is left of a sweep's time is told from it.
COST = {"helmholtz": 1, "kirchhoff": 2}
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
    rate: float = RATE
    folder: Path = field(default=Path("outputs/accuracy"))

    # The example's config, `--config-name`.
    config: ClassVar[str] = "first_order"

    @property
    def script(self) -> str:
        """The example, relative to the root."""
        return f"examples/{self.problem}/{self.problem}.py"

    @property
    def cost(self) -> int:
        """What it costs, in steps on Helmholtz."""
        return self.steps * COST[self.problem]

    @property
    def sweep(self) -> Path:
        """The folder of all trainings that are launched with it, relative to the root."""
        rate = f"-rate-{self.rate:g}" if self.rate != RATE else ""
        return self.folder / self.problem / (self.terms + ("-tuned" if self.parameters else "") + rate)

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
            # Schemes that look at gradients need it so; for all alike.
            "cuda_graphs=false",
            f"custom.per_edge={str(TERMS[self.terms]).lower()}",
            f"optimizer.lr={self.rate:g}",
            f"training.max_steps={self.steps}",
            f"training.summary_freq={record}",
            f"training.rec_monitor_freq={record}",
            f"training.rec_validation_freq={validate}",
            *(f"batch_size.{where}={number}" for where, number in POINTS[self.problem].items()),
            *(f"loss.{name}={value:.6g}" for name, value in self.parameters),
        ]


def full() -> list[Training]:
    """Return the trainings of the full protocol, those first on which claims are made."""
    schemes = [*at_defaults(), *at_tuned_values(), *at_other_rates()]
    return [replace(scheme, seed=seed) for scheme in schemes for seed in seeds(scheme)]


def at_defaults() -> list[Training]:
    """Return every scheme at its published defaults, from seed 0."""
    losses = (*HEADLINE, GRADIENTS, *RIVALS)
    return [
        Training(problem, terms, loss, 0, STEPS[problem]) for terms in TERMS for problem in PROBLEMS for loss in losses
    ]


def at_tuned_values() -> list[Training]:
    """Return the schemes that have been tuned, from seed 0."""
    return [
        Training(row["problem"], row["terms"], row["loss"], 0, STEPS[row["problem"]], tuple(row["parameters"].items()))
        for row in read_rows(TUNED)
    ]


def at_other_rates() -> list[Training]:
    """Return the headline pair at the other learning rates, from seed 0."""
    return [
        Training(problem, "aggregated", loss, 0, STEPS[problem], rate=rate)
        for problem in PROBLEMS
        for rate in OTHER_RATES
        for loss in HEADLINE
    ]


def seeds(scheme: Training) -> range:
    """Return the seeds of a scheme: more where a claim is made on it."""
    claimed = scheme.loss in ("sum", GRADIENTS) or (scheme.loss == "relobralo" and scheme.terms == "aggregated")
    return HEADLINE_SEEDS if claimed and not scheme.parameters and scheme.rate == RATE else SEEDS


def quick() -> list[Training]:
    """Return the same trainings for fewer seeds and steps, in a folder of their own."""
    folder = Path("outputs/accuracy-quick")
    return [replace(entry, steps=QUICK_STEPS, folder=folder) for entry in full() if entry.seed in QUICK_SEEDS]
