"""The console script ``relobralo-report``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .figures import plot_comparison, plot_run
from .run import Run, read_run
from .table import print_table


def main() -> None:
    """Print a table of the runs in the given folders, and write their figures."""
    parser = argparse.ArgumentParser(prog="relobralo-report", description=main.__doc__)
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN_DIR", help="Hydra run directories, or folders of them"
    )
    parser.add_argument("--out", type=Path, default=Path("report"), help="folder of the figures (default: report)")
    args = parser.parse_args()
    runs = find_runs(args.runs)
    if not runs:
        sys.exit(f"No Hydra run directory was found in {', '.join(map(str, args.runs))}.")
    print_table(runs)
    for run in runs:
        for path in plot_run(run):
            print(path)
    if len(runs) > 1:
        print(plot_comparison(runs, args.out / "comparison.png"))


def find_runs(folders: list[Path]) -> list[Run]:
    """Return the runs in `folders` and below, in the order of the folders and of their names."""
    found = [path.parent.parent for folder in folders for path in sorted(folder.rglob(".hydra/hydra.yaml"))]
    return [read_run(folder) for folder in dict.fromkeys(found)]
