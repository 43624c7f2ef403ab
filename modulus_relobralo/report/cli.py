"""The console script ``relobralo-report``."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from modulus_relobralo.report.comparison import compare
from modulus_relobralo.report.figures import plot_run
from modulus_relobralo.report.page import Section, make_sections, write_markdown, write_page
from modulus_relobralo.report.runs import Run, find_trainings, read_runs
from modulus_relobralo.report.summary import print_summary, print_table, suspicions, tabulate
from modulus_relobralo.tables import print_lines, printable

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
    parser.add_argument("--html", type=Path, metavar="FILE", help="one page with tables and figures, to hand on")
    parser.add_argument("--target", type=float, help="a relative L2 error; adds the steps that it took to reach it")
    args = parser.parse_args()
    runs = _read(args.runs)
    comparisons = compare(runs)
    if len(runs) <= FEW:
        print_table(runs)
    if len(runs) == 1:
        print_lines([str(path) for path in plot_run(runs[0], args.out)])
    for comparison in comparisons:
        if len(runs) > 1 or args.target is not None:
            print_summary(comparison, args.target)
        else:
            print_lines(suspicions(comparison))
    if args.out or args.html:
        command = shlex.join([parser.prog, *sys.argv[1:]])
        with tempfile.TemporaryDirectory() as elsewhere:
            sections = make_sections(comparisons, args.out or Path(elsewhere), args.target)
            paths = [write_markdown(sections, args.out / "report.md", f"`{command}`")] if args.out else []
            few = [Section("Runs", tabulate(runs))] if len(runs) <= FEW else []
            paths += [write_page([*few, *sections], args.html, command)] if args.html else []
        print_lines([str(path) for path in paths])


def _read(given: Sequence[Path]) -> list[Run]:
    """Return the runs in the given folders, and print which cannot be read; exit if there is none."""
    folders = []
    for folder in given:
        found = find_trainings(folder)
        if not found:
            sys.exit(printable(f"No Hydra run directory was found in {folder}."))
        folders += found
    runs, failures = read_runs(folders)
    print_lines([f"not counted: {failure}" for failure in failures])
    return runs or sys.exit("No run could be read.")
