"""The table of the weights of loss terms over the steps, which the report reads."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor


class WeightsFile:
    """A CSV file with a row for each step and a column for each loss term.

    A resumed run continues it from the step that it resumed at; the file of a run with other loss terms is kept as
    ``.old.csv``.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._started = path, False

    def write(self, step: int, weights: Mapping[str, Tensor]) -> None:
        """Write the weights of a step, each of shape []."""
        if not self._started:
            self._start(["step", *weights], step)
            self._started = True
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerow([step, *(f"{float(weight):.9g}" for weight in weights.values())])

    def cut(self, step: int) -> None:
        """Drop what an earlier part of the run wrote from a step on, where this part has no weights to write."""
        if not self._started and self.path.exists():
            with self.path.open(newline="") as file:
                self._start(next(csv.reader(file), []), step)
        self._started = True

    def _start(self, header: list[str], step: int) -> None:
        """Write the header; keep the rows of an earlier part of the run, or its file if it had other loss terms."""
        rows: list[list[str]] = []
        if self.path.exists():
            with self.path.open(newline="") as file:
                old_header, *old_rows = list(csv.reader(file)) or [[]]
            # Loss terms in another order, as before they were sorted, are the same.
            if old_header[:1] == header[:1] and sorted(old_header) == sorted(header):
                places = [old_header.index(name) for name in header]
                whole = [row for row in old_rows if len(row) == len(header) and int(row[0]) < step]
                rows = [[row[place] for place in places] for row in whole]
            else:
                self.path.replace(self.path.with_suffix(".old.csv"))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
