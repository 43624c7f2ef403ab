"""Measured values at given points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modulus_relobralo.problems.expressions import TIME, check_name
from modulus_relobralo.problems.shapes.shape import Domain

SENSORS = "sensors"
"""Name of the set of sensors, where there is one."""


@dataclass(frozen=True, eq=False)
class Sensors:
    """
    One set of sensors.

    Attributes
    ----------
    points : dict[str, ndarray]
        The network's inputs, coordinates, time and parameters, by name, each [count].
    values : dict[str, ndarray]
        What was measured there, by name of the quantity, each [count].
    """

    points: dict[str, NDArray[np.float64]]
    values: dict[str, NDArray[np.float64]]

    @property
    def count(self) -> int:
        """How many points there are."""
        return len(next(iter(self.points.values())))

    def between(self, start: float, end: float) -> Sensors:
        """Return those of which the times lie between two."""
        rows = (self.points[str(TIME)] >= start) & (self.points[str(TIME)] <= end)
        points, values = ({name: column[rows] for name, column in part.items()} for part in (self.points, self.values))
        return Sensors(points, values)

    def check_place(self, where: str, shape: Domain, time: tuple[float, float] | None) -> None:
        """Raise unless all points lie in the shape, up to its boundary, and all times from the first to the last."""
        size = max(high - low for low, high in zip(*shape.bounds, strict=True))
        outside = shape.level(*(self.points[str(symbol)] for symbol in shape.coordinates)) < -1e-6 * size
        if time is not None:
            outside |= abs(2 * self.points[str(TIME)] - sum(time)) > (1 + 1e-6) * (time[1] - time[0])
        if outside.any():
            at = ", ".join(f"{name} = {column[outside.argmax()]:g}" for name, column in self.points.items())
            raise ValueError(
                f"Parameter `{where}` must have points in the shape, and times from the first to the last. Found "
                f"{outside.sum()} of {self.count} that are not, the first at {at}."
            )


def as_sensors(
    given: Any, inputs: Iterable[str], quantity_name: Callable[[str, Any], str], taken: Iterable[str]
) -> dict[str, Sensors]:
    """
    Return sets of sensors by name.

    Parameters
    ----------
    given : mapping
        Columns by name, inputs and quantities, or sets of such columns by name.
    inputs : iterable of str
        The network's inputs, all of which a set has.
    quantity_name : callable
        ``quantity_name(where, key)`` returns the name of a key.
    taken : iterable of str
        Names that a set must not have.

    Raises
    ------
    TypeError, ValueError
        If a set lacks an input or measures nothing, or if its columns are not real, finite numbers, as many as the
        others or one for all.
    """
    if not isinstance(given, Mapping) or not given:
        raise TypeError(f"Parameter `sensors` must map names of inputs and quantities to arrays. Found {given!r}.")
    sets = given if all(isinstance(held, Mapping) for held in given.values()) else {SENSORS: given}
    return {
        check_name("sensors", name, taken): _as_set(f"sensors[{name!r}]", columns, list(inputs), quantity_name)
        for name, columns in sets.items()
    }


def _as_set(
    where: str, columns: Mapping[Any, Any], inputs: list[str], quantity_name: Callable[[str, Any], str]
) -> Sensors:
    named = {str(key) if str(key) in inputs else quantity_name(where, key): key for key in columns}
    missing = [name for name in inputs if name not in named]
    if missing or len(named) == len(inputs):
        raise ValueError(
            f"Parameter `{where}` must have a column for each of {', '.join(inputs)}, and one for what is measured. "
            f"Found {', '.join(named)}."
        )
    found = {name: _column(f"{where}[{name!r}]", columns[key]) for name, key in named.items()}
    counts = {len(column) for column in found.values()} - {1}
    if len(counts) > 1:
        sizes = ", ".join(f"{len(column)} of {name}" for name, column in found.items())
        raise ValueError(f"Parameter `{where}` must have columns of one length, or of one number. Found {sizes}.")
    full = {name: np.broadcast_to(column, max(counts, default=1)).copy() for name, column in found.items()}
    values = {name: column for name, column in full.items() if name not in inputs}
    return Sensors({name: full[name] for name in inputs}, values)


def _column(where: str, value: Any) -> NDArray[np.float64]:
    if np.iscomplexobj(value):
        raise TypeError(f"Parameter `{where}` must be real, or of one of `complex_fields`. Found complex numbers.")
    try:
        column = np.asarray(value, dtype=float).ravel()
    except (TypeError, ValueError) as error:
        raise TypeError(f"Parameter `{where}` must be an array of numbers. Found {value!r}.") from error
    if not len(column) or not np.isfinite(column).all():
        wrong = f"{np.count_nonzero(~np.isfinite(column))} of {len(column)} that are not" if len(column) else "none"
        raise ValueError(f"Parameter `{where}` must hold finite numbers. Found {wrong}.")
    return column
