"""Reads finished runs and shows them: tables on the terminal, figures in a folder. Needs no host framework."""

from modulus_relobralo.report.comparison import Comparison, Variant, compare
from modulus_relobralo.report.comparison_figures import plot_comparison
from modulus_relobralo.report.figures import plot_run
from modulus_relobralo.report.reading import read_run
from modulus_relobralo.report.run import Run
from modulus_relobralo.report.summary import print_summary, summarize, write_report
from modulus_relobralo.report.table import print_table

__all__ = [
    "Comparison",
    "Run",
    "Variant",
    "compare",
    "plot_comparison",
    "plot_run",
    "print_summary",
    "print_table",
    "read_run",
    "summarize",
    "write_report",
]
