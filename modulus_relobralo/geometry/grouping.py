"""Which parts of a boundary have loss terms in common."""

from __future__ import annotations

from collections.abc import Mapping

from sympy import Expr

from modulus_relobralo.geometry.description import Description


def groups(conditions: Mapping[str, Mapping[str, Expr]], per_edge: bool) -> list[tuple[list[str], Mapping[str, Expr]]]:
    """Return names of parts that have the same conditions, with these; with `per_edge` each part by itself."""
    found: list[tuple[list[str], Mapping[str, Expr]]] = []
    for edge, outvar in conditions.items():
        alike = [names for names, known in found if _same(known, outvar) and not per_edge]
        if alike:
            alike[0].append(edge)
        else:
            found.append(([edge], outvar))
    return found


def shares(description: Description, names: list[str], outvar: Mapping[str, Expr]) -> dict[str, float]:
    """Return by output how much of the edges that have it `names` are, by length."""
    lengths = {name: edge.length for name, edge in description.shape.edges.items()}
    return {
        output: sum(lengths[name] for name in names)
        / sum(lengths[name] for name, held in description.conditions.items() if output in held)
        for output in outvar
    }


def _same(a: Mapping[str, Expr], b: Mapping[str, Expr]) -> bool:
    # By their difference: 0 and 0.0 are not equal to SymPy.
    return a.keys() == b.keys() and all((a[output] - b[output]).is_zero for output in a)
