"""Moments, shears and reactions along the edges of a plate, and the forces at its corners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sin

import numpy as np
from sympy import Expr, Float, Function, Symbol

from modulus_relobralo.plates.edge_equations import TURN, edge_equations
from modulus_relobralo.plates.plate import Plate
from modulus_relobralo.plates.polynomial import with_values
from modulus_relobralo.plates.values import Array, Points, evaluate
from modulus_relobralo.problems.expressions import COORDINATES
from modulus_relobralo.problems.shapes.shape import gauss

Known = Callable[[Mapping[str, Expr], Points], dict[str, Array]]
"""Computes quantities at points."""


def equations(plate: Plate, *names: str) -> dict[str, Expr]:
    """Return equations of a plate by quantity, those of its edges included."""
    further = edge_equations(plate.equation, plate.curved)
    return {
        name: further[name] if name in further else plate.equation.equations[plate.equation.output(name)]
        for name in names
    }


def along_edge(plate: Plate, name: str, known: Known, fractions: Array) -> dict[str, Array]:
    """Return what is asked of an edge at fractions of its length."""
    place = plate.shape.edges[name].at(fractions)
    return place | _edge_values(plate, name, known, place)


def _edge_values(plate: Plate, name: str, known: Known, place: Points) -> dict[str, Array]:
    support, w = plate.supports[name], Function(plate.equation.w)(*COORDINATES)
    given = {Symbol(key): value for key, value in plate.coefficients[name].items()}
    wanted = {"w": w, **equations(plate, "slope_n", "M_n", "V_n")}
    wanted["reaction"] = given[Symbol("k_w")] * w if support.k_w is not None else -wanted["V_n"]
    values = known({key: value.xreplace(given) for key, value in wanted.items()}, place)
    if not support.holds_deflection and support.k_w is None:
        values["reaction"] = np.zeros_like(values["w"])
    return values


def edge_sums(plate: Plate, name: str, known: Known, values: Mapping[str, float]) -> tuple[float, float]:
    """Return the sums of an edge's reaction and of the load that is prescribed along it."""
    place, lengths = gauss(plate.shape.edges[name])
    held = float(_edge_values(plate, name, known, place)["reaction"] @ lengths)
    prescribed = {**plate.conditions[name]}
    load = prescribed.get(plate.equation.output("V_n"), prescribed.get(plate.equation.output("spring"), Float(0)))
    return held, float(evaluate(load, with_values(place, values)) @ lengths)


def corner_forces(plate: Plate, known: Known) -> dict[str, tuple[float, float, float]]:
    """Return the places and forces of the corners that can have one."""
    found, free = {}, plate.free_corners()
    for name, corner in plate.shape.corners.items():
        if name not in free:
            place = corner.at(np.zeros(1))
            force = known({"R": equations(plate, "R")["R"].xreplace({TURN: Float(sin(corner.turn))})}, place)["R"]
            found[name] = (*corner.point, float(force[0]))
    return found
