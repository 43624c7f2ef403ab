"""Where the loss terms of a plate or a wave hold, and points there: what a loop has in place of constraints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sympy import Expr

from modulus_relobralo.checks import check_count, check_flag, check_number
from modulus_relobralo.problems.grouping import CORNER, given, groups, shares, title
from modulus_relobralo.problems.places import Ranges, Samples, Term
from modulus_relobralo.problems.problem import Description

INTERIOR = "interior"
"""The name of the interior."""

REDUCTIONS = ("integral", "mean")


def samples(
    description: Description,
    interior: int,
    edge: int,
    per_edge: bool = False,
    reduction: str = "integral",
    ranges: Ranges | None = None,
    sizes: Mapping[str, float] | None = None,
) -> dict[str, Samples]:
    """
    Return where the loss terms of a plate or a wave hold: what `hosts.sym.constraints` gives to a Solver, for a loop.

    The loss terms are the same, under the same names: ``kirchhoff``, ``w``, and ``M_n`` or ``slope_n`` or both, as the
    edges of the plate are held; ``helmholtz`` and ``u`` of a wave. Edges with the same conditions share their points,
    and with ``per_edge`` each edge has loss terms of its own, whose names end in its name: ``w_left``.

    Parameters
    ----------
    description : RectangularPlate or HelmholtzRectangle
        The plate or the wave.
    interior : int
        Points in the interior per draw.
    edge : int
        Points per edge and draw. Edges that share loss terms share their points, by length.
    per_edge : bool
        Whether each edge has loss terms of its own.
    reduction : str
        ``"integral"``: a loss term is the integral of the squared residual over the shape or along the edges.
        ``"mean"``: the integral over the area or over the length of the edges that have the term.
    ranges : mapping of str to pair of float
        For each parameter of the description, from where to where it is drawn; where it does not say so itself.
    sizes : mapping of str to float
        By name of an equation or a variable, > 0: what its residuals are divided by, such as
        ``plates.scaling.scales(plate).outputs`` for losses of order one in SI units. Those without one stay as they
        are.

    Returns
    -------
    dict[str, Samples]
        "interior", and one for each edge or group of edges, under their names, or "edges" if all share one; and for
        corners that have a condition of their own.

    Raises
    ------
    TypeError, ValueError
        If a number of points is not an integer above zero, if there is no such `reduction`, if `ranges` are not those
        of the parameters, or if a size is not above zero.

    Examples
    --------
    >>> from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate
    >>> plate = RectangularPlate(6, 4, KirchhoffPlate(D=20.0, nu=0.3, p=0.01), edges="clamped")
    >>> {name: list(place.terms) for name, place in samples(plate, interior=1024, edge=64).items()}
    {'interior': ['kirchhoff'], 'edges': ['w', 'slope_n']}
    """
    ranges = dict(getattr(description, "ranges", {}) if ranges is None else ranges)
    _check(description, interior, edge, per_edge, reduction, ranges)
    factors = {
        name: check_number(f"sizes[{name!r}]", size, 0.0, math.inf, open_low=True) ** -2
        for name, size in (sizes or {}).items()
    }
    shape, means = description.shape, reduction == "mean"
    common: dict[str, Any] = {"shape": shape, "ranges": ranges}
    inside = {name: Term(name, target, 1 / shape.area if means else 1.0) for name, target in description.inside.items()}
    dense = tuple(getattr(description, "dense", ()))
    made = {INTERIOR: Samples(_sized(inside, factors), parts=(), count=interior, given={}, dense=dense, **common)}
    for names, outvar in groups(description, per_edge):
        made[title(description, names)] = Samples(
            terms=_sized(dict(_terms(description, names, outvar, per_edge, means)), factors),
            parts=tuple(names),
            count=(edge if names[0] in shape.edges else CORNER) * len(names),
            given=given(description, names, outvar),
            **common,
        )
    return made


def _terms(
    description: Description, names: list[str], outvar: Mapping[str, Expr], per_edge: bool, means: bool
) -> Iterator[tuple[str, Term]]:
    length = sum(description.shape.parts[name].length for name in names)
    parts = dict.fromkeys(outvar, 1.0) if per_edge else shares(description, names, outvar)
    for output, target in outvar.items():
        name = f"{output}_{names[0]}" if per_edge else output
        yield name, Term(output, target, parts[output] / length if means else 1.0)


def _sized(terms: Mapping[str, Term], factors: Mapping[str, float]) -> dict[str, Term]:
    return {name: term._replace(share=term.share * factors.get(term.output, 1.0)) for name, term in terms.items()}


def _check(description: Description, interior: int, edge: int, per_edge: bool, reduction: str, ranges: Ranges) -> None:
    if not hasattr(description, "conditions"):
        raise TypeError(
            "Parameter `description` must be a plate or a wave, with a shape and conditions, as RectangularPlate is. "
            f"Found {type(description).__module__}.{type(description).__name__}."
        )
    check_count("interior", interior)
    check_count("edge", edge)
    check_flag("per_edge", per_edge)
    if reduction not in REDUCTIONS:
        raise ValueError(f"Parameter `reduction` must be one of {list(REDUCTIONS)}. Found `reduction = {reduction!r}`.")
    if set(ranges) != set(description.parameters):
        raise ValueError(
            f"Parameter `ranges` must have one for each parameter, {list(description.parameters)}. "
            f"Found `ranges = {dict(ranges)}`."
        )
    for name, pair in ranges.items():
        if not (len(pair) == 2 and np.isfinite(pair).all() and pair[0] <= pair[1]):
            raise ValueError(f"Parameter `ranges` must hold pairs (low, high). Found `{pair}` of {name}.")
