"""Load cases of one plate: combinations with partial factors, and what is largest and smallest of several results.

A plate's problem is linear, so that what a combination does is the sum of what its load cases do, each times its
factor. The sum is held against the equations of the plate under all of its loads: it has a verdict of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sympy import Add, Expr

from modulus_relobralo.plates.loads import Patch
from modulus_relobralo.plates.plate import Plate
from modulus_relobralo.plates.results.results import Results, results
from modulus_relobralo.plates.supports import EdgeSupport
from modulus_relobralo.plates.values import Array, Points, SummedDeflection

Ends = tuple[float, float, float, str]
_GIVEN_AS = {"spring": "V_n", "restraint": "M_n"}
"""What an `EdgeSupport` calls the value of its conditions, where it is another name."""


def combine(factors: Mapping[str, float], cases: Mapping[str, Results]) -> Results:
    """
    Return the results of a combination of load cases.

    Parameters
    ----------
    factors : mapping of str to float
        By name of the load case its partial factor; cases without one do not act.
    cases : mapping of str to Results
        The results of each load case, of plates that differ in loads and in what is prescribed on edges and at
        corners, and in nothing else.

    Raises
    ------
    ValueError
        If there is no such case, or no factor; if the plates are held differently or are different ones; or if they
        have parameters.

    Examples
    --------
    ::

        dead = results(Plate(shape, concrete.under(5e3), edges), deflection_of_dead)
        live = results(Plate(shape, concrete.under(Patch(region, 3e3)), edges), deflection_of_live)
        print_results(combine({"dead": 1.35, "live": 1.5}, {"dead": dead, "live": live}))
    """
    unknown = sorted(set(factors) - set(cases))
    if unknown or not factors:
        raise ValueError(
            f"Parameter `factors` must be of load cases, of {', '.join(cases)}. Found {', '.join(unknown) or 'none'}."
        )
    found, numbers = [cases[name] for name in factors], [float(factor) for factor in factors.values()]
    plates = [one.plate for one in found]
    for name, plate in zip(factors, plates, strict=True):
        _check_alike(next(iter(factors)), plates[0], name, plate)
    return results(_combined(plates, numbers), SummedDeflection([one.deflection for one in found], numbers))


@dataclass(frozen=True)
class Envelope:
    """
    What is largest and smallest of several results, at each point.

    Attributes
    ----------
    points : dict[str, array]
        x and y, those of the results.
    largest, smallest : dict[str, array]
        Of each field but the angle of principal moments.
    largest_of, smallest_of : dict[str, array]
        The names of the results that they are of.
    bounded : dict[str, array]
        At which points each field has a bound, see `Results.bounded`.
    reactions : dict[str, tuple[float, float]]
        The largest and the smallest sum of each edge, of the corners together and of the soil [N].
    """

    points: Points
    largest: dict[str, Array]
    smallest: dict[str, Array]
    largest_of: dict[str, NDArray[np.str_]]
    smallest_of: dict[str, NDArray[np.str_]]
    bounded: dict[str, NDArray[np.bool_]]
    reactions: dict[str, tuple[float, float]]

    def extremes(self) -> dict[str, dict[str, Ends]]:
        """Return of each field its largest and smallest value with x, y and the name of the results it is of."""
        found, x, y = {}, self.points["x"], self.points["y"]
        for name, bounded in self.bounded.items():
            high, low = self.largest[name], self.smallest[name]
            i, k = int(np.where(bounded, high, -np.inf).argmax()), int(np.where(bounded, low, np.inf).argmin())
            found[name] = {
                "max": (float(high[i]), float(x[i]), float(y[i]), str(self.largest_of[name][i])),
                "min": (float(low[k]), float(x[k]), float(y[k]), str(self.smallest_of[name][k])),
            }
        return found


def envelope(cases: Mapping[str, Results]) -> Envelope:
    """
    Return what is largest and smallest of several results of one plate, such as those of combinations.

    Raises
    ------
    ValueError
        If there are none, or their points differ.
    """
    found, names = list(cases.values()), np.array(list(cases))
    if not found:
        raise ValueError("Parameter `cases` must hold results. Found none.")
    points = found[0].points
    for name, one in cases.items():
        if any(not np.array_equal(one.points[axis], points[axis]) for axis in "xy"):
            raise ValueError(f"Parameter `cases` must be results of one plate. Found {names[0]} and {name} at others.")
    values = {name: np.stack([one.fields[name] for one in found]) for name in found[0].fields if name != "angle"}
    sums = {name: [one.reactions[name] for one in found] for name in found[0].reactions}
    return Envelope(
        points,
        {name: of.max(axis=0) for name, of in values.items()},
        {name: of.min(axis=0) for name, of in values.items()},
        {name: names[of.argmax(axis=0)] for name, of in values.items()},
        {name: names[of.argmin(axis=0)] for name, of in values.items()},
        {name: found[0].bounded(name) for name in values},
        {name: (max(of), min(of)) for name, of in sums.items()},
    )


def _combined(plates: Sequence[Plate], factors: Sequence[float]) -> Plate:
    """Return the plate under the loads of all of them, with what they prescribe."""
    first = plates[0]
    loads = [
        factor * value if region is None else Patch(region, factor * value)
        for plate, factor in zip(plates, factors, strict=True)
        for region, value in plate.equation.loads.parts
    ]

    def summed(values: Sequence[float | Expr]) -> Expr:
        return Add(*(factor * value for factor, value in zip(factors, values, strict=True)))

    edges = {}
    for edge, support in first.supports.items():
        every = [plate.supports[edge].conditions for plate in plates]
        held = {_GIVEN_AS.get(name, name): summed([each[name] for each in every]) for name in every[0]}
        edges[edge] = EdgeSupport(**held, **support.stiffnesses)
    w = first.equation.output("w")
    corners = {name: summed([plate.conditions[name][w] for plate in plates]) for name in first.corners}
    return Plate(first.shape, first.equation.under(loads), edges, corners)


def _check_alike(first_name: str, first: Plate, name: str, plate: Plate) -> None:
    """Raise if two plates differ in more than loads and prescribed values."""
    if plate.parameters:
        raise ValueError(f"Load cases must be of plates without parameters. Found {', '.join(plate.parameters)}.")
    differs = {
        "shape": first.shape != plate.shape,
        "stiffness or soil": first.equation.under(0.0).equations != plate.equation.under(0.0).equations,
        "edges": any(
            list(support.conditions) != list(plate.supports[edge].conditions)
            or support.stiffnesses != plate.supports[edge].stiffnesses
            for edge, support in first.supports.items()
            if edge in plate.supports
        ),
        "corners on a point": first.corners != plate.corners,
    }
    found = [what for what, differ in differs.items() if differ]
    if found:
        raise ValueError(
            f"Load cases must be of one plate, held alike. Found that {first_name} and {name} differ in "
            f"{' and '.join(found)}."
        )
