"""A rectangle's four edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import Symbol

# Told apart by the outward normal, which is exact; coordinates of sampled points may be off by a rounding.
EDGES = {
    "left": Symbol("normal_x") < 0,
    "right": Symbol("normal_x") > 0,
    "bottom": Symbol("normal_y") < 0,
    "top": Symbol("normal_y") > 0,
}


def for_each_edge(name: str, value: Any) -> dict[str, Any]:
    """Return ``{edge: value}`` of one value for all edges, or of a mapping that names all four."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(EDGES, value)
    if set(value) != set(EDGES):
        raise ValueError(
            f"Parameter `{name}` must be one for all edges, or name each of {', '.join(EDGES)}. "
            f"Found `{name}` for {', '.join(map(str, value)) or 'none'}."
        )
    return {edge: value[edge] for edge in EDGES}
