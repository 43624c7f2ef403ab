"""Both of the article's experiments in their own setting, unbalanced and with ReLoBRaLo, side by side: make demo.

python -m benchmarks.demo [--steps N] [--jobs 2] [--out outputs/demo]
"""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path

import pandas as pd

from benchmarks import launching, runner
from benchmarks.documents.figures import errors
from benchmarks.documents.summary import lines, number, ratio, spread
from benchmarks.protocols import article
from benchmarks.protocols.schemes import HEADLINE
from benchmarks.records import ROOT

# As many as leave a quarter of five minutes to spare on two cores, where a step of the plate takes twice as long.
STEPS = {"helmholtz": 6_000, "kirchhoff": 4_000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, help=f"of every training (default: {STEPS})")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="trainings at a time (default: all cores)")
    parser.add_argument("--out", type=Path, default=Path("outputs/demo"), help="folder, relative to the root")
    args = parser.parse_args()
    # So that whoever ends this ends its trainings too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    trainings = [
        article.training(problem, loss, 0, args.steps or steps, folder=args.out)
        for problem, steps in STEPS.items()
        for loss in HEADLINE
    ]
    runner.train(trainings, launching.on_this_machine(args.jobs))
    rows = [runner.make_row(training, runner.errors_of) for training in trainings]
    found = pd.DataFrame(line for row in rows for line in lines("article", row))
    print("The article's two experiments in their own setting:", beside_sum(found).to_string(index=False), sep="\n")
    print(errors(ROOT / args.out / "errors.png", found))


def beside_sum(found: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each loss of a problem: its errors, and how they compare with those of the sum."""
    columns = {"mean square of the error": "square", "relative L2 error": "error"}
    made = found[["problem", "scheme", "steps"]].set_index(["problem", "scheme"])
    for name, value in columns.items():
        of = spread(found, ["problem"], value)
        made[name], made[f"{name}, of the sum's"] = of["median"].map(number), of["ratio"].map(ratio)
    made["ms per step"] = found.set_index(["problem", "scheme"])["ms per step"]
    return made.reset_index()


if __name__ == "__main__":
    main()
