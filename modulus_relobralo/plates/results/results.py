"""The results of a plate: fields, edges, corners, and the sum of the reactions against the load."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import sin

import numpy as np
from sympy import Expr, Float, Function, Symbol

from modulus_relobralo.plates.equation import TURN, edge_equations
from modulus_relobralo.plates.plate import Plate
from modulus_relobralo.plates.polynomial import arrays, with_values
from modulus_relobralo.plates.values import Array, Deflection, Points, evaluate, quantities
from modulus_relobralo.problems.expressions import COORDINATES
from modulus_relobralo.problems.shapes.shape import Shape, gauss

GRID = 61
"""Points along each side of the bounds."""
ALONG = 101
"""Points along each edge."""
CELLS = 300
"""Along each side of a shape's bounds: the integral of a smooth function is exact to about 1e-4."""

UNITS = {"w": "m", "slope_x": "-", "slope_y": "-", "slope_n": "-", "angle": "deg", "pressure": "N/m^2", "R": "N"}
"""Of what is no moment [N m/m] and no shear [N/m]."""

Known = Callable[[Mapping[str, Expr], Points], dict[str, Array]]
"""Computes quantities at points."""


@dataclass(frozen=True)
class Results:
    """
    The results of a plate, in SI units.

    Attributes
    ----------
    plate : Plate
        The plate.
    points : dict[str, array]
        x and y of a grid of the plate and of its edges.
    fields : dict[str, array]
        At these points: ``w``, ``slope_x``, ``slope_y``, ``M_x``, ``M_y``, ``M_xy``, the principal moments ``M_1`` >=
        ``M_2`` and the ``angle`` from x to the direction that ``M_1`` bends, in degrees; ``Q_x``, ``Q_y``; and on soil
        its ``pressure``.
    edges : dict[str, dict[str, array]]
        Along each edge: x, y and the normal, ``w``, ``slope_n``, ``M_n``, ``V_n``, and the ``reaction`` per length
        with which a support pushes against the load.
    corners : dict[str, tuple[float, float, float]]
        x, y and the force [N] with which a support pushes against the load there.
    load : float
        The sum of the load [N], what is prescribed along edges included.
    reactions : dict[str, float]
        The sums of what holds it [N]: of each edge, of the corners together and of the soil.
    """

    plate: Plate
    points: Points
    fields: dict[str, Array]
    edges: dict[str, dict[str, Array]]
    corners: dict[str, tuple[float, float, float]]
    load: float
    reactions: dict[str, float] = field(default_factory=dict)

    @property
    def imbalance(self) -> float:
        """By how much the sum of the reactions is off that of the load, as a fraction of the load."""
        return (sum(self.reactions.values()) - self.load) / (abs(self.load) or 1.0)

    def extremes(self) -> dict[str, dict[str, tuple[float, float, float]]]:
        """Return of each field its largest and smallest value with x and y: ``{"M_x": {"max": (value, x, y)}}``."""
        x, y = self.points["x"], self.points["y"]
        found = {}
        for name, values in self.fields.items():
            places = {"max": int(values.argmax()), "min": int(values.argmin())}
            found[name] = {which: (float(values[i]), float(x[i]), float(y[i])) for which, i in places.items()}
        return found

    def at(self, x: float, y: float) -> dict[str, float]:
        """Return the fields at the point of the grid next to a place."""
        i = int(np.hypot(self.points["x"] - x, self.points["y"] - y).argmin())
        return {name: float(values[i]) for name, values in self.fields.items()}


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
    >>> plate = RectangularPlate(2, 2, KirchhoffPlate(D=1, nu=0.3, p=sin(pi * x / 2) * sin(pi * y / 2)))
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
    fields = _with_principal_moments(known({"w": w, **slopes, **inside, **pressure}, points))
    edges, held, pushed = {}, {}, 0.0
    for name in plate.shape.edges:
        edges[name] = _along_edge(plate, name, known, np.linspace(0, 1, ALONG))
        held[name], push = _edge_sums(plate, name, known, values)
        pushed += push
    corners = _corner_forces(plate, known)
    load = pushed + sum(
        _integral(region or plate.shape, lambda at, v=value: evaluate(v, with_values(at, values)))  # type: ignore[misc]
        for region, value in equation.loads.parts
    )
    soil = [
        _integral(region or plate.shape, lambda at, v=value: known({"": v * w}, at)[""])  # type: ignore[misc]
        for region, value in equation.soil.parts
        if not value.is_zero
    ]
    reactions = {
        **held,
        "corners": sum(force for *_, force in corners.values()),
        **({"soil": sum(soil)} if soil else {}),
    }
    return Results(plate, points, fields, edges, corners, load, reactions)


def _integral(shape: Shape, function: Callable[[Points], Array]) -> float:
    """Return the integral of a function over a shape: the mean at the middles of small cells, times the area."""
    return float(np.mean(function(arrays(shape.points(CELLS))))) * shape.area


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


def _with_principal_moments(fields: dict[str, Array]) -> dict[str, Array]:
    middle, half = (fields["M_x"] + fields["M_y"]) / 2, (fields["M_x"] - fields["M_y"]) / 2
    radius = np.hypot(half, fields["M_xy"])
    angle = np.degrees(np.arctan2(fields["M_xy"], half)) / 2
    return {**fields, "M_1": middle + radius, "M_2": middle - radius, "angle": angle}


def _equations(plate: Plate, *names: str) -> dict[str, Expr]:
    """Return equations of a plate by quantity, those of its edges included."""
    further = edge_equations(plate.equation, plate.curved)
    return {
        name: further[name] if name in further else plate.equation.equations[plate.equation.output(name)]
        for name in names
    }


def _along_edge(plate: Plate, name: str, known: Known, fractions: Array) -> dict[str, Array]:
    """Return what is asked of an edge at fractions of its length."""
    place = plate.shape.edges[name].at(fractions)
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


def _edge_sums(plate: Plate, name: str, known: Known, values: Mapping[str, float]) -> tuple[float, float]:
    """Return the sums of an edge's reaction and of the load that is prescribed along it."""
    place, lengths = gauss(plate.shape.edges[name])
    held = float(_edge_values(plate, name, known, place)["reaction"] @ lengths)
    prescribed = {**plate.conditions[name]}
    load = prescribed.get(plate.equation.output("V_n"), prescribed.get(plate.equation.output("spring"), Float(0)))
    return held, float(evaluate(load, with_values(place, values)) @ lengths)


def _corner_forces(plate: Plate, known: Known) -> dict[str, tuple[float, float, float]]:
    """Return the places and forces of the corners that can have one."""
    found, free = {}, plate.free_corners()
    for name, corner in plate.shape.corners.items():
        if name not in free:
            place = corner.at(np.zeros(1))
            force = known({"R": _equations(plate, "R")["R"].xreplace({TURN: Float(sin(corner.turn))})}, place)["R"]
            found[name] = (*corner.point, float(force[0]))
    return found
