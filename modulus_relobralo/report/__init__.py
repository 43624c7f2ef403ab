"""Reads finished runs and shows them: tables on the terminal, figures in a folder. Needs no host framework."""

from .figures import plot_comparison, plot_run
from .run import Run, read_run
from .table import print_table

__all__ = ["Run", "plot_comparison", "plot_run", "print_table", "read_run"]
