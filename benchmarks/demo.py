"""Both of the article's experiments in their own setting, unbalanced and with ReLoBRaLo, side by side: make demo.

python benchmarks/demo.py [--steps N] [--jobs 2] [--out outputs/demo]
"""

from __future__ import annotations

import argparse
import math
import os
import signal
from pathlib import Path

import accuracy
import article
import sweep
from protocol import HEADLINE, ROOT

from modulus_relobralo.report import Comparison, Variant, compare, plot_comparison, read_run
from modulus_relobralo.report.comparison import Quantity
from modulus_relobralo.tables import Row, print_lines, print_rows

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
        training
        for problem, steps in STEPS.items()
        for training in article.trainings(
            [0], [args.steps or steps], HEADLINE, builtin_as_article=False, folder=args.out, problems=[problem]
        )
    ]
    accuracy.train(trainings, sweep.on_this_machine(args.jobs))
    comparisons = compare([read_run(training.run_dir) for training in trainings])
    print_rows(
        [row for comparison in comparisons for row in make_rows(comparison)],
        "The article's two experiments in their own setting",
    )
    for comparison in comparisons:
        paths = plot_comparison(comparison, ROOT / args.out / comparison.problem)
        print_lines([str(path) for path in paths if path.stem == "error"])


def make_rows(comparison: Comparison) -> list[Row]:
    """Return a row for each loss of a problem: its errors, and how they compare with those of the sum."""
    (variable,) = comparison.variables
    rows = []
    for variant in comparison.variants:
        squares, errors = variant.mean_squares(variable), variant.errors(variable)
        ratios = [
            comparison.ratio(variant, Quantity("errors", variable), measure)
            for measure in (Variant.mean_squares, Variant.errors)
        ]
        of_sum = ["-" if math.isnan(ratio) else f"{ratio:.3g}" for ratio in ratios]
        rows.append(
            {
                "": comparison.problem,
                "loss": variant.label,
                "steps": str(variant.runs[0].errors[variable].steps[-1]),
                "mean square of the error": f"{squares[0]:.3g}",
                "of the sum's": of_sum[0],
                "relative L2 error": f"{errors[0]:.3g}",
                "of the sum's ": of_sum[1],
                "ms per step": f"{variant.step_seconds * 1e3:.1f}",
            }
        )
    return rows


if __name__ == "__main__":
    main()
