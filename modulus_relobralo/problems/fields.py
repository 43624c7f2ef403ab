"""Which fields of a problem one network can give, and from where to where its inputs go."""

from __future__ import annotations

from typing import NamedTuple

from modulus_relobralo.problems.expressions import TIME
from modulus_relobralo.problems.problem import Problem

Ends = tuple[float, float]


class Fields(NamedTuple):
    """
    Fields of the same arguments in the same regions.

    Parameters
    ----------
    names : list of str
        Their names, sorted.
    inputs : dict[str, tuple[float, float]]
        By name of each input, from where to where it goes: of a coordinate over the regions, then of each parameter.
    """

    names: list[str]
    inputs: dict[str, Ends]


def fields_together(problem: Problem) -> list[Fields]:
    """Return the fields of a problem, those together that one network can give.

    Raises
    ------
    ValueError
        If the range of a parameter is not known.

    Examples
    --------
    >>> from sympy import Function, Symbol
    >>> from modulus_relobralo.problems import Interval
    >>> x, t = Symbol("x"), Symbol("t")
    >>> u, k = Function("u")(x, t), Function("k")(x)
    >>> heat = {"heat": u.diff(t) - (k * u.diff(x)).diff(x)}
    >>> rod = Problem(Interval(0, 2), heat, {"left, right": {"u": 0}}, time=(0, 1), initial={"u": 1})
    >>> for fields in fields_together(rod):
    ...     print(fields.names, fields.inputs)
    ['k'] {'x': (0.0, 2.0)}
    ['u'] {'x': (0.0, 2.0), 't': (0.0, 1.0)}
    """
    unknown = [name for name in problem.parameters if name not in problem.ranges]
    if unknown:
        raise ValueError(
            "The problem's `parameters` must say from where to where each goes, as in "
            f"{{{unknown[0]!r}: (low, high)}}. Found no range of {', '.join(unknown)}."
        )
    found: dict[tuple[object, ...], Fields] = {}
    for name, field in problem.fields.items():
        regions = [region for region in problem.regions if name in problem.fields_of(region)]
        arguments = [str(argument) for argument in field.args]
        key = (*arguments, *regions)
        if key not in found:
            ends = _ends(problem, regions)
            found[key] = Fields([], {each: ends[each] for each in [*arguments, *problem.parameters]})
        found[key].names.append(name)
    return list(found.values())


def _ends(problem: Problem, regions: list[str]) -> dict[str, Ends]:
    bounds = [problem.shape.regions[region].bounds for region in regions]
    lower, upper = (list(zip(*corners, strict=True)) for corners in zip(*bounds, strict=True))
    ends = zip(map(min, lower), map(max, upper), strict=True)
    space = dict(zip(map(str, problem.shape.coordinates), ends, strict=True))
    return {**space, **({str(TIME): problem.time} if problem.time else {}), **problem.ranges}
