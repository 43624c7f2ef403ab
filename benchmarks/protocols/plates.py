"""Every plate of examples/plates over seeds, held against closed forms, series and finite elements.

Results are read from what the trainings have left. The plates without a closed solution need scikit-fem: pip install
modulus-relobralo[test].
"""

from __future__ import annotations

from pathlib import Path

from hydra.utils import instantiate
from omegaconf import OmegaConf

from benchmarks import runner
from benchmarks.records import ROOT, Row
from benchmarks.references.cases import CASES
from benchmarks.references.quantities import Quantity, quantities
from benchmarks.training import Training
from modulus_relobralo.hosts.sym import plate_results
from modulus_relobralo.plates.results import Results
from modulus_relobralo.report import read_run

FOLDER = Path("outputs/plates")
SEEDS, QUICK_SEEDS, QUICK_STEPS = range(5), range(1), 1
STEPS = OmegaConf.load(ROOT / "examples" / "plates" / "conf" / "config.yaml").training.max_steps


def training(case: str, seed: int, steps: int = STEPS, folder: Path = FOLDER) -> Training:
    """Return a training of a plate by the example's config as it is: all plates have the same recipe."""
    return Training(
        protocol="plates",
        script="examples/plates/plates.py",
        config="config",
        sweep=folder / f"{case}-{steps}-steps",
        problem=case,
        setting="plates",
        terms="its own",
        loss="sum",
        seed=seed,
        steps=steps,
        overrides=(f"case={case}", f"training.max_steps={steps}"),
        optimizer="natural_gradient",
    )


def full() -> list[Training]:
    """Return the trainings by case, by seed."""
    return [training(case, seed) for case in CASES for seed in SEEDS]


def quick() -> list[Training]:
    """Return the same trainings for one seed and few steps, in a folder of their own."""
    return [training(case, seed, QUICK_STEPS, Path("outputs/plates-quick")) for case in CASES for seed in QUICK_SEEDS]


def compare(entry: Training, known: dict[str, list[Quantity]]) -> Row:
    """Return the quantities of a run beside the references; `known` keeps what a case is held against."""
    case = CASES[entry.problem]
    plate = instantiate(OmegaConf.load(entry.run_dir / ".hydra" / "config.yaml").custom.plate, _convert_="all")
    results, run = plate_results(plate, entry.run_dir), read_run(entry.run_dir)
    if entry.problem not in known:
        known[entry.problem] = quantities(case, results)
    return {
        "status": run.status,
        "bars": case.within_bars,
        "source": case.source,
        "seconds": round(run.seconds, 1),
        "ms per step": round(run.step_seconds * 1e3, 1),
        "quantities": [held(quantity, results) for quantity in known[entry.problem]],
    }


def held(quantity: Quantity, results: Results) -> Row:
    """Return a quantity of the results, and how far it is from the reference."""
    value = quantity.of(results)
    return {
        "kind": quantity.kind,
        "quantity": quantity.name,
        "unit": quantity.unit,
        "reference": quantity.reference,
        "value": value,
        "deviation in %": 100 * (value / quantity.reference - 1),
    }


if __name__ == "__main__":
    references: dict[str, list[Quantity]] = {}
    # One at a time: times are of one core.
    runner.run(__doc__, full, quick, lambda entry: compare(entry, references), jobs=1)
