"""The results of a plate: fields, edges, corners, and the reactions against the load."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from math import sin
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Float, Function, Symbol

from modulus_relobralo.plates.equation import TURN, edge_equations
from modulus_relobralo.plates.given import implausible
from modulus_relobralo.plates.plate import Plate
from modulus_relobralo.plates.polynomial import arrays, fit_error, spread, with_values
from modulus_relobralo.plates.results.reinforcement import wood_armer
from modulus_relobralo.plates.results.verdict import Verdict
from modulus_relobralo.plates.results.zones import Known, Zone, beyond, reaction, within, zones
from modulus_relobralo.plates.values import (
    Array,
    Deflection,
    Points,
    SummedDeflection,
    evaluate,
    quantities,
)
from modulus_relobralo.problems.expressions import COORDINATES
from modulus_relobralo.problems.shapes.edges import Part
from modulus_relobralo.problems.shapes.shape import Shape, gauss

GRID = 61
"""Points along each side of the bounds."""
ALONG = 101
"""Points along each edge."""
CELLS, PATCH_CELLS = 300, 60
"""Along each side of the bounds of a shape and of a patch: the integral of a smooth function is exact to about 1e-4."""

UNITS = {"w": "m", "slope_x": "-", "slope_y": "-", "slope_n": "-", "angle": "deg", "pressure": "N/m^2", "R": "N"}
"""Of what is no moment [N m/m] and no shear [N/m]."""

MOMENTS, SHEARS = ("M_x", "M_y", "M_xy"), ("Q_x", "Q_y")

PULLS = 1e-3
"""Of the largest pressure of the soil, what counts as pulling."""

Sum = tuple[Array, float]
"""A force with its moments, [3], and its size."""


@dataclass(frozen=True)
class Results:
    """
    The results of a plate, in SI units.

    Attributes
    ----------
    plate : Plate
        The plate.
    deflection : Deflection
        What was found for it.
    points : dict[str, array]
        x and y of a grid of the plate and of its edges.
    fields : dict[str, array]
        At these points: ``w``, ``slope_x``, ``slope_y``, ``M_x``, ``M_y``, ``M_xy``, the principal moments ``M_1`` >=
        ``M_2`` and the ``angle`` from x to the direction that ``M_1`` bends, in degrees; what reinforcement along x and
        y has to bear, ``M_x_bottom`` and its like, see `reinforcement`; ``Q_x``, ``Q_y``; and on soil its ``pressure``.
    edges : dict[str, dict[str, array]]
        Along each edge: x, y and the normal, ``w``, ``slope_n``, ``M_n``, ``V_n``, and the ``reaction`` per length
        with which a support pushes against the load.
    corners : dict[str, tuple[float, float, float]]
        x, y and the force [N] with which a support pushes against the load there. In a zone it is that of all within.
    load : float
        The sum of the load [N], what is prescribed along edges included.
    reactions : dict[str, float]
        The sums of what holds it [N]: of each edge, of the corners together and of the soil.
    equilibrium : Equilibrium
        What is left of the equilibrium of forces, and of moments about two axes.
    zones : dict[str, Zone]
        Around corners where moments or shears have no bound, see `zones`: extremes and edges are those beyond.
    remarks : tuple of str
        What of them an engineer has to know: that the soil pulls, that a thin plate is none.
    """

    plate: Plate
    deflection: Deflection = field(repr=False)
    points: Points
    fields: dict[str, Array]
    edges: dict[str, dict[str, Array]]
    corners: dict[str, tuple[float, float, float]]
    load: float
    reactions: dict[str, float]
    equilibrium: Equilibrium
    zones: dict[str, Zone]
    remarks: tuple[str, ...]
    _inside: Callable[[Points], dict[str, Array]] = field(repr=False)
    _judge: Callable[[Results], Verdict] = field(repr=False)

    @cached_property
    def verdict(self) -> Verdict:
        """Whether it is a solution, and within about how much; found when it is asked for."""
        return self._judge(self)

    @property
    def imbalance(self) -> float:
        """By how much the sum of the reactions is off that of the load, as a fraction of all that pushes."""
        return self.equilibrium.force

    def extremes(self) -> dict[str, dict[str, tuple[float, float, float]]]:
        """Return of each field its largest and smallest value with x and y: ``{"M_x": {"max": (value, x, y)}}``."""
        x, y = self.points["x"], self.points["y"]
        found = {}
        for name, values in self.fields.items():
            bounded = self.bounded(name)
            places = {
                "max": int(np.where(bounded, values, -np.inf).argmax()),
                "min": int(np.where(bounded, values, np.inf).argmin()),
            }
            found[name] = {which: (float(values[i]), float(x[i]), float(y[i])) for which, i in places.items()}
        return found

    def bounded(self, name: str) -> NDArray[np.bool_]:
        """Return at which points a field has a bound: beyond zones, if it is a moment or a shear."""
        found = np.ones(self.points["x"].shape, dtype=bool)
        for zone in self.zones.values():
            if name.startswith("Q") or (name.startswith("M") and zone.what == "moments"):
                found &= ~zone.holds(self.points["x"], self.points["y"])
        return found

    def said(self) -> dict[str, Array]:
        """Return what is said of the plate in tables: extremes of fields and edges, sums and forces, by kind."""
        ends = {name: [value for value, *_ in both.values()] for name, both in self.extremes().items()}
        along = [*self.edges.values()]
        return {
            "deflection": np.array(ends["w"]),
            "moments": np.array(
                [
                    *(value for name, both in ends.items() if name.startswith("M") for value in both),
                    *(_most(each["M_n"]) for each in along),
                ]
            ),
            "shears and reactions": np.array(
                [*(value for name in SHEARS for value in ends[name]), *(_most(each["reaction"]) for each in along)]
            ),
            "sums and forces": np.array([*self.reactions.values(), *(force for *_, force in self.corners.values())]),
        }

    def at(self, x: float, y: float) -> dict[str, float]:
        """
        Return the fields at a place.

        Raises
        ------
        ValueError
            If it lies beyond the plate or in a hole.
        """
        shape = self.plate.shape
        size = max(high - low for low, high in zip(*shape.bounds, strict=True))
        if not float(shape.level(x, y)) >= -1e-9 * size:
            raise ValueError(f"Parameters `x` and `y` must be a point of the plate. Found ({x:g}, {y:g}).")
        point = {"x": np.array([float(x)]), "y": np.array([float(y)])}
        return {name: float(values[0]) for name, values in self._inside(point).items()}


class Equilibrium(NamedTuple):
    """
    What is left of a plate's equilibrium, as fractions of all that pushes it, which is the integral of abs(p).

    ::

        sum of reactions v + integral of M_n v,n along edges = integral of p v        for v = 1, x, y

    Where nothing pushes, as under prescribed moments and settlements, they are fractions of all that reacts.

    Attributes
    ----------
    force : float
        Of the forces.
    moment_x, moment_y : float
        Of the moments of the forces by their x and by their y, over half of the largest width.
    """

    force: float
    moment_x: float
    moment_y: float


def results(plate: Plate, deflection: Deflection, parameters: Mapping[str, float] | None = None) -> Results:
    """
    Return the results of a plate.

    Parameters
    ----------
    plate : Plate
        The plate.
    deflection : Deflection
        Of `values`: `NetworkDeflection` of a trained network, or a closed one.
    parameters : mapping, optional
        Values of the plate's parameters.

    Raises
    ------
    ValueError
        If a parameter has no value, or what is given is none.

    Examples
    --------
    >>> from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate, sinusoidal_deflection
    >>> from modulus_relobralo.plates.values import ClosedDeflection
    >>> from sympy import pi, sin, symbols
    >>> x, y = symbols("x y")
    >>> plate = RectangularPlate(2, 2, KirchhoffPlate(1, 0.3, sin(pi * x / 2) * sin(pi * y / 2)), "simply_supported")
    >>> of_it = results(plate, ClosedDeflection(sinusoidal_deflection(2, 2, 1, 1)))
    >>> print(f"{of_it.at(1, 1)['M_x']:.4f} {abs(of_it.imbalance) < 1e-4}")
    0.1317 True
    """
    values = {str(name): float(value) for name, value in (parameters or {}).items()}
    if set(values) != set(plate.parameters):
        raise ValueError(
            f"Parameter `parameters` must give a value to each of {list(plate.parameters)}. Found {list(values)}."
        )
    equation = plate.equation
    w = Function(equation.w)(*COORDINATES)

    def known(expressions: Mapping[str, Expr], points: Points) -> dict[str, Array]:
        return quantities(expressions, equation.w, deflection, with_values(points, values))

    points = _points(plate)
    inside = _equations(plate, "M_x", "M_y", "M_xy", "Q_x", "Q_y")
    pressure = {"pressure": equation.winkler * w} if equation.soil.is_somewhere else {}
    slopes = {f"slope_{axis}": w.diff(axis) for axis in COORDINATES}

    def fields_at(points: Points) -> dict[str, Array]:
        return _with_derived_moments(known({"w": w, **slopes, **inside, **pressure}, points))

    around = zones(plate)
    fields, sums = fields_at(points), _Sums(plate, known, values, around)
    return Results(
        plate,
        deflection,
        points,
        fields,
        {name: _along_edge(plate, name, known, beyond(plate, name, around)) for name in plate.shape.edges},
        sums.corners,
        sums.load,
        sums.reactions,
        sums.equilibrium,
        around,
        tuple(_remarks(plate, fields, around)),
        fields_at,
        partial(_judge, plate, deflection, values),
    )


def _judge(plate: Plate, deflection: Deflection, values: Mapping[str, float], found: Results) -> Verdict:
    """Return the verdict on results: what is said of the plate, beside what it is with what the deflection lacks."""
    lacking, left = fit_error(plate, values, deflection)
    better = results(plate, SummedDeflection([deflection, lacking], [1.0, 1.0]), values)
    errors = deviations(found, better)
    force, *moments = map(abs, found.equilibrium)
    errors |= {"equilibrium of forces": force, "equilibrium of moments": max(moments)}
    inside, areas = spread(plate)
    load = float(np.sqrt(np.average(evaluate(plate.equation.p, with_values(inside, values)) ** 2, weights=areas)))
    (x0, y0), (x1, y1) = plate.shape.bounds
    shear = float(np.abs(better.said()["shears and reactions"]).max())
    return Verdict(errors, left / (load or shear / min(x1 - x0, y1 - y0) or 1.0))


def deviations(found: Results, exact: Results) -> dict[str, float]:
    """Return by kind how far what is said of a plate is from what it should be, as a fraction of the largest."""
    said = found.said()
    return {kind: float(np.abs(said[kind] - of).max() / (np.abs(of).max() or 1.0)) for kind, of in exact.said().items()}


def _most(values: Array) -> float:
    return float(values[np.abs(values).argmax()])


def _remarks(plate: Plate, fields: Mapping[str, Array], around: Mapping[str, Zone]) -> list[str]:
    """Return what an engineer has to know of the fields."""
    found = implausible(plate.equation, plate.shape, float(np.abs(fields["w"]).max()))
    found += [
        f"{what} have no bound at {', '.join(names)}: extremes and edges are those beyond "
        f"{max(around[name].radius for name in names):.3g} m, a force there is that of all within"
        for what in ("moments", "shears")
        if (names := [name for name, zone in around.items() if zone.what == what])
    ]
    pressure = fields.get("pressure", np.zeros(1))
    if pressure.min() < -PULLS * np.abs(pressure).max():
        found.append(
            f"the soil or a column pulls, by {-pressure.min():.4g} N/m^2 at most, which it can here; soil that cannot "
            "lets the plate lift"
        )
    return found


class _Sums:
    """
    The sums over a plate of what acts and what reacts.

    Each part is a triple: the force, and its moments by x and by y around the middle, over half of the largest width.
    With it goes its size, the same sum of absolute values. The attributes are those of `Results`.
    """

    def __init__(self, plate: Plate, known: Known, values: Mapping[str, float], around: Mapping[str, Zone]) -> None:
        self._plate, self._known, self._values, self._zones = plate, known, values, around
        (x0, y0), (x1, y1) = plate.shape.bounds
        self._middle, self._half = ((x0 + x1) / 2, (y0 + y1) / 2), max(x1 - x0, y1 - y0) / 2
        forces = {name: self._within(zone) for name, zone in around.items()}
        for name, (x, y, force) in _corner_forces(plate, known).items():
            forces.setdefault(name, self._of(arrays([(x, y)]), np.array([force])))
        along = {name: self._along(name) for name in plate.shape.edges}
        soil, pushes = self._soil(), [*self._loads(), *(pushed for *_, pushed in along.values())]
        ordered = {name: forces[name] for name in plate.shape.corners if name in forces}
        self.corners = {name: (*plate.shape.corners[name].point, float(f[0])) for name, (f, _) in ordered.items()}
        at_corners = [*ordered.values()]
        held = [*at_corners, *soil, *(part for reaction, bent, _ in along.values() for part in (reaction, bent))]
        self.load = float(sum(force for (force, *_), _ in pushes))
        self.reactions = {name: float(reaction[0][0]) for name, (reaction, *_) in along.items()}
        self.reactions |= {"corners": float(sum(force for (force, *_), _ in at_corners))}
        self.reactions |= {"soil": float(sum(force for (force, *_), _ in soil))} if soil else {}
        scale = sum(size for _, size in pushes) or sum(size for _, size in held) or 1.0
        left = np.sum([part for part, _ in held], axis=0) - np.sum([part for part, _ in pushes], axis=0)
        self.equilibrium = Equilibrium(*(float(value) for value in left / scale))

    def _of(self, at: Points, forces: Array) -> Sum:
        """Return the sum of forces at points."""
        arms = [(at[name] - middle) / self._half for name, middle in zip("xy", self._middle, strict=True)]
        return np.array([forces.sum(), *(forces @ arm for arm in arms)]), float(np.abs(forces).sum())

    def _loads(self) -> list[Sum]:
        parts = self._plate.equation.loads.parts
        return [self._over(region, lambda at, v=v: evaluate(v, with_values(at, self._values))) for region, v in parts]  # type: ignore[misc]

    def _soil(self) -> list[Sum]:
        """Return what the soil takes; a shear layer takes moments, by the slopes."""
        equation, w = self._plate.equation, Function(self._plate.equation.w)(*COORDINATES)
        found = [
            self._over(region, lambda at, v=value: self._known({"": v * w}, at)[""])  # type: ignore[misc]
            for region, value in equation.soil.parts
            if not value.is_zero
        ]
        if equation.pasternak != 0:
            slopes = {str(axis): equation.pasternak * w.diff(axis) for axis in COORDINATES}
            at, areas = _cells(self._plate.shape)
            turned = [float(values.sum()) * areas / self._half for values in self._known(slopes, at).values()]
            found.append((np.array([0.0, *turned]), float(np.abs(turned).sum())))
        return found

    def _within(self, zone: Zone) -> Sum:
        (x, y), half, plate = self._middle, self._half, self._plate
        tests = np.array([[1.0, 0.0, 0.0], [-x / half, 1 / half, 0.0], [-y / half, 0.0, 1 / half]])
        found = reaction(plate, zone, self._known, self._values, tests)
        # What is prescribed along an edge there pushes, and does not react.
        for edge in zone.corner.edges:
            for key in map(plate.equation.output, ("V_n", "spring")):
                at, lengths = gauss(within(plate, edge, zone))
                push = evaluate(plate.conditions[edge].get(key, Float(0)), with_values(at, self._values))
                found = found + self._of(at, push * lengths)[0]
        return found, abs(float(found[0]))

    def _over(self, region: Shape | None, value: Callable[[Points], Array]) -> Sum:
        at, area = _cells(region or self._plate.shape, PATCH_CELLS if region else CELLS)
        return self._of(at, value(at) * area)

    def _along(self, name: str) -> tuple[Sum, Sum, Sum]:
        """Return the sums of an edge's reaction, of the moment that bends it, and of the load prescribed along it."""
        plate, (place, lengths) = self._plate, gauss(beyond(self._plate, name, self._zones))
        found, prescribed = _edge_values(plate, name, self._known, place), plate.conditions[name]
        whole, all_lengths = gauss(plate.shape.edges[name])

        def given(at: Points, *quantities: str) -> Array | None:
            held = [prescribed[key] for key in map(plate.equation.output, quantities) if key in prescribed]
            return evaluate(held[0], with_values(at, self._values)) if held else None

        moment, load = given(place, "M_n"), given(whole, "V_n", "spring")
        moment = (found["M_n"] if moment is None else moment) * lengths / self._half
        bent = np.array([0.0, moment @ place["normal_x"], moment @ place["normal_y"]]), float(np.abs(moment).sum())
        load = np.zeros_like(all_lengths) if load is None else load * all_lengths
        return self._of(place, found["reaction"] * lengths), bent, self._of(whole, load)


