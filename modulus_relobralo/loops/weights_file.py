"""The table of the weights of loss terms over the steps, which the report reads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor


class WeightsFile:
    """A CSV file with a row for each step and a column for each loss term.

    A resumed run continues it from the step that it resumed at, and what was written from there on is cut off; the file
    of a run with other loss terms is kept as ``.old.csv``.

    Parameters
    ----------
    path : Path
        The file.
    step : int
        The first step.
    """

    def __init__(self, path: Path, step: int = 0) -> None:
        self.path, self._started = path, False
        if path.exists():
            header, *rows = self._read()
            whole = (row for row in rows if len(row) == len(header) and row[0].isdigit())
            self._write([header, *(row for row in whole if int(row[0]) < step)])

    def write(self, step: int, weights: Mapping[str, Tensor]) -> None:
        """Write the weights of a step, each of shape []."""
        header = ["step", *weights]
        if not self._started and not (self.path.exists() and self._read()[0] == header):
            if self.path.exists():
                self.path.replace(self.path.with_suffix(".old.csv"))
            self._write([header])
        self._started = True
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerow([step, *(f"{float(weight):.9g}" for weight in weights.values())])

    def _read(self) -> list[list[str]]:
        with self.path.open(newline="") as file:
            return list(csv.reader(file)) or [[]]

    def _write(self, rows: Iterable[Iterable[str]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("w", newline="") as file:
            csv.writer(file).writerows(rows)
