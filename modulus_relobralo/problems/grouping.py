"""Which parts of a boundary have loss terms in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sympy import Expr

from modulus_relobralo.problems.problem import Description

CORNER = 2
"""Points per corner and step: all lie in one place, but a host may draw to which corner of a group each goes."""


def groups(description: Description, per_edge: bool) -> list[tuple[list[str], Mapping[str, Expr]]]:
    """Return the parts of the boundary on which the same holds, and what it is; with `per_edge` each by itself."""
    found: list[tuple[list[str], Mapping[str, Expr]]] = []
    for part, outvar in description.conditions.items():
        values = given(description, [part], outvar)
        alike = [
            names
            for names, known in found
            if not per_edge and _same(known, outvar) and _same(given(description, names, known), values)
        ]
        if alike:
            alike[0].append(part)
        else:
            found.append(([part], outvar))
    return found


def given(description: Description, names: Sequence[str], outvar: Mapping[str, Expr]) -> Mapping[str, Expr]:
    """Return those symbols of a part's equations that its points must bring along."""
    symbols = {str(s) for output in outvar for s in getattr(description.equations.get(output), "free_symbols", ())}
    return {name: value for name, value in description.givens.get(names[0], {}).items() if name in symbols}


def shares(description: Description, names: Sequence[str], outvar: Mapping[str, Expr]) -> dict[str, float]:
    """Return by output how much of the parts that have it `names` are, by length."""
    lengths = {name: part.length for name, part in description.shape.parts.items()}
    return {
        output: sum(lengths[name] for name in names)
        / sum(lengths[name] for name, held in description.conditions.items() if output in held)
        for output in outvar
    }


def title(description: Description, names: Sequence[str]) -> str:
    """Return what a group of edges or corners is called: after its members, or "edges" if all edges share it."""
    return "edges" if set(names) == set(description.shape.edges) else "_".join(names)


def _same(a: Mapping[str, Expr], b: Mapping[str, Expr]) -> bool:
    # By their difference: 0 and 0.0 are not equal to SymPy.
    return a.keys() == b.keys() and all((a[output] - b[output]).is_zero for output in a)
