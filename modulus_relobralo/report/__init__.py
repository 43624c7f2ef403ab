"""Reads finished runs and shows them: tables on the terminal, figures in a folder. Needs no host framework."""

from modulus_relobralo.checks import needed

with needed("The report"):
    from modulus_relobralo.report.comparison import Comparison, compare
    from modulus_relobralo.report.figures import plot_comparison, plot_run
    from modulus_relobralo.report.page import write_report
    from modulus_relobralo.report.runs import Run, find_trainings, read_run, read_runs
    from modulus_relobralo.report.summary import print_summary, print_table, summarize

__all__ = [
    "Comparison",
    "Run",
    "compare",
    "find_trainings",
    "plot_comparison",
    "plot_run",
    "print_summary",
    "print_table",
    "read_run",
    "read_runs",
    "summarize",
    "write_report",
]
