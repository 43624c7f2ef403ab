"""The console script ``relobralo-report``."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modulus_relobralo.report.comparison import Comparison, compare
from modulus_relobralo.report.figures import plot_run
from modulus_relobralo.report.page import make_sections, write_markdown, write_page
from modulus_relobralo.report.runs import Run, find_trainings, read_runs
from modulus_relobralo.report.summary import name_runs, print_summary, print_table, remarks, tabulate
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
    if len(runs) <= FEW:
        print_table(runs)
    if len(runs) == 1:
        print_lines([str(path) for path in plot_run(runs[0], args.out)])
    comparisons = compare(runs)
    if len(runs) > 1 or args.target is not None:
        for comparison in comparisons:
            print_summary(comparison, args.target)
        print_lines(find_twins(comparisons))
    else:
        said = [line for comparison in comparisons for line in remarks(comparison)]
        print_lines([line for line in said if line.startswith("suspicious: ")])
    _write(args, runs, comparisons, shlex.join([parser.prog, *sys.argv[1:]]))


def find_twins(comparisons: Sequence[Comparison]) -> list[str]:
    """Return a line for each comparison whose numbers are those of an earlier one, to the last digit."""
    lines: list[str] = []
    known: dict[tuple[Any, ...], str] = {}
    for found in comparisons:
        pairs = [(variant, variable) for variant in found.variants for variable in found.variables]
        rows = tuple((variant.label, variable, *variant.errors(variable)) for variant, variable in pairs)
        if rows and rows in known:
            lines.append(
                f"{found.title}: the errors are those of {known[rows]}, to the last digit: what differs in the "
                "settings changed nothing, or a run was copied"
            )
        known.setdefault(rows, found.title)
    return lines


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


def _write(args: argparse.Namespace, runs: Sequence[Run], comparisons: Sequence[Comparison], command: str) -> None:
    """Write the report into the folder and the page that were asked for, and print where they are."""
    if not (args.out or args.html):
        return
    few = tabulate(runs, name_runs(runs)) if len(runs) <= FEW else None
    with tempfile.TemporaryDirectory() as elsewhere:
        sections = make_sections(comparisons, args.out or Path(elsewhere), args.target)
        paths = [write_markdown(sections, args.out, f"`{command}`")] if args.out else []
        paths += [write_page(sections, args.html, command, few)] if args.html else []
    print_lines([str(path) for path in paths])
