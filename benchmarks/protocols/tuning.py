"""Searches each scheme's own parameters, with one budget for all, on seeds that the comparison does not use.

    python -m benchmarks.protocols.tuning [--terms aggregated] [--losses relobralo ...] [--trials 12] [--jobs 2]

A trial is one set of parameters, trained from each tuning seed; its value is the median of log10 of the relative L2
error. Every study begins with the published default. Studies go on where they were interrupted. Writes all trials to
benchmarks/results/tuning.jsonl; the best of each study is compared by the protocol `accuracy` from then on.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import statistics
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optuna
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks import launching
from benchmarks.protocols import accuracy
from benchmarks.protocols.schemes import PROBLEMS, TUNING_SEEDS
from benchmarks.protocols.search_spaces import POINTS, SPACES, suggest
from benchmarks.records import RESULTS, ROOT, write_rows
from benchmarks.training import TERMS
from modulus_relobralo.report import read_run

# The budget of a study.
TRIALS, STEPS = 12, 5000
FOLDER = Path("outputs/tune")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=PROBLEMS)
    parser.add_argument("--terms", nargs="+", choices=TERMS, default=["aggregated"])
    parser.add_argument("--losses", nargs="+", choices=SPACES, default=list(SPACES))
    parser.add_argument("--trials", type=int, default=TRIALS, help="of each study")
    parser.add_argument("--steps", type=int, default=STEPS, help="of each training")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="trainings at a time (default: all cores)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the studies and their runs")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the folder of tuning.jsonl")
    args = parser.parse_args()
    if args.out.resolve() == RESULTS and (args.trials, args.steps) != (TRIALS, STEPS):
        parser.error(f"the shipped results are of {TRIALS} trials and {STEPS} steps: give another --out")
    # So that whoever ends this ends its trainings too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    names = [(problem, terms, loss) for problem in args.problems for terms in args.terms for loss in args.losses]
    studies = [open_study(args.folder, args.steps, *name) for name in names]
    search(studies, args.trials, args.jobs, args.folder)
    Console().print(write_rows("tuning", [row for study in studies for row in trial_rows(study)], args.out))


def open_study(folder: Path, steps: int, problem: str, terms: str, loss: str) -> optuna.Study:
    """Return the study of that name, with what earlier calls have found; its first trial is the default."""
    (ROOT / folder).mkdir(parents=True, exist_ok=True)
    name = f"{problem}-{terms}-{loss}-{steps}"
    journal = optuna.storages.journal.JournalFileBackend(str(ROOT / folder / f"{name}.log"))
    storage = optuna.storages.JournalStorage(journal)
    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
    # A search that runs anew asks the same questions, and one that goes on does not ask the first ones again.
    study.sampler = optuna.samplers.TPESampler(seed=len(done(study)), n_startup_trials=5)
    study.set_user_attr("training", [problem, terms, loss, steps])
    # A point whose trial was cut off counts as not asked: Optuna's own `skip_if_exists` would leave it out.
    waiting = study.get_trials(states=[optuna.trial.TrialState.WAITING])
    asked = [trial.params for trial in done(study)] + [trial.system_attrs["fixed_params"] for trial in waiting]
    for point in POINTS[loss]:
        if point not in asked:
            study.enqueue_trial(point)
    return study


def search(studies: list[optuna.Study], trials: int, jobs: int, folder: Path) -> None:
    """Bring every study to `trials` trials. Each takes one at a time; studies run beside each other.

    What interrupts the one or makes a training fail ends all, with their trainings.
    """
    ended = threading.Event()

    def go_on(*_: int) -> None:
        if ended.is_set():
            raise KeyboardInterrupt

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, TextColumn("left:"), TimeRemainingColumn(), speed_estimate_period=3600) as progress:
        bar = progress.add_task("trials", total=trials * len(studies), completed=sum(len(done(s)) for s in studies))

        def bring_on(study: optuna.Study) -> None:
            while len(done(study)) < trials:
                study.optimize(lambda trial: evaluate(study, trial, jobs, folder, go_on), n_trials=1)
                progress.advance(bar)

        with ThreadPoolExecutor(max(1, jobs // len(TUNING_SEEDS))) as pool:
            try:
                list(pool.map(bring_on, studies))
            except BaseException:
                # A signal reaches this thread only; the others would go on to their last trial.
                ended.set()
                raise


def evaluate(
    study: optuna.Study, trial: optuna.Trial, jobs: int, folder: Path, go_on: Callable[[int, int], None]
) -> float:
    """Train once from every tuning seed; return the median of log10 of the error, infinity if half of them diverged.

    `go_on` is called now and then, and ends the trainings by raising.
    """
    problem, terms, loss, steps = study.user_attrs["training"]
    parameters = tuple(suggest(trial, loss).items())
    place = folder / study.study_name / f"trial-{trial.number}"
    trainings = [
        accuracy.training(problem, terms, loss, seed, steps, parameters, folder=place) for seed in TUNING_SEEDS
    ]
    launching.launch(trainings, launching.on_this_machine(min(jobs, len(TUNING_SEEDS))), go_on)
    runs = [read_run(training.run_dir) for training in trainings]
    values = [math.inf if run.diverged else math.log10(next(iter(run.errors.values())).values[-1]) for run in runs]
    trial.set_user_attr("parameters", dict(parameters))
    trial.set_user_attr("values", values)
    return statistics.median(values)


def done(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Return the trials that came to their end."""
    return study.get_trials(states=[optuna.trial.TrialState.COMPLETE])


def trial_rows(study: optuna.Study) -> list[dict[str, object]]:
    """Return a row for each trial of a study; what diverged has None for its error."""
    problem, terms, loss, steps = study.user_attrs["training"]
    return [
        {
            "problem": problem,
            "terms": terms,
            "loss": loss,
            "steps": steps,
            "trial": trial.number,
            "parameters": {name: float(f"{value:.6g}") for name, value in trial.user_attrs["parameters"].items()},
            "seeds": list(TUNING_SEEDS),
            "log10 of the error": [value if math.isfinite(value) else None for value in trial.user_attrs["values"]],
            "median": trial.value if math.isfinite(trial.value) else None,
        }
        for trial in done(study)
    ]


if __name__ == "__main__":
    main()
