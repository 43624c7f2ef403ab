"""Every plate of examples/plates over seeds, held against closed forms, series and finite elements.

    python benchmarks/plates.py [--quick] [--jobs 1] [--cases patch_load ...] [--seeds 0 1 ...] [--plan | --report]

Finished trainings are not run again, and results are read from what they have left. Writes the numbers of every run to
benchmarks/results/plates.jsonl and the table docs/results/plates.md; those of --quick, and without --publish those of a
part, to the folder `report` beside the runs. The plates without a closed solution need scikit-fem: pip install
modulus-relobralo[test].
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import accuracy
import sweep
from hydra.utils import instantiate
from omegaconf import OmegaConf
from plates_table import page
from protocol import ROOT, Training
from records import write_rows
from references.cases import CASES, Case
from references.quantities import Quantity, quantities

from modulus_relobralo.hosts.sym import plate_results
from modulus_relobralo.report import read_run

SEEDS, QUICK_SEEDS, QUICK_STEPS = range(5), range(1), 10
RECIPE = OmegaConf.load(ROOT / "examples" / "plates" / "conf" / "config.yaml")


@dataclass(frozen=True)
class PlateTraining(Training):
    """A training of a plate by the example's config as it is: all plates have the same recipe."""

    folder: Path = Path("outputs/plates")
    config = "config"

    @classmethod
    def of(cls, case: str, seed: int, steps: int | None = None, folder: Path | None = None) -> PlateTraining:
        """Return the training of a case; with `steps`, of another length than the recipe's."""
        steps = steps or RECIPE.training.max_steps
        return cls("plates", case, "sum", seed, steps, folder=folder or cls.folder)

    @property
    def cost(self) -> int:
        """What it costs, in steps: all plates have the same network and about as many points."""
        return self.steps

    @property
    def sweep(self) -> Path:
        """The folder of all trainings that are launched with it, relative to the root."""
        return self.folder / f"{self.terms}-{self.steps}-steps"

    @property
    def overrides(self) -> list[str]:
        """The case, and how long it is trained."""
        return [f"case={self.terms}", f"training.max_steps={self.steps}"]


def trainings(cases: Iterable[str], seeds: Iterable[int] | None = None, quick: bool = False) -> list[Training]:
    """Return the trainings by case, by seed."""
    seeds = list(seeds if seeds is not None else QUICK_SEEDS if quick else SEEDS)
    given = (QUICK_STEPS, Path("outputs/plates-quick")) if quick else (None, None)
    return [PlateTraining.of(case, seed, *given) for case in cases for seed in seeds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one seed, few steps: shows that it works, nothing else")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time; times are of one core (default: 1)")
    parser.add_argument("--cases", nargs="+", choices=CASES, metavar="CASE", help="a part of it: these plates only")
    parser.add_argument("--seeds", nargs="+", type=int, metavar="SEED", help="a part of it: these seeds only")
    parser.add_argument("--publish", action="store_true", help="let a part take the place of the published results")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--plan", action="store_true", help="list what would be run, and stop")
    instead.add_argument("--report", action="store_true", help="evaluate what is finished, and run nothing")
    args = parser.parse_args()
    # So that whoever ends this ends its trainings too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    wanted = trainings(args.cases or CASES, args.seeds, args.quick)
    launcher = sweep.on_this_machine(args.jobs)
    if args.plan:
        accuracy.print_plan(wanted, launcher)
        return
    if not args.report:
        accuracy.train(wanted, launcher)
    finished = [training for training in wanted if sweep.is_finished(training)]
    print(f"{len(finished)} of {len(wanted)} runs are finished")
    if not finished:
        parser.error("no run is finished: nothing to report")
    part = args.quick or ((args.cases or args.seeds or len(finished) < len(wanted)) and not args.publish)
    beside = ROOT / wanted[0].folder / "report"
    evaluate(
        finished,
        beside / "plates" if part else ROOT / "benchmarks" / "results" / "plates",
        beside / "plates.md" if part else ROOT / "docs" / "results" / "plates.md",
    )


def evaluate(finished: Sequence[Training], results: Path, table: Path) -> None:
    """Hold trainings against the references; write a row for each quantity of each run, and the table."""
    rows: list[dict[str, object]] = []
    known: dict[str, list[Quantity]] = {}
    for training in finished:
        sweep.check_settings(training)
        rows += compare(training, known)
        print(training.terms, training.seed, flush=True)
    made = write_rows(results, rows)
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text(page(rows, made, {name: case.source for name, case in CASES.items()}))
    print(results.with_suffix(".jsonl"), table, sep="\n")


def compare(training: Training, known: dict[str, list[Quantity]]) -> list[dict[str, object]]:
    """Return a row for each quantity of a run; `known` keeps what a case is held against."""
    case: Case = CASES[training.terms]
    plate = instantiate(OmegaConf.load(training.run_dir / ".hydra" / "config.yaml").custom.plate, _convert_="all")
    results, run = plate_results(plate, training.run_dir), read_run(training.run_dir)
    if training.terms not in known:
        known[training.terms] = quantities(case, results)
    return [
        {
            "case": training.terms,
            "bars": case.within_bars,
            "seed": training.seed,
            "kind": quantity.kind,
            "quantity": quantity.name,
            "unit": quantity.unit,
            "reference": quantity.reference,
            "value": (value := quantity.of(results)),
            "deviation in %": 100 * (value / quantity.reference - 1),
            "status": run.status,
            "steps": training.steps,
            "seconds": round(run.seconds, 1),
            "ms per step": round(run.step_seconds * 1e3, 1),
        }
        for quantity in known[training.terms]
    ]


if __name__ == "__main__":
    main()
