"""Where which loss terms of a problem hold: the one reading of it, of which every host and every loop makes its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Symbol
from sympy.core.function import AppliedUndef

from modulus_relobralo.checks import check_count, check_flag
from modulus_relobralo.problems.conditions import EDGES
from modulus_relobralo.problems.expressions import TIME, plain_name
from modulus_relobralo.problems.problem import INITIAL, Problem
from modulus_relobralo.problems.shapes.shape import INTERIOR, Domain

CORNER = 2
"""Points per corner and step: all are one, but a host may draw to which corner of a group each goes."""


class Term(NamedTuple):
    """
    What holds of a loss term: a quantity takes a value.

    Parameters
    ----------
    output : str
        The quantity: an equation, a dependent variable, or a derivative of one.
    target : Expr
        The value, in coordinates and parameters.
    fraction : float
        How much of all parts that have the loss term lies in this place, by length.
    """

    output: str
    target: Expr
    fraction: float = 1.0


@dataclass(frozen=True)
class Place:
    """
    The interior, a group of edges or corners, the interior at the first time, or sensors, and what holds there.

    Attributes
    ----------
    name : str
        "interior" or the name of a region, the names of the edges, "edges" if it is all of them, "initial", of regions
        "initial_<region>", or the name of a set of sensors.
    terms : dict[str, Term]
        Loss terms by name.
    count : int
        Points per step.
    time : mapping of str to pair of float
        From when to when, by the name of the time; at the start both are the first time. Empty without time, and where
        the points say it.
    shape : Interval, Shape or Composite
        Where the points lie, or whose edges they lie on.
    parts : tuple of str
        The edges or corners; none for the interior.
    coefficients : mapping of str to Expr
        What further symbols of its equations mean there, in the coordinates, the normal and the parameters.
    dense : tuple of Shape
        Patches of the interior where points lie more densely, each for less area.
    data : mapping of str to ndarray
        Of sensors, a column for each input of the network, and one for each loss term with what was measured.
    """

    name: str
    terms: dict[str, Term]
    count: int
    time: Mapping[str, tuple[float, float]]
    shape: Domain
    parts: tuple[str, ...] = ()
    coefficients: Mapping[str, Expr] = field(default_factory=dict)
    dense: tuple[Domain, ...] = ()
    data: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


def places(
    problem: Problem,
    interior: int,
    edge: int,
    initial: int | None = None,
    per_edge: bool = False,
    sensors: int | None = None,
) -> list[Place]:
    """
    Return where which loss terms of a problem hold.

    Loss terms are named after equations and quantities: ``kirchhoff``, ``w``, and ``M_n`` or ``slope_n`` or both, as
    the edges of a plate are held; ``helmholtz`` and ``u`` of a wave. Edges on which the same holds are one place; a
    quantity has one loss term, on whichever edges it is given. With ``per_edge`` each edge is a place, and its loss
    terms end in its name: ``w_left``, ``M_n_left``, ``w_right``. Those of the start end in "initial": ``u_initial``,
    ``u_t_initial``. Those of sensors end in the name of their set: ``u_sensors``.

    Parameters
    ----------
    problem : Problem
        The problem, such as a plate or a wave.
    interior : int
        Points in the interior, of a `Composite` in each region, in each step.
    edge : int
        Points per edge, in each step. Edges of one place share theirs, by length.
    initial : int, optional
        Points at the first time, as `interior`, of a problem with something that holds then.
    per_edge : bool
        Whether each edge has loss terms of its own.
    sensors : int, optional
        Points of each set of sensors, in each step; all by default.

    Returns
    -------
    list of Place
        "interior", or each region; each edge or group of edges under their names, or "edges" if all are one; corners
        that have a condition of their own; "initial", or that of each region; and each set of sensors.

    Raises
    ------
    TypeError, ValueError
        If it is no `Problem`, if a number of points is not an integer above zero, or if points at the start are not
        given where something holds, or given where nothing does; or if two quantities have loss terms of one name.

    Examples
    --------
    >>> from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave
    >>> wave = HelmholtzRectangle(5, 4, HelmholtzWave(k=20), edges={"left": 1, "right, bottom, top": 0})
    >>> for place in places(wave, interior=1000, edge=100):
    ...     print(place.name, place.count, list(place.terms))
    interior 1000 ['helmholtz']
    left 100 ['u']
    right_bottom_top 300 ['u']
    """
    _check(problem, interior, edge, initial, per_edge, sensors)
    time = {} if problem.time is None else {str(TIME): problem.time}
    found = [
        Place(name, _inside(problem, name), interior, time, region, dense=_dense(problem, region))
        for name, region in problem.shape.regions.items()
    ]
    edges = problem.shape.edges
    for parts in _groups(problem, per_edge):
        name = EDGES if set(parts) == set(edges) else "_".join(parts)
        count = (edge if parts[0] in edges else CORNER) * len(parts)
        terms = _terms(problem, parts, per_edge)
        found.append(Place(name, terms, count, time, problem.shape, tuple(parts), _coefficients(problem, parts[0])))
    if problem.time is not None and initial is not None:
        found += _initial_places(problem, initial, {str(TIME): (problem.time[0], problem.time[0])})
    found += [_sensors_place(problem, name, sensors) for name in problem.sensors]
    _check_names(found, problem)
    return found


def _check(
    problem: Problem, interior: int, edge: int, initial: int | None, per_edge: bool, sensors: int | None
) -> None:
    if not isinstance(problem, Problem):
        raise TypeError(
            "Parameter `problem` must be a Problem, as RectangularPlate and HelmholtzRectangle are. "
            f"Found {type(problem).__module__}.{type(problem).__name__}."
        )
    check_count("interior", interior)
    check_count("edge", edge)
    check_flag("per_edge", per_edge)
    if initial is not None:
        check_count("initial", initial)
    if sensors is not None:
        check_count("sensors", sensors)
        fewest = min((given.count for given in problem.sensors.values()), default=0)
        if sensors > fewest:
            raise ValueError(
                f"Parameter `sensors` must be at most the points of each set of sensors, {fewest}. Found {sensors}."
            )
    if (initial is None) == bool(problem.initial):
        wanted = f"given for {', '.join(problem.initial)}" if problem.initial else "left out, because nothing is known"
        raise ValueError(f"Parameter `initial`, of points at the first time, must be {wanted}. Found {initial}.")


def _inside(problem: Problem, region: str) -> dict[str, Term]:
    return {name: Term(name, problem.inside[name]) for name in problem.regions[region]}


def _dense(problem: Problem, region: Domain) -> tuple[Domain, ...]:
    """Return the patches that lie in a region."""
    return tuple(patch for patch in problem.dense if all(region.level(*point) > 0 for point in patch.points(10)))


def _initial_places(problem: Problem, count: int, time: Mapping[str, tuple[float, float]]) -> list[Place]:
    """Return where initial conditions hold: each in the regions of its fields."""
    found = []
    for name, region in problem.shape.regions.items():
        known = problem.fields_of(name)
        terms = {
            _term_name(output, INITIAL): Term(output, target)
            for output, target in problem.initial.items()
            if {field.name for field in problem.expression(output).atoms(AppliedUndef)} <= known
        }
        if terms:
            found.append(Place(INITIAL if name == INTERIOR else f"{INITIAL}_{name}", terms, count, time, region))
    return found


def _sensors_place(problem: Problem, name: str, count: int | None) -> Place:
    """Return the place of a set of sensors: what was measured is a column under the name of its loss term."""
    given = problem.sensors[name]
    names = {quantity: _term_name(quantity, name) for quantity in given.values}
    terms = {term: Term(quantity, Symbol(term)) for quantity, term in names.items()}
    data = given.points | {names[quantity]: values for quantity, values in given.values.items()}
    return Place(name, terms, count or given.count, {}, problem.shape, data=data)


def _check_names(found: list[Place], problem: Problem) -> None:
    taken = {*problem.fields, *problem.equations, *problem.parameters, *problem.unknown}
    for name in (name for place in found if place.data for name in place.terms):
        if name in taken:
            raise ValueError(
                f"Equations, fields and parameters must not be named as a loss term of sensors. Found {name}."
            )
    outputs: dict[str, str] = {}
    for place in found:
        for name, term in place.terms.items():
            if outputs.setdefault(name, term.output) != term.output:
                raise ValueError(
                    f"Loss terms of different quantities must have different names. Found `{name}` of "
                    f"{outputs[name]} and of {term.output}."
                )


def _groups(problem: Problem, per_edge: bool) -> list[list[str]]:
    """Return the parts of the boundary on which the same holds; with `per_edge` each by itself."""
    groups: list[list[str]] = []
    for part, held in problem.conditions.items():
        alike = [names for names in groups if not per_edge and _same(problem, names[0], part)]
        if alike:
            alike[0].append(part)
        elif held:
            groups.append([part])
    return groups


def _same(problem: Problem, one: str, other: str) -> bool:
    kinds = {part in problem.shape.edges for part in (one, other)}
    held = _equal(problem.conditions[one], problem.conditions[other])
    return len(kinds) == 1 and held and _equal(_coefficients(problem, one), _coefficients(problem, other))


def _equal(a: Mapping[str, Expr], b: Mapping[str, Expr]) -> bool:
    # By their difference: 0 and 0.0 are not equal to SymPy.
    return a.keys() == b.keys() and all((a[name] - b[name]).is_zero for name in a)


def _coefficients(problem: Problem, part: str) -> dict[str, Expr]:
    """Return those symbols of a part's equations that its points must bring along."""
    symbols = {str(s) for output in problem.conditions[part] for s in problem.expression(output).free_symbols}
    return {name: value for name, value in problem.coefficients.get(part, {}).items() if name in symbols}


def _terms(problem: Problem, parts: list[str], per_edge: bool) -> dict[str, Term]:
    held = problem.conditions[parts[0]]
    if per_edge:
        return {_term_name(output, parts[0]): Term(output, target) for output, target in held.items()}
    lengths = {name: part.length for name, part in problem.shape.parts.items()}
    here = sum(lengths[name] for name in parts)
    everywhere = {
        output: sum(lengths[name] for name, other in problem.conditions.items() if output in other) for output in held
    }
    return {output: Term(output, target, here / everywhere[output]) for output, target in held.items()}


def _term_name(output: str, place: str) -> str:
    """Return the name of a quantity's loss term that is one of a place alone."""
    return f"{plain_name(output)}_{place}"
