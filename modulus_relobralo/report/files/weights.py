"""Reads the CSV file of the weight monitor."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path

from modulus_relobralo.report.run import Series

# Of a monitor that was added under that name, as the documentation says.
FILE = Path("monitors", "weights.csv")


def read_weights(folder: Path) -> dict[str, Series]:
    """Return the weights over the steps by loss term, from ``monitors/weights.csv`` in `folder`; empty without it.

    Rows that a killed run left torn are left out.

    Raises
    ------
    ValueError
        If the file cannot be read or is none of the weight monitor.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{FILE.as_posix()} cannot be read: {type(error).__name__}: {error}") from error
    # What has no end of line may be the beginning of a longer number.
    header, *rows = [*csv.reader(line for line in text.splitlines(keepends=True) if line.endswith("\n"))] or [[]]
    if header and header[0] != "step":
        raise ValueError(f"{FILE.as_posix()} is left out: its first column is {header[0]}, not step")
    values: dict[str, dict[int, float]] = {name: {} for name in header[1:]}
    for row in rows:
        if len(row) == len(header):
            with contextlib.suppress(ValueError, OverflowError):
                step, numbers = int(row[0]), [float(cell) for cell in row[1:]]
                for name, number in zip(values, numbers, strict=True):
                    values[name][step] = number
    return {name: Series.from_dict(entries) for name, entries in values.items() if entries}
