"""The console script ``relobralo-report``."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from modulus_relobralo.report.comparison import compare
from modulus_relobralo.report.figures import plot_run
from modulus_relobralo.report.reading import read_run
from modulus_relobralo.report.run import Run
from modulus_relobralo.report.summary import print_summary, write_report
from modulus_relobralo.report.table import print_table

# So many runs are shown one by one as well.
FEW = 6


def main() -> None:
    """Print a table of the runs in the given folders: one row per balancing scheme, with its spread over the seeds."""
    parser = argparse.ArgumentParser(prog="relobralo-report", description=main.__doc__)
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN_DIR", help="Hydra run directories, or folders of them (multirun)"
    )
    parser.add_argument(
        "--out", type=Path, help="folder for figures and report.md (default: one run's figures beside it, no report)"
    )
    parser.add_argument("--target", type=float, help="a relative L2 error; adds the steps that it took to reach it")
    args = parser.parse_args()
    runs = read_runs([folder for given in args.runs for folder in find_folders(given)])
    if len(runs) <= FEW:
        print_table(runs)
    if len(runs) == 1:
        for path in plot_run(runs[0], args.out):
            print(path)
    comparisons = compare(runs)
    if len(runs) > 1 or args.target:
        for comparison in comparisons:
            print_summary(comparison, args.target)
    if args.out:
        command = f"`{shlex.join([parser.prog, *sys.argv[1:]])}`"
        print(write_report(comparisons, args.out, args.target, command))


def find_folders(folder: Path) -> list[Path]:
    """Return the run directories in `folder` and below, in the order of their names; exit if there is none."""
    found = [path.parent.parent for path in sorted(folder.rglob(".hydra/hydra.yaml"))]
    if not found:
        sys.exit(f"No Hydra run directory was found in {folder}.")
    return found


def read_runs(folders: Iterable[Path]) -> list[Run]:
    """Return the runs in `folders`; those that cannot be read are listed, and if there is no other the program ends."""
    runs = []
    for folder in dict.fromkeys(folders):
        try:
            runs.append(read_run(folder))
        except ValueError as error:
            print(f"not counted: {error}")
    return runs or sys.exit("No run could be read.")