def _cells(shape: Shape, n: int = CELLS) -> tuple[Points, float]:
    """Return the middles of small cells of a shape, and the area of each: together they have that of the shape."""
    at = arrays(shape.points(n))
    return at, shape.area / len(at["x"])


def _points(plate: Plate) -> Points:
    """Return a grid of the plate, and points on its edges."""
    shape = plate.shape
    parts = [arrays(shape.points(GRID, closed=True))]
    parts += [edge.at(np.linspace(0, 1, ALONG)) for edge in shape.edges.values()]
    x, y = (np.concatenate([part[name] for part in parts]) for name in "xy")
    # Points that are there twice, as those of straight edges, would be triangles without an area.
    size = max(high - low for low, high in zip(*shape.bounds, strict=True))
    _, first = np.unique(np.round(np.stack([x, y]) / size, 9), axis=1, return_index=True)
    return {"x": x[np.sort(first)], "y": y[np.sort(first)]}


def _with_derived_moments(fields: dict[str, Array]) -> dict[str, Array]:
    middle, half = (fields["M_x"] + fields["M_y"]) / 2, (fields["M_x"] - fields["M_y"]) / 2
    radius = np.hypot(half, fields["M_xy"])
    angle = np.degrees(np.arctan2(fields["M_xy"], half)) / 2
    reinforced = wood_armer(*(fields[name] for name in MOMENTS))
    return {**fields, "M_1": middle + radius, "M_2": middle - radius, "angle": angle, **reinforced}


