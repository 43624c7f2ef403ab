"""Fields that the host saved as np: points, predicted values and, of a validator, exact ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from modulus_relobralo.report.arrays import load_arrays

EXACT, PREDICTED = "true_", "pred_"
LENGTHS = ("x", "y", "z")
"""Coordinates that are lengths: axes of two of them have one scale."""
# What the file of an inferencer does not say: which of its columns are inputs.
COORDINATES = (*LENGTHS, "t")
MOST_PLANES, MOST_POINTS = 3, 200_000
"""What is drawn of a field: planes at the first, the middle and the last value of its further coordinates, and points
in each of them."""

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Field:
    """A variable at points: coordinates by name, predicted values and, of a validator, exact ones and the step."""

    coordinates: dict[str, Column]
    predicted: Column
    exact: Column = field(default_factory=lambda: np.array([]))
    step: int | None = None

    @property
    def relative_error(self) -> float:
        """Return the norm of predicted - exact over that of exact; NaN or infinity where the exact field is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.linalg.norm(self.predicted - self.exact) / np.linalg.norm(self.exact))


@dataclass(frozen=True)
class Plane:
    """Some points of a field, over two coordinates. `at` says where the further ones are, in words."""

    names: tuple[str, str]
    x: Column
    y: Column
    rows: NDArray[np.int64]
    at: str = ""

    @property
    def of_lengths(self) -> bool:
        """Whether both axes are lengths."""
        return all(name in LENGTHS for name in self.names)


def planes(coordinates: Mapping[str, Column]) -> list[Plane]:
    """Return the planes of a field with those coordinates; none if its points span no plane.

    Coordinates of one value only are no axes. Where more than two are left, as of a field with parameters, the axes
    are lengths before others, and there is a plane for the first, the middle and the last value of the rest.
    """
    if not all(np.isfinite(column).all() for column in coordinates.values()):
        return []
    names = [name for name, column in coordinates.items() if column.size and np.ptp(column) > 0]
    names.sort(key=lambda name: name not in LENGTHS)
    axes, rest = names[:2], names[2:]
    if len(axes) < 2:
        return []
    fixed = [name for name in coordinates if name not in names]
    which = np.zeros(len(coordinates[axes[0]]))
    if rest:
        which = DataFrame({name: coordinates[name] for name in rest}).groupby(rest).ngroup().to_numpy()
    last = int(which.max())
    found = []
    for number in sorted({0, (last + 1) // 2, last}):
        rows = np.flatnonzero(which == number)
        rows = rows[:: len(rows) // MOST_POINTS + 1]
        words = [f"{name} = {coordinates[name][rows[0]]:.3g}" for name in [*rest, *fixed]]
        x, y = (coordinates[name][rows] for name in axes)
        points = np.array([x, y])
        if np.linalg.matrix_rank(points - points.mean(axis=1, keepdims=True)) == 2:
            found.append(Plane((axes[0], axes[1]), x, y, rows, ", ".join(words)))
    return found[:MOST_PLANES]


def read_fields(path: Path) -> tuple[dict[str, Field], list[str]]:
    """Return the fields in the file of a validator or an inferencer by variable, and what is to be said of others.

    A validator names exact and predicted values. Of an inferencer the inputs are x, y, z and t, and then the
    parameters: of the other columns, among which the host has inputs first, as many as tell all points apart.
    """
    try:
        content = load_arrays(path)
    except (OSError, ValueError) as error:
        return {}, [str(error)]
    fields: dict[str, Field] = {}
    said = []
    variables = [name.removeprefix(EXACT) for name in content if name.startswith(EXACT)]
    for variable in variables or [""]:
        try:
            fields |= {variable: _of_validator(content, variable)} if variables else _of_inferencer(content)
        except ValueError as error:
            said.append(f"{f'{variable} in ' if variables else ''}{path.name} is left out: {error}")
    return fields, said


def _of_inferencer(content: dict[str, Any]) -> dict[str, Field]:
    columns = {name: _column(content, name) for name in content}
    if len({len(column) for column in columns.values()}) != 1:
        raise ValueError("its arrays are none or have several lengths")
    inputs = [name for name in columns if name in COORDINATES]
    table = DataFrame(columns)
    for name in table.columns.difference(inputs, sort=False)[:-1]:
        if inputs and not table.duplicated(inputs).any():
            break
        inputs.append(name)
    coordinates = {name: columns.pop(name) for name in inputs}
    return {name: Field(coordinates, column) for name, column in columns.items() if np.isfinite(column).all()}


def _of_validator(content: dict[str, Any], variable: str) -> Field:
    coordinates = {name: _column(content, name) for name in content if not name.startswith((EXACT, PREDICTED))}
    exact, predicted = (_column(content, f"{prefix}{variable}") for prefix in (EXACT, PREDICTED))
    lengths = {len(column) for column in (*coordinates.values(), exact, predicted)}
    if len(lengths) > 1 or not exact.size:
        raise ValueError(f"its arrays have lengths {sorted(lengths)}")
    if not np.isfinite(exact).all():
        raise ValueError(f"its exact values are not finite at {int((~np.isfinite(exact)).sum())} points")
    return Field(coordinates, predicted, exact)


def _column(content: dict[str, Any], name: str) -> Column:
    if name not in content:
        raise ValueError(f"there is no {name}")
    array = content[name]
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{name} holds {kind}, no real numbers")
    return array.reshape(-1).astype(np.float64)
