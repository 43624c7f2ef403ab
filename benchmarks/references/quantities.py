"""What of a plate's results is held against the reference, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.references.bending import Array, Bending
from benchmarks.references.cases import Case
from modulus_relobralo.plates.results import Results
from modulus_relobralo.problems.shapes.shape import gauss

MOMENTS = ("M_x", "M_y", "M_xy")
MATTERS = 0.05
"""Of the largest of its kind: what is smaller is not compared. It would be held against nearly nothing."""
GAUSS = 16


@dataclass(frozen=True)
class Quantity:
    """
    A value of the reference.

    Attributes
    ----------
    kind : str
        "deflection", "moment", "reaction", "edge sum", "corner" or "sum of reactions", of which each has a bar.
    name : str
        Of the quantity, and where it is.
    unit : str
        Its unit.
    reference : float
        Its value.
    """

    kind: str
    name: str
    unit: str
    reference: float
    _where: tuple[str, Any]

    def of(self, results: Results) -> float:
        """Return its value in the results of a plate, at the place where the reference has it."""
        kind, at = self._where
        if kind == "field":
            name, index = at
            return float(results.fields[name][index])
        if kind == "edge":
            name, index = at
            return float(results.edges[name]["reaction"][index])
        if kind == "edge sum":
            return results.reactions[at]
        if kind == "corner":
            return results.corners[at][2]
        return sum(results.reactions.values())


def quantities(case: Case, results: Results) -> list[Quantity]:
    """Return what is compared: extremes at the points of `results`, sums of edges, forces at corners, and the load."""
    reference = case.reference()
    load = Quantity("sum of reactions", "sum of reactions", "N", results.load, ("sum", None))
    return [*_fields(case, reference, results), *_edges(case, reference, results), load]


def _fields(case: Case, reference: Bending, results: Results) -> list[Quantity]:
    x, y = results.points["x"], results.points["y"]
    values = reference.fields(x, y)
    there = case.compared(x, y)
    found = [_extreme("deflection", "w", "m", np.abs(values["w"]), values["w"], x, y)]
    largest = max(float(np.abs(values[name][there]).max()) for name in MOMENTS)
    for name in MOMENTS:
        for sign, masked in ((1, values[name]), (-1, -values[name])):
            seen = np.where(there, masked, -np.inf)
            if seen.max() > MATTERS * largest and not (name == "M_xy" and sign < 0):
                found.append(_extreme("moment", name, "N m/m", seen, values[name], x, y))
    return found


def _extreme(kind: str, name: str, unit: str, seen: Array, values: Array, x: Array, y: Array) -> Quantity:
    # Of several places with the same value, as symmetry has them, the first.
    index = int(np.argmax(seen > seen.max() - 1e-6 * abs(seen.max())))
    place = f"{name} at {x[index]:.3g}, {y[index]:.3g}"
    return Quantity(kind, place, unit, float(values[index]), ("field", (name, index)))


def _edges(case: Case, reference: Bending, results: Results) -> list[Quantity]:
    shape, found = results.plate.shape, []
    held = {name: edge for name, edge in shape.edges.items() if np.abs(results.edges[name]["reaction"]).any()}
    along = {
        name: reference.reaction(edge, np.linspace(0, 1, len(results.edges[name]["x"]))) for name, edge in held.items()
    }
    for name, edge in held.items():
        x, y = results.edges[name]["x"], results.edges[name]["y"]
        there = case.compared(x, y)
        index = int(np.argmax(np.where(there, along[name], -np.inf)))
        place = f"{name}, reaction at {x[index]:.3g}, {y[index]:.3g}"
        found.append(Quantity("reaction", place, "N/m", float(along[name][index]), ("edge", (name, index))))
        if there.all():
            found.append(Quantity("edge sum", f"{name}, sum", "N", edge_sum(reference, edge), ("edge sum", name)))
    largest = max((abs(q.reference) for q in found if q.kind == "edge sum"), default=0.0)
    for name, corner in shape.corners.items():
        if name in results.corners and case.compared(*(np.array([v]) for v in corner.point)).all():
            force = reference.corner(corner)
            if abs(force) > MATTERS * largest:
                found.append(Quantity("corner", f"{name}, force", "N", force, ("corner", name)))
    return found


def edge_sum(reference: Bending, edge: Any) -> float:
    """Return the sum of the reaction along an edge [N]."""
    nodes, _ = np.polynomial.legendre.leggauss(GAUSS)
    fractions = (np.arange(GAUSS)[:, None] + (nodes + 1) / 2).ravel() / GAUSS
    return float(reference.reaction(edge, fractions) @ gauss(edge)[1])
