"""A rectangle's four edges, and the host's constraints inside the rectangle and along them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import Or, Symbol

from . import host
from .checks import check_count

# Told apart by the outward normal, which is exact; coordinates of sampled points may be off by a rounding.
EDGES = {
    "left": Symbol("normal_x") < 0,
    "right": Symbol("normal_x") > 0,
    "bottom": Symbol("normal_y") < 0,
    "top": Symbol("normal_y") > 0,
}

Outvar = dict[str, Any]


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


def constraints_on_rectangle(
    nodes: list[Any],
    geometry: Any,
    interior: tuple[Outvar, int],
    edges: tuple[dict[str, Outvar], int],
    per_edge: bool,
    sampling: dict[str, Any],
) -> dict[str, Any]:
    """
    Constrain the interior and the edges of a rectangle.

    The host adds up the losses of constraints that share an output name. So edges with the same conditions share
    one constraint, and with ``per_edge`` each edge has its own, whose output names end in the edge's.

    Parameters
    ----------
    nodes : list[Node]
        Nodes that compute the constrained outputs.
    geometry : Rectangle
        The host's geometry.
    interior : tuple[Outvar, int]
        Outputs and their targets in the interior, and the number of points per step.
    edges : tuple[dict[str, Outvar], int]
        Outputs and their targets on each edge, and the number of points per edge and step.
    per_edge : bool
        Whether each edge has loss terms of its own.
    sampling : dict[str, Any]
        Further arguments of the host's pointwise constraints.

    Returns
    -------
    dict[str, Constraint]
        "interior", and one constraint per edge or group of edges, under their names.
    """
    outvar, points = interior
    check_count("interior", points)
    constraints = {"interior": host.PointwiseInteriorConstraint(nodes, geometry, outvar, points, **sampling)}

    conditions, points = edges
    check_count("edge", points)
    for names, outvar in _groups(conditions, per_edge):
        aliases = [_alias(output, names[0]) for output in outvar] if per_edge else []
        constraints["edges" if len(names) == len(EDGES) else "_".join(names)] = host.PointwiseBoundaryConstraint(
            [*nodes, *aliases],
            geometry,
            {f"{output}_{names[0]}" if per_edge else output: target for output, target in outvar.items()},
            points * len(names),
            criteria=Or(*(EDGES[edge] for edge in names)),
            **sampling,
        )
    return constraints


def _groups(conditions: dict[str, Outvar], per_edge: bool) -> list[tuple[list[str], Outvar]]:
    groups: list[tuple[list[str], Outvar]] = []
    for edge, outvar in conditions.items():
        alike = [names for names, known in groups if known == outvar and not per_edge]
        if alike:
            alike[0].append(edge)
        else:
            groups.append(([edge], outvar))
    return groups


def _alias(output: str, edge: str) -> Any:
    return host.Node.from_sympy(Symbol(output), f"{output}_{edge}")
