"""The host's constraints inside a rectangle and along its edges."""

from __future__ import annotations

from typing import Any

from sympy import Or, Symbol

from modulus_relobralo.checks import check_count
from modulus_relobralo.geometry.rectangle import EDGES
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.pointwise import pointwise_constraint

Outvar = dict[str, Any]


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
    constraints = {"interior": pointwise_constraint("interior", nodes, geometry, outvar, points, **sampling)}

    conditions, points = edges
    check_count("edge", points)
    lengths = _lengths(geometry)
    for names, outvar in _groups(conditions, per_edge):
        shares = {
            output: sum(lengths[edge] for edge in names)
            / sum(lengths[edge] for edge in EDGES if output in conditions[edge])
            for output in outvar
        }
        aliases = [_alias(output, names[0]) for output in outvar] if per_edge else []
        constraints["edges" if len(names) == len(EDGES) else "_".join(names)] = pointwise_constraint(
            "boundary",
            [*nodes, *aliases],
            geometry,
            {f"{output}_{names[0]}" if per_edge else output: target for output, target in outvar.items()},
            points * len(names),
            criteria=Or(*(EDGES[edge] for edge in names)),
            shares={} if per_edge else shares,
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


def _lengths(geometry: Any) -> dict[str, float]:
    width, height = (high - low for low, high in geometry.bounds.bound_ranges.values())
    return {"left": height, "right": height, "bottom": width, "top": width}
