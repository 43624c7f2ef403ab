"""The console script ``relobralo-report``."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from .comparison import compare
from .figures import plot_run
from .run import Run, read_run
from .summary import print_summary, write_report
from .table import print_table

# So many runs are shown one by one as well.
FEW = 6


def main() -> None:
    """Print a table of the runs in the given folders: one row per balancing scheme, with its spread over the seeds."""
    parser = argparse.ArgumentParser(prog="relobralo-report", description=main.__doc__)
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN_DIR", help="Hydra run directories, or folders of them (multirun)"
    )
    parser.add_argument(
        "--out", type=Path, help="folder for Markdown and figures (default: one run's figures beside it)"
    )
    parser.add_argument("--target", type=float, help="a relative L2 error; adds the steps that it took to reach it")
    args = parser.parse_args()
    runs = find_runs(args.runs)
    if not runs:
        sys.exit(f"No Hydra run directory was found in {', '.join(map(str, args.runs))}.")
    if len(runs) == 1:
        print_table(runs)
        for path in plot_run(runs[0], args.out):
            print(path)
        return
    if len(runs) <= FEW:
        print_table(runs)
    comparisons = compare(runs)
    for comparison in comparisons:
        print_summary(comparison, args.target)
    if args.out:
        command = f"`{shlex.join([parser.prog, *sys.argv[1:]])}`"
        print(write_report(comparisons, args.out, args.target, command))


def find_runs(folders: list[Path]) -> list[Run]:
    """Return the runs in `folders` and below, in the order of the folders and of their names."""
    found = [path.parent.parent for folder in folders for path in sorted(folder.rglob(".hydra/hydra.yaml"))]
    return [read_run(folder) for folder in dict.fromkeys(found)]