def _equations(plate: Plate, *names: str) -> dict[str, Expr]:
    """Return equations of a plate by quantity, those of its edges included."""
    further = edge_equations(plate.equation, plate.curved)
    return {
        name: further[name] if name in further else plate.equation.equations[plate.equation.output(name)]
        for name in names
    }


def _along_edge(plate: Plate, name: str, known: Known, edge: Part) -> dict[str, Array]:
    """Return what is asked of an edge, or of a part of it, at points along it."""
    place = edge.at(np.linspace(0, 1, ALONG))
    return place | _edge_values(plate, name, known, place)


def _edge_values(plate: Plate, name: str, known: Known, place: Points) -> dict[str, Array]:
    support, w = plate.supports[name], Function(plate.equation.w)(*COORDINATES)
    given = {Symbol(key): value for key, value in plate.coefficients[name].items()}
    wanted = {"w": w, **_equations(plate, "slope_n", "M_n", "V_n")}
    wanted["reaction"] = given[Symbol("k_w")] * w if support.k_w is not None else -wanted["V_n"]
    values = known({key: value.xreplace(given) for key, value in wanted.items()}, place)
    if not support.holds_deflection and support.k_w is None:
        values["reaction"] = np.zeros_like(values["w"])
    return values


def _corner_forces(plate: Plate, known: Known) -> dict[str, tuple[float, float, float]]:
    """Return the places and forces of the corners that can have one."""
    found, free = {}, plate.free_corners()
    for name, corner in plate.shape.corners.items():
        if name not in free:
            place = corner.at(np.zeros(1))
            force = known({"R": _equations(plate, "R")["R"].xreplace({TURN: Float(sin(corner.turn))})}, place)["R"]
            found[name] = (*corner.point, float(force[0]))
    return found
