"""Reads finished runs and shows them: tables on the terminal, figures in a folder. Needs no host framework."""

from .comparison import Comparison, Variant, compare
from .comparison_figures import plot_comparison
from .figures import plot_run
from .reading import read_run
from .run import Run
from .summary import print_summary, summarize, write_report
from .table import print_table

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
