"""Every balancing scheme on both problems, over seeds: the protocol of benchmarks/README.md.

    python benchmarks/accuracy.py [--quick] [--jobs 2] [hydra/launcher=submitit_slurm ...] [--plan | --report]
        [--losses sum relobralo ...] [--steps 10000 ...] [--seeds 0 1 ...] [--publish [NAME]]

Finished trainings are not run again, interrupted ones resume. Writes the numbers of every run to
benchmarks/results/accuracy.jsonl, tables and figures to docs/results/; those of --quick, and without
--publish those of a part, to the folder `report` beside the runs.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import protocol
import sweep
from protocol import ROOT, Training
from publishing import add_publish
from records import OTHERS, write_rows
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from modulus_relobralo.report import Run, compare, print_summary, read_run, write_report
from modulus_relobralo.report.comparison import last_error, mean_square

# Points of an error's history that go into the result file.
HISTORY = 25


def main() -> None:
    run(__doc__, protocol.full, protocol.quick, "accuracy", ROOT / "docs" / "results")


def run(
    description: str,
    full: Callable[[], list[Training]],
    quick: Callable[[], list[Training]],
    name: str,
    figures: Path,
) -> None:
    """Run a protocol by the options of the command line; its numbers go to benchmarks/results/`name`.jsonl."""
    parser = make_parser(description, name)
    args = parser.parse_args()
    # So that whoever ends this ends its trainings too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    trainings = choose(quick() if args.quick else full(), args)
    if not trainings:
        parser.error(
            f"no training has a loss of {args.losses}, a number of steps of {args.steps} and a seed of {args.seeds}"
        )
    launcher = args.launcher or sweep.on_this_machine(args.jobs)
    if args.plan:
        print_plan(trainings, launcher)
        return
    if args.report:
        finished = [training for training in trainings if sweep.is_finished(training)]
        print(f"{len(finished)} of {len(trainings)} runs are finished")
        if not finished:
            parser.error("no run is finished: nothing to report")
    else:
        train(trainings, launcher)
        finished = trainings
    part = args.losses or args.steps or args.seeds or len(finished) < len(trainings)
    if args.quick or (part and not args.publish):
        report = ROOT / trainings[0].folder / "report"
        evaluate(finished, report / name, report)
    elif args.publish in (None, name):
        evaluate(finished, ROOT / "benchmarks" / "results" / name, figures)
    else:
        evaluate(finished, ROOT / "benchmarks" / "results" / args.publish, ROOT / "docs" / "results" / args.publish)


def make_parser(description: str, name: str) -> argparse.ArgumentParser:
    """Return the options of a protocol whose results are called `name`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few seeds and steps: shows that it works, nothing else")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="trainings at a time (default: all cores)")
    parser.add_argument(
        "launcher",
        nargs="*",
        metavar="OVERRIDE",
        help="another launcher of Hydra than joblib on this machine, such as hydra/launcher=submitit_slurm",
    )
    parser.add_argument("--losses", nargs="+", metavar="LOSS", help="a part of it: these schemes only")
    parser.add_argument("--steps", nargs="+", type=int, metavar="NUMBER", help="a part of it: trainings of this length")
    parser.add_argument("--seeds", nargs="+", type=int, metavar="NUMBER", help="a part of it: these seeds only")
    add_publish(parser, name)
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--plan", action="store_true", help="list what would be run, and stop")
    instead.add_argument("--report", action="store_true", help="evaluate what is finished, and run nothing")
    return parser


def choose(trainings: Iterable[Training], args: argparse.Namespace) -> list[Training]:
    """Return the part of the protocol that the options name, or the whole."""
    return [
        training
        for training in trainings
        if training.loss in (args.losses or [training.loss])
        and training.steps in (args.steps or [training.steps])
        and training.seed in (args.seeds or [training.seed])
    ]


def evaluate(trainings: Sequence[Training], results: Path, figures: Path) -> None:
    """Write the numbers of `trainings` to `results`.jsonl, their report to the folder `figures`; print the tables."""
    for training in trainings:
        sweep.check_settings(training)
    runs = [read_run(training.run_dir) for training in trainings]
    rows = [make_row(*pair) for pair in zip(trainings, runs, strict=True)]
    made = write_rows(results, rows)
    source = f"`{made['command']}`, {made['date']}, on {made['device']}, torch {made['versions']['torch']}."
    comparisons = compare(runs)
    for comparison in comparisons:
        print_summary(comparison)
    Console().print(results.with_suffix(".jsonl"), write_report(comparisons, figures, source=source))


def train(trainings: Sequence[Training], launcher: Sequence[str]) -> None:
    """Run what is not finished, with a progress line."""
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %")
    times = TimeElapsedColumn(), TextColumn("elapsed,"), TimeRemainingColumn(), TextColumn("left")
    with Progress(*columns, *times, speed_estimate_period=600) as progress:
        bar = progress.add_task("", total=sum(training.cost for training in trainings))

        def report(finished: int, done: int) -> None:
            progress.update(bar, completed=done, description=f"{finished} of {len(trainings)} runs")

        report(*sweep.progress(trainings))
        sweep.launch(trainings, launcher, report)


def print_plan(trainings: Sequence[Training], launcher: Sequence[str]) -> None:
    """Print how many trainings there are of each kind, and the commands that run what is not finished."""
    for (problem, terms, steps), number in Counter((t.problem, t.terms, t.steps) for t in trainings).items():
        print(f"{problem}, {terms}: {number} runs of {steps} steps")
    todo = [training for training in trainings if not sweep.is_finished(training)]
    print(f"{len(trainings)} runs, {len(todo)} of them to be run by")
    environment = [f"{name}={value}" for name, value in sweep.ENVIRONMENT.items()]
    for command in sweep.commands(todo, launcher):
        print(shlex.join([*environment, *command]))


def make_row(training: Training, run: Run) -> dict[str, object]:
    """Return what the result file keeps of a run."""
    (variable, error), *others = run.errors.items()
    chosen = np.unique(np.linspace(0, len(error.steps) - 1, HISTORY).astype(int))
    return {
        "problem": training.problem,
        "terms": training.terms,
        "loss": training.loss,
        "learning rate": training.rate,
        "parameters": dict(training.parameters),
        "overrides": training.overrides,
        "seed": training.seed,
        "status": run.status,
        "last step": run.last_step,
        "variable": variable,
        "relative L2 error": None if run.diverged else last_error(run, variable),
        "mean squared error": None if run.diverged else mean_square(run, variable),
        **{f"{OTHERS}{name}": None if run.diverged else last_error(run, name) for name, _ in others},
        "seconds": round(run.seconds, 1),
        "ms per step": round(run.step_seconds * 1e3, 2),
        "steps": error.steps[chosen].tolist(),
        "errors": [float(f"{value:.4g}") for value in error.values[chosen]],
    }


if __name__ == "__main__":
    main()
