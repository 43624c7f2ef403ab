"""What holds on parts of a boundary and at the first time: by the name of each part, and whether it goes together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sympy import Derivative, Expr, Symbol
from sympy.core.function import AppliedUndef

from modulus_relobralo.problems.expressions import TIME, check_values
from modulus_relobralo.problems.shapes.edges import Corner, Part
from modulus_relobralo.problems.shapes.shape import Domain, middles

EDGES = "edges"
"""All edges together."""

_TOLERANCE = 1e-9
"""How far values may be apart that are the same but for rounding, as a fraction of the larger one."""


def by_part(
    name: str, value: Any, shape: Domain, every: bool = False, without: Iterable[str] = ()
) -> dict[str, Mapping[Any, Any]]:
    """Return what a person gave for parts of the boundary, by the name of each.

    Parameters
    ----------
    name : str
        What it is called where it is handed in, for messages.
    value : mapping of str to mapping
        By name of an edge or a corner, or several with commas between them, or ``"edges"``.
    shape : Interval or Shape
        The shape.
    every : bool
        Whether all edges must be in it.
    without : iterable of str
        Periodic edges, which must not.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"Parameter `{name}` must map names of edges to what holds there. Found `{name} = {value!r}`.")
    edges, periodic = [edge for edge in shape.edges if edge not in without], list(without)
    pairs = [
        (part, held)
        for key, held in value.items()
        for part in (edges if key == EDGES else [part.strip() for part in str(key).split(",")])
    ]
    names = [part for part, _ in pairs]
    unknown, twice = set(names) - set(shape.parts), {part for part in names if names.count(part) > 1}
    missing = set(edges) - set(names) if every else set()
    for key, held in value.items():
        if not isinstance(held, Mapping):
            raise TypeError(f"Parameter `{name}` must map quantities of an edge to values. Found {key}: {held!r}.")
    for wrong, wanted in (
        (unknown, f"name edges or corners, {', '.join(shape.parts)}"),
        (twice, "name each edge and corner once"),
        (missing, f"name each of {', '.join(edges)}, with {{}} where nothing holds"),
        (set(periodic) & set(names), f"leave out the periodic edges, {', '.join(periodic)}: nothing holds there alone"),
    ):
        if wrong:
            found = f"no {', '.join(sorted(wrong))}" if wrong is missing else ", ".join(sorted(wrong))
            raise ValueError(f"Parameter `{name}` must {wanted}. Found {found}.")
    return dict(sorted(pairs, key=lambda pair: edges.index(pair[0]) if pair[0] in edges else len(edges)))


def time_derivatives(expression: Expr) -> set[str]:
    """Return the dependent variables of an expression, each with its highest derivative by time alone."""
    orders: dict[str, int] = {field.name: 0 for field in expression.atoms(AppliedUndef)}
    for derivative in expression.atoms(Derivative):
        name, order = derivative.expr.name, derivative.variables.count(TIME)
        orders[name] = max(orders[name], order)
    return {"__".join([name, *[str(TIME)] * order]) for name, order in orders.items()}


def check_finite(
    where: str, held: Mapping[str, Expr], points: Iterable[tuple[float, ...]], coordinates: tuple[Symbol, ...]
) -> None:
    """Raise if a value is not finite at one of some points."""
    points = list(points)
    for name, value in held.items():
        if not value.is_number:
            check_values(f"{where}[{name!r}]", value, points, coordinates=coordinates)


def at_odds(
    shape: Domain,
    conditions: Mapping[str, Mapping[str, Expr]],
    initial: Mapping[str, Expr],
    time: tuple[float, float] | None,
    fields: Iterable[str],
    periodic: Sequence[str] = (),
) -> list[str]:
    """Return where two conditions give one field different values, as "u is 0 on left and 1 on top at (0, 1)".

    That is at a corner, at the first, the middle and the last time, on an edge at the first time, and there on periodic
    edges, which come in pairs. Values that depend on parameters are left out.
    """
    times = [{}] if time is None else [{TIME: t} for t in (time[0], sum(time) / 2, time[1])]
    found = []
    for corner in (part for part in shape.parts.values() if isinstance(part, Corner)):
        one, other = (conditions.get(edge, {}) for edge in corner.edges)
        for name in (name for name in one if name in other and name in fields):
            places = [_place(corner, 0.0, shape) | at for at in times]
            found += _apart(name, (one[name], other[name]), [f"on {edge}" for edge in corner.edges], places)
    for edge in shape.edges:
        held = conditions.get(edge, {})
        for name in (name for name in held if name in initial and name in fields):
            places = [_place(shape.edges[edge], fraction, shape) | times[0] for fraction in middles(5)]
            found += _apart(name, (held[name], initial[name]), [f"on {edge}", "at the start"], places)
    for left, right in zip(periodic[::2], periodic[1::2], strict=True):
        for name in (name for name in initial if name in fields):
            for fraction in middles(5):
                # The shape lies to the left of both: one is run through the other way round.
                ends = (left, fraction), (right, 1 - fraction)
                here, there = (_place(shape.edges[edge], at, shape) for edge, at in ends)
                values = initial[name].subs(here), initial[name].subs(there)
                found += _apart(name, values, [f"on {left}", f"on {right} at the start"], [here | times[0]])
    return found


def _apart(
    name: str, values: tuple[Expr, Expr], where: Sequence[str], places: Iterable[Mapping[Symbol, float]]
) -> list[str]:
    for place in places:
        numbers = [value.subs(place) for value in values]
        if all(number.is_number for number in numbers):
            one, other = map(float, numbers)
            if abs(one - other) > _TOLERANCE * max(abs(one), abs(other), 1.0):
                at = ", ".join(f"{coordinate:g}" for coordinate in place.values())
                return [f"{name} is {one:g} {where[0]} and {other:g} {where[1]} at ({at})"]
    return []


def _place(part: Part, fraction: float, shape: Domain) -> dict[Symbol, float]:
    point = part.at([fraction])
    return {symbol: float(point[str(symbol)][0]) for symbol in shape.coordinates}
