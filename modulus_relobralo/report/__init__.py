"""Reads finished runs and shows them: tables on the terminal, figures in a folder. Needs no host framework."""

from modulus_relobralo.libraries import needed

with needed("The report"):
    from modulus_relobralo.report.comparison import Comparison, compare
    from modulus_relobralo.report.comparison_figures import plot_comparison
    from modulus_relobralo.report.document import write_report
    from modulus_relobralo.report.folders import find_trainings
    from modulus_relobralo.report.reading import read_run, read_runs
    from modulus_relobralo.report.run import Run
    from modulus_relobralo.report.run_figures import plot_run
    from modulus_relobralo.report.run_table import print_table
    from modulus_relobralo.report.summary import print_summary, summarize
    from modulus_relobralo.report.variant import Variant

__all__ = [
    "Comparison",
    "Run",
    "Variant",
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
