"""The command line of a protocol: what is to be trained is launched, and what is finished becomes rows of results.

    python -m benchmarks.protocols.NAME [--quick] [--jobs 2] [--plan | --report] [hydra/launcher=submitit_slurm ...]
        [--problems helmholtz ...] [--losses sum relobralo ...] [--steps 10000 ...] [--seeds 0 1 ...]

Finished trainings are not run again, interrupted ones resume. The numbers of every run go to
benchmarks/results/NAME.jsonl, each in the place of the same run of before; those of --quick go to a file beside the
runs.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks import launching
from benchmarks.records import RESULTS, ROOT, Row, write_rows
from benchmarks.training import Training
from modulus_relobralo.report import Run, read_run
from modulus_relobralo.report.comparison import last_error, mean_square

# Points of an error's history that go into the result file.
HISTORY = 25
# What a row calls the errors of a run's other variables.
OTHERS = "relative L2 error of "
PARTS = {"problems": ("problem", str), "losses": ("loss", str), "steps": ("steps", int), "seeds": ("seed", int)}


def run(
    description: str | None,
    full: Callable[[], list[Training]],
    quick: Callable[[], list[Training]],
    measure: Callable[[Training], Row] | None = None,
    jobs: int | None = None,
) -> None:
    """Run a protocol by the options of the command line.

    Parameters
    ----------
    description : str, optional
        What the help says.
    full, quick : callable
        Return the trainings, and those that only show that it works.
    measure : callable, optional
        Returns what the row of a finished training keeps; its errors by `errors_of`, without.
    jobs : int, optional
        How many trainings run at a time; as many as there are cores, without.
    """
    parser = make_parser(description, jobs or os.cpu_count() or 1)
    args = parser.parse_args()
    # So that whoever ends this ends its trainings too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    trainings = choose(quick() if args.quick else full(), args)
    if not trainings:
        named = ", ".join(f"{name} {getattr(args, name)}" for name in PARTS if getattr(args, name))
        parser.error(f"no training has {named}")
    launcher = args.launcher or launching.on_this_machine(args.jobs)
    if args.plan:
        print_plan(trainings, launcher)
        return
    if not args.report:
        train(trainings, launcher)
    finished = [training for training in trainings if launching.is_finished(training)]
    print(f"{len(finished)} of {len(trainings)} runs are finished")
    if not finished:
        parser.error("no run is finished: nothing to report")
    protocol = finished[0].protocol
    rows = [make_row(training, measure or errors_of) for training in finished]
    folder = ROOT / "outputs" / f"{protocol}-quick" if args.quick else RESULTS
    Console().print(write_rows(protocol, rows, folder), soft_wrap=True)


def make_parser(description: str | None, jobs: int) -> argparse.ArgumentParser:
    """Return the options of a protocol."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few seeds and steps: shows that it works, nothing else")
    parser.add_argument("--jobs", type=int, default=jobs, help="trainings at a time (default: %(default)s)")
    parser.add_argument(
        "launcher",
        nargs="*",
        metavar="OVERRIDE",
        help="another launcher of Hydra than joblib on this machine, such as hydra/launcher=submitit_slurm",
    )
    for option, (name, kind) in PARTS.items():
        parser.add_argument(f"--{option}", nargs="+", type=kind, metavar=name.upper(), help="a part of it: these only")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--plan", action="store_true", help="list what would be run, and stop")
    instead.add_argument("--report", action="store_true", help="evaluate what is finished, and run nothing")
    return parser


def choose(trainings: Iterable[Training], args: argparse.Namespace) -> list[Training]:
    """Return the part of the protocol that the options name, or the whole."""
    wanted = {name: getattr(args, option) for option, (name, _) in PARTS.items() if getattr(args, option)}
    return [entry for entry in trainings if all(getattr(entry, name) in values for name, values in wanted.items())]


def train(trainings: Sequence[Training], launcher: Sequence[str]) -> None:
    """Run what is not finished, with a progress line."""
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %")
    times = TimeElapsedColumn(), TextColumn("elapsed,"), TimeRemainingColumn(), TextColumn("left")
    with Progress(*columns, *times, speed_estimate_period=600) as progress:
        bar = progress.add_task("", total=sum(training.work for training in trainings))

        def report(finished: int, done: int) -> None:
            progress.update(bar, completed=done, description=f"{finished} of {len(trainings)} runs")

        report(*launching.progress(trainings))
        launching.launch(trainings, launcher, report)


def print_plan(trainings: Sequence[Training], launcher: Sequence[str]) -> None:
    """Print how many trainings there are of each kind, and the commands that run what is not finished."""
    for (problem, terms, steps), number in Counter((t.problem, t.terms, t.steps) for t in trainings).items():
        print(f"{problem}, {terms}: {number} runs of {steps} steps")
    todo = [training for training in trainings if not launching.is_finished(training)]
    print(f"{len(trainings)} runs, {len(todo)} of them to be run by")
    environment = [f"{name}={value}" for name, value in launching.ENVIRONMENT.items()]
    for command in launching.commands(todo, launcher):
        print(shlex.join([*environment, *command]))


def make_row(training: Training, measure: Callable[[Training], Row]) -> Row:
    """Return the row of a finished training: its key, its numbers, and the circumstances that its launch has kept."""
    launching.check_settings(training)
    made = training.run_dir / launching.MADE
    return {
        **training.key(),
        "overrides": list(training.overrides),
        **measure(training),
        **(json.loads(made.read_text()) if made.is_file() else {}),
    }


def errors_of(training: Training) -> Row:
    """Return what a row keeps of the errors of a run, and of its times."""
    found: Run = read_run(training.run_dir)
    (variable, error), *others = found.errors.items()
    chosen = np.unique(np.linspace(0, len(error) - 1, HISTORY).astype(int))
    return {
        "status": found.status,
        "last step": found.last_step,
        "variable": variable,
        "relative L2 error": None if found.diverged else last_error(found, variable),
        "mean squared error": None if found.diverged else mean_square(found, variable),
        **{f"{OTHERS}{name}": None if found.diverged else last_error(found, name) for name, _ in others},
        "seconds": round(found.seconds, 1),
        "ms per step": round(found.step_seconds * 1e3, 2),
        "steps": error.index[chosen].tolist(),
        "errors": [float(f"{value:.4g}") for value in error.values[chosen]],
    }
