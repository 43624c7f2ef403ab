"""Reads fields that the host saved as np: points, predicted values and, of a validator, exact ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modulus_relobralo.report.files.unpickling import OtherContentError, load_object
from modulus_relobralo.report.run import Field, Prediction

EXPECTED = "not the host's dictionary of arrays"
EXACT, PREDICTED = "true_", "pred_"
# What the file of an inferencer does not say: which of its columns are inputs.
COORDINATES = ("x", "y", "z", "t")


def read_fields(path: Path) -> tuple[dict[str, Field], list[str]]:
    """Return the fields in a validator's file by variable, and what is to be said of those that are none.

    Raises
    ------
    ValueError
        If the file cannot be read, or holds more than arrays.
    """
    content, said = _load(path)
    if said:
        return {}, said
    names = [str(name) for name in content]
    variables = [name.removeprefix(EXACT) for name in names if name.startswith(EXACT)]
    if not variables:
        return {}, [f"{path.name} is left out: it has no {EXACT}... beside {', '.join(names) or 'nothing'}"]
    fields, notes = {}, []
    for variable in variables:
        try:
            fields[variable] = _make_field(content, variable)
        except (KeyError, TypeError, ValueError) as error:
            notes.append(f"{variable} in {path.name} is left out: {error}")
    return fields, notes


def read_predictions(path: Path) -> tuple[dict[str, Prediction], list[str]]:
    """Return the fields in an inferencer's file by variable, and what is to be said of a file that is left out.

    Inputs are x, y, z and t, and of the columns after them, in which the host's order has inputs first, as many as
    it takes to tell all points apart: the parameters.

    Raises
    ------
    ValueError
        If the file cannot be read, or holds more than arrays.
    """
    content, said = _load(path)
    if said:
        return {}, said
    try:
        columns = {str(name): _column(content, name) for name in content}
    except ValueError as error:
        return {}, [f"{path.name} is left out: {error}"]
    if len({len(column) for column in columns.values()}) != 1:
        return {}, [f"{path.name} is left out: its arrays are none or have several lengths"]
    inputs = {name: column for name, column in columns.items() if name in COORDINATES}
    for name, column in columns.items():
        if _tell_apart(inputs) or len(inputs) == len(columns) - 1:
            break
        inputs[name] = column
    return {
        name: Prediction(inputs, column)
        for name, column in columns.items()
        if name not in inputs and np.isfinite(column).all()
    }, []


def _tell_apart(columns: dict[str, NDArray[np.float64]]) -> bool:
    points = np.array([*columns.values()])
    return points.size > 0 and len(np.unique(points, axis=1).T) == len(points.T)


def _load(path: Path) -> tuple[dict[str, Any], list[str]]:
    try:
        content = load_object(path)
    except OtherContentError as error:
        return {}, [f"{path.name} is left out: {error}, {EXPECTED}"]
    if not isinstance(content, dict):
        return {}, [f"{path.name} is left out: it holds a {type(content).__name__}, {EXPECTED}"]
    return content, []


def _make_field(content: dict[str, Any], variable: str) -> Field:
    coordinates = {
        str(name): _column(content, name) for name in content if not str(name).startswith((EXACT, PREDICTED))
    }
    exact, predicted = (_column(content, f"{prefix}{variable}") for prefix in (EXACT, PREDICTED))
    lengths = {len(column) for column in (*coordinates.values(), exact, predicted)}
    if len(lengths) > 1 or not exact.size:
        raise ValueError(f"its arrays have lengths {sorted(lengths)}")
    if not np.isfinite(exact).all():
        raise ValueError(f"its exact values are not finite at {int((~np.isfinite(exact)).sum())} points")
    return Field(coordinates, exact, predicted)


def _column(content: dict[str, Any], name: str) -> NDArray[np.float64]:
    if name not in content:
        raise ValueError(f"there is no {name}")
    array = np.asarray(content[name])
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} holds {array.dtype}, no real numbers")
    return array.reshape(-1).astype(np.float64)
