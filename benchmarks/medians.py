"""Medians over the seeds of published runs: of what was run in parts, on other days or on other machines, in one table.

    python benchmarks/medians.py NAME [NAME ...] [--square] [--at STEP ...] [--seeds 0 1 ...]

Each NAME is a file of benchmarks/results/ without its ending, such as `article`. Runs that differ in nothing but their
seed make a row; a seed that several files have counts once, as the last of them has it. Behind the largest stands the
ratio of the medians to that of `sum`, over the seeds that both have.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from protocol import ROOT
from records import OTHERS, read_rows

from modulus_relobralo.report.comparison import BASELINE, spread
from modulus_relobralo.tables import print_lines, print_rows

# What an option was called in older result files.
RENAMED = {"batch_size.wall": "batch_size.edge"}
RESULTS = ROOT / "benchmarks" / "results"
# Overrides that decide what is written down and how fast it goes, not what is trained.
RECORDING = ("training.summary_freq", "training.rec_monitor_freq", "training.rec_validation_freq", "cuda_graphs")


def settings(row: dict[str, Any]) -> tuple[str, str, str, str]:
    """Return what the runs of a row of the table share: problem, loss, its parameters and the other overrides."""
    of_loss = {f"loss.{name}={value:.6g}" for name, value in row["parameters"].items()}
    names = (option.split("=", 1) for option in row["overrides"] if option not in of_loss)
    others = [f"{RENAMED.get(name, name)}={value}" for name, value in names if name not in RECORDING]
    return row["problem"], " ".join(others), row["loss"], " ".join(sorted(of_loss))


def error(row: dict[str, Any], step: int | None, square: bool) -> float | None:
    """Return the error of a run at its end or, by its history, at a step; None if the history has no such step.

    One that diverged has an infinite error.
    """
    last = row["relative L2 error"]
    if last is None:
        return float("inf")
    if step is not None and step not in row["steps"]:
        return None
    relative = last if step is None else row["errors"][row["steps"].index(step)]
    # the mean square of the exact solution is the same at every step
    return row["mean squared error"] * (relative / last) ** 2 if square else relative


def by_variable(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each variable of a run that has errors of several, else the row itself."""
    others = {name.removeprefix(OTHERS): value for name, value in row.items() if name.startswith(OTHERS)}
    yield {**row, "problem": f"{row['problem']}: {row['variable']}"} if others else row
    for name, value in others.items():
        # of the others no history and no mean square was kept
        yield {**row, "problem": f"{row['problem']}: {name}", "relative L2 error": value, "steps": []}


def table(
    rows: Sequence[dict[str, Any]], seeds: Sequence[int] | None, steps: Sequence[int] | None, square: bool
) -> list[dict[str, str]]:
    """Return a row for each setting with the median over its seeds, the quartiles, the largest and the ratio."""
    runs: dict[tuple[str, ...], dict[int, dict[str, Any]]] = {}
    for row in rows if square else chain.from_iterable(map(by_variable, rows)):
        if seeds is None or row["seed"] in seeds:
            runs.setdefault(settings(row), {})[row["seed"]] = row
    made = []
    for (problem, options, loss, parameters), of_seed in sorted(runs.items()):
        entry = {"problem": problem, "options": options, "loss": f"{loss} {parameters}".strip()}
        entry["seeds"] = ",".join(map(str, sorted(of_seed)))
        baseline = runs.get((problem, options, BASELINE, ""), {})
        for step in steps or [None]:
            errors, reference = (
                {seed: error(row, step, square) for seed, row in of.items()} for of in (of_seed, baseline)
            )
            name = "at the end" if step is None else f"after {step} steps"
            # not the median of some seeds in the place of that of all
            entry[name] = "" if None in errors.values() else in_words(errors, reference if loss != BASELINE else {})
        made.append(entry)
    return made


def in_words(errors: Mapping[int, float], reference: Mapping[int, float | None]) -> str:
    """Return ``median [quartiles], largest``, and behind it the ratio to the reference over the seeds of both."""
    median, lower, upper = spread(errors.values())
    words = f"{median:.2g} [{lower:.2g}, {upper:.2g}], {max(errors.values()):.2g}"
    both = [seed for seed in errors if reference.get(seed) is not None]
    if not both:
        return words
    ratio = spread(errors[seed] for seed in both).median / spread(reference[seed] for seed in both).median
    return f"{words} ({ratio:.2g} of {BASELINE})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", metavar="NAME", help="a file of benchmarks/results/")
    parser.add_argument("--square", action="store_true", help="mean squares in place of relative L2 errors")
    parser.add_argument("--at", nargs="+", type=int, metavar="STEP", help="after these steps, and not at the end")
    parser.add_argument("--seeds", nargs="+", type=int, metavar="SEED", help="these only")
    args = parser.parse_args()
    files = [(RESULTS / name).with_suffix(".jsonl") for name in args.names]
    if missing := [file for file in files if not file.is_file()]:
        known = sorted(file.stem for file in RESULTS.glob("*.jsonl"))
        parser.error(f"no results of {', '.join(file.stem for file in missing)}; there are {', '.join(known)}")
    rows = [row for file in files for row in read_rows(file)]
    kind = "mean square of the error" if args.square else "relative L2 error"
    print_rows(table(rows, args.seeds, args.at, args.square), f"{kind}: median [quartiles], largest (ratio)")
    for file in files:
        made = json.loads(file.read_text().splitlines()[0])
        print_lines([f"{file.stem}: {made['command']}, {made['date']}, on {made['device']}"])


if __name__ == "__main__":
    main()
