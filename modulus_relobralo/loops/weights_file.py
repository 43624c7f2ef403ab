"""The table of the weights of loss terms over the steps, which the report reads."""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

logger = logging.getLogger(__name__)


class WeightsFile:
    """A CSV file with a row for each step and a column for each loss term.

    A resumed run continues the file from the step at which it resumes: later rows of the earlier part are dropped, and
    so are rows that cannot be read, which the log says. The file of a run with other loss terms is kept beside it as
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
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([step, *(f"{float(weight):.9g}" for weight in weights.values())])

    def cut(self, step: int) -> None:
        """Drop what an earlier part of the run wrote from a step on, where this part has no weights to write."""
        if not self._started and self.path.exists():
            self._start(self._read()[0], step)
        self._started = True

    def _start(self, header: list[str], step: int) -> None:
        """Write the header; keep the rows of an earlier part of the run, or its file if it had other loss terms."""
        self._started = True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        rows: list[list[str]] = []
        if self.path.exists():
            old_header, *old_rows = self._read()
            # Loss terms in another order, as before they were sorted, are the same.
            if old_header[:1] == header[:1] and sorted(old_header) == sorted(header):
                places = [0, *(old_header.index(name, 1) for name in header[1:])]
                rows = [[row[place] for place in places] for row in old_rows if _is_readable(row, len(header))]
                if len(rows) < len(old_rows):
                    logger.warning("%s: %d rows cannot be read and are dropped.", self.path, len(old_rows) - len(rows))
            else:
                self.path.replace(self.path.with_suffix(".old.csv"))
        # A whole file takes the place of the old one: a kill leaves one of the two.
        new = self.path.with_suffix(".new.csv")
        with new.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *(row for row in rows if int(row[0]) < step)])
        new.replace(self.path)

    def _read(self) -> list[list[str]]:
        """Return the header, empty if there is none, and the rows; what is no text is replaced."""
        with self.path.open(newline="", encoding="utf-8", errors="replace") as file:
            # What has no end of line may be the beginning of a longer number.
            return [_cells(line) for line in file if line.endswith("\n")] or [[]]


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]))
    except csv.Error:
        return []


def _is_readable(row: list[str], length: int) -> bool:
    try:
        return len([int(row[0]), *map(float, row[1:])]) == length
    except (IndexError, ValueError):
        return False
