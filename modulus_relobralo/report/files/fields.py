"""Reads the fields of a validator: the points, the exact and the predicted values that the host saved as np."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modulus_relobralo.report.files.unpickling import OtherContentError, load_object
from modulus_relobralo.report.run import Field

EXPECTED = "not the host's dictionary of arrays"
EXACT, PREDICTED = "true_", "pred_"


def read_fields(path: Path) -> tuple[dict[str, Field], list[str]]:
    """Return the fields in a validator's file by variable, and what is to be said of those that are none.

    Raises
    ------
    ValueError
        If the file cannot be read, or holds more than arrays.
    """
    try:
        content = load_object(path)
    except OtherContentError as error:
        return {}, [f"{path.name} is left out: {error}, {EXPECTED}"]
    if not isinstance(content, dict):
        return {}, [f"{path.name} is left out: it holds a {type(content).__name__}, {EXPECTED}"]
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
