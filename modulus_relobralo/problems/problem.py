"""Boundary value problems: equations over a shape, perhaps in time, and what holds on its edges and at the start."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from copy import copy
from itertools import product
from typing import Any

from sympy import Basic, Derivative, Expr, Integer, Symbol
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from modulus_relobralo.problems.complex_fields import ComplexFields
from modulus_relobralo.problems.conditions import EDGES, at_odds, by_part, check_finite, time_derivatives
from modulus_relobralo.problems.expressions import (
    HIGHEST_ORDER,
    TIME,
    as_expression,
    as_parameters,
    as_range,
    as_ranges,
    as_unknown,
    check_fields,
    check_name,
    plain_name,
)
from modulus_relobralo.problems.periodic import as_periods
from modulus_relobralo.problems.sensors import as_sensors
from modulus_relobralo.problems.shapes.shape import INTERIOR, Domain, middles

INITIAL = "initial"
"""Name of the place of what holds at the first time."""
START = "start"
"""Name of the sensors by which a window of time begins."""


class Problem:
    """
    A boundary value problem.

    Symbols count by their names: ``x``, and ``y`` in the plane, are the coordinates, ``t`` is the time, ``normal_x``
    and ``normal_y`` are the outward normal on an edge. Functions of them are dependent variables, or fields that other
    networks give.

    Parameters
    ----------
    shape : Interval, Shape or Composite
        Where the equations hold.
    equations : mapping of str to Expr
        Equations by name, each as what vanishes; derivatives up to the fourth order. Quantities that only conditions
        name are among them too, see `inside`.
    conditions : mapping of str to mapping
        By name of an edge or a corner, which quantity takes which value there: a number or an expression in the
        coordinates, the time and the parameters. A key can name several parts, as in ``"left, right"``; ``"edges"`` are
        all edges. Each edge is in it once, with ``{}`` if nothing holds there. A quantity is

        - a dependent variable, as "u",
        - a derivative of one, as "u__x" or "u__x__y",
        - an equation by its name, as "M_n",
        - a name of its own for an expression that vanishes: ``{"robin": u.diff(x) * n_x + 3 * u}``.
    time : tuple[float, float], optional
        The first and the last time.
    initial : mapping, optional
        Which quantity takes which value at the first time. Of each dependent variable that the equations differentiate
        n times by t, itself and its first n - 1 derivatives by t are in it, with None where nothing is known.
    parameters : iterable of str or Symbol, or mapping to pairs of float
        Further symbols of equations and conditions, which are inputs of the network; a mapping says from where to where
        each goes.
    coefficients : mapping of str to mapping, optional
        Symbols of equations that have a value on an edge only, by name of the edge: ``{"left": {"h": 3}}``.
    inside : iterable of str, or mapping, optional
        Which equations hold in the interior, all by default. Of a `Composite` a mapping says which hold in which
        region, ``{"brick": ["heat_1"], "wool": ["heat_2"]}``; their fields are those of the region.
    dense : iterable of Shape
        Where points of the interior are drawn more densely.
    sensors : mapping, optional
        Measured values at given points, arrays by name: of every input of the network, and of quantities as in
        `conditions`, ``{"x": x, "t": t, "u": u}``; or several sets of these by names of their own. One number stands
        for as many as the other columns have.
    periodic : str or iterable of str
        Pairs of opposite edges, as ``"left, right"``, where all that goes out at one comes in at the other. They take
        no conditions; the network is periodic, see `taylor.Periodic`.
    unknown : mapping of str to float, optional
        Symbols of equations that are trained, with their first values.
    complex_fields : iterable of str
        Fields that are complex, see `ComplexFields`. Equations, conditions, initial values and sensors are written
        once, with I; of ``u`` the problem has ``u_re`` and ``u_im``, of each equation of it the same two parts.

    Attributes
    ----------
    equations : dict[str, Expr]
        As given, with those that conditions state.
    inside : dict[str, Expr]
        What vanishes in the interior, {name: 0}.
    regions : dict[str, list[str]]
        Which equations hold in which region, "interior" if there is one.
    sensors : dict[str, Sensors]
        By name of the set, "sensors" if there is one.
    periods : dict[str, tuple[float, float]]
        From where to where a period goes, by name of the coordinate.
    unknown : dict[str, float]
        As given.
    conditions, coefficients : dict[str, dict[str, Expr]]
        By name of each edge or corner.
    initial : dict[str, Expr]
        What holds at the first time.
    coordinates : tuple[Symbol, ...]
        x, y in the plane, t if there is time.
    parameters : tuple[str, ...]
        Names of the parameters.
    ranges : dict[str, tuple[float, float]]
        From where to where the parameters go, if that was given.
    fields : dict[str, Expr]
        Dependent variables and fields of the equations by name, with their arguments.

    Raises
    ------
    TypeError, ValueError
        If something is not what is asked for above: an unknown symbol or quantity, an edge or an initial condition that
        is left out, an order above four, a name that means two things, a value that is not finite somewhere.

    Warns
    -----
    UserWarning
        If two conditions give a field different values where they meet, at a corner or at the first time.

    Examples
    --------
    >>> from sympy import Function, pi, sin
    >>> from modulus_relobralo.problems import Interval
    >>> x, t = Symbol("x"), Symbol("t")
    >>> u = Function("u")(x, t)
    >>> burgers = Problem(
    ...     Interval(-1, 1),
    ...     time=(0, 1),
    ...     equations={"burgers": u.diff(t) + u * u.diff(x) - 0.01 / pi * u.diff(x, 2)},
    ...     conditions={"left, right": {"u": 0}},
    ...     initial={"u": -sin(pi * x)},
    ... )
    >>> burgers.inputs, burgers.conditions["left"], burgers.initial
    (('x', 't'), {'u': 0}, {'u': -sin(pi*x)})
    """

    def __init__(
        self,
        shape: Domain,
        equations: Mapping[str, Expr],
        conditions: Mapping[str, Mapping[Any, Any]],
        time: tuple[float, float] | None = None,
        initial: Mapping[Any, Any] | None = None,
        parameters: Iterable[str | Symbol] = (),
        coefficients: Mapping[str, Mapping[str, Any]] | None = None,
        inside: Iterable[str] | Mapping[str, Iterable[str]] | None = None,
        dense: Iterable[Domain] = (),
        sensors: Mapping[Any, Any] | None = None,
        periodic: str | Iterable[str] = (),
        unknown: Mapping[str, float] | None = None,
        complex_fields: Iterable[str] = (),
    ) -> None:
        if not isinstance(shape, Domain):
            raise TypeError(
                f"Parameter `shape` must be an Interval or a shape of `modulus_relobralo.problems`. Found {shape!r}."
            )
        self.shape, self.dense = shape, tuple(dense)
        _check_dense(shape, self.dense)
        _check_edge_names(shape)
        self.time = None if time is None else as_range("time", time)
        self.coordinates = (*shape.coordinates, *(() if time is None else (TIME,)))
        self._normal = [f"normal_{symbol}" for symbol in shape.coordinates]
        self.parameters = as_parameters(parameters, taken=[str(symbol) for symbol in self.coordinates])
        self.ranges = as_ranges(parameters)
        self.periods, self._periodic = as_periods(periodic, shape)
        self.unknown = as_unknown(unknown or {}, [*self.parameters, *map(str, self.coordinates)])
        self.coefficients = {
            part: {name: self._value(f"coefficients[{part!r}]", value, self._normal) for name, value in given.items()}
            for part, given in by_part("coefficients", coefficients or {}, shape).items()
        }
        self._local = sorted({name for given in self.coefficients.values() for name in given})
        for name in self._local:
            check_name("coefficients", name, [*self.parameters, *self.unknown, *map(str, self.coordinates)])
        if complex_fields:
            split = ComplexFields(complex_fields, equations)
            equations, conditions, sensors = split.equations, split.by_part(conditions), split.sensors(sensors)
            initial = split.held(initial) if isinstance(initial, Mapping) else initial
            inside = split.inside(inside)
        self.equations = self._equations(equations)
        self.regions = _by_region(inside, self.equations, shape.regions)
        self.inside = {name: Integer(0) for names in self.regions.values() for name in names}
        self.fields = self._fields()
        given = by_part("conditions", conditions, shape, every=True, without=self._periodic)
        self.conditions = {part: self._held(f"conditions[{part!r}]", held) for part, held in given.items()}
        self.initial = self._initial(initial)
        taken = [INTERIOR, EDGES, INITIAL, *shape.parts, *self.regions, *(f"{INITIAL}_{name}" for name in self.regions)]
        self.sensors = {} if sensors is None else as_sensors(sensors, self.inputs, self._quantity_name, taken)
        self._check_names()
        self._check_sensors()
        self._check_local()
        self._check_regions()
        self._check_values()
        self._warn_of_odds()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of a network's inputs, coordinates and parameters."""
        return (*map(str, self.coordinates), *self.parameters)

    @property
    def input_ranges(self) -> dict[str, tuple[float, float]]:
        """From where to where each input goes; not in it are parameters of which that is not said."""
        places = zip(*self.shape.bounds, strict=True)
        found = {str(symbol): ends for symbol, ends in zip(self.shape.coordinates, places, strict=True)}
        return {**found, **({} if self.time is None else {str(TIME): self.time}), **self.ranges}

    @property
    def derivatives(self) -> tuple[str, ...]:
        """Names of the derivatives that conditions name, such as "u__x"."""
        measured = (sensors.values for sensors in self.sensors.values())
        named = {name for held in (*self.conditions.values(), self.initial, *measured) for name in held}
        return tuple(sorted(name for name in named if "__" in name))

    def knows(self, quantity: str) -> bool:
        """Return whether a name is that of an equation, a field, or a derivative of one by coordinates."""
        field, *by = quantity.split("__")
        return quantity in self.equations or (field in self.fields and {*map(Symbol, by)} <= set(self.coordinates))

    def expression(self, quantity: str) -> Expr:
        """Return what a quantity is, in dependent variables: of "u__x" the derivative, of an equation all of it."""
        if quantity in self.equations:
            return self.equations[quantity]
        field, *by = quantity.split("__")
        return self.fields[field].diff(*map(Symbol, by)) if by else self.fields[field]

    @property
    def state(self) -> tuple[str, ...]:
        """Names of what decides all that comes later, fields and their derivatives by t below the highest."""
        wanted = {
            "__".join([name, *[str(TIME)] * order])
            for equation in self.inside
            for found in time_derivatives(self.equations[equation])
            for name, *by in [found.split("__")]
            for order in range(len(by))
        }
        return tuple(sorted(wanted))

    def window(self, start: float, end: float, known: Mapping[Any, Any] | None = None) -> Problem:
        """
        Return the same problem from one time to another.

        Parameters
        ----------
        start, end : float
            Its first and its last time, within those of the problem.
        known : mapping, optional
            What takes the place of `initial`: a set of `sensors` at `start`, without their times. By default what holds
            initially stays.

        Returns
        -------
        Problem
            With the sensors whose times lie in the window.

        Raises
        ------
        ValueError
            If the problem has no time, or not these times, or if a column of `known` is not what `sensors` take.
        """
        if self.time is None or not self.time[0] <= start < end <= self.time[1]:
            raise ValueError(f"Parameters `start` and `end` must be in the times {self.time}. Found {start} and {end}.")
        made = copy(self)
        made.time = (start, end)
        between = {name: sensors.between(start, end) for name, sensors in self.sensors.items()}
        made.sensors = {name: sensors for name, sensors in between.items() if sensors.count}
        if known is not None:
            made.initial = {}
            given = {START: {**known, str(TIME): start}}
            made.sensors |= as_sensors(given, self.inputs, self._quantity_name, self.sensors)
            made._check_sensors()
        return made

    def _value(self, name: str, value: Any, further: Iterable[str] = ()) -> Expr:
        return as_expression(name, value, self.parameters, fields=False, coordinates=self.coordinates, further=further)

    @property
    def _taken(self) -> list[str]:
        """Names that are neither of fields nor of equations."""
        return [*self.parameters, *self.unknown, *self._local]

    def _equations(self, equations: Mapping[str, Expr]) -> dict[str, Expr]:
        if not isinstance(equations, Mapping) or not equations:
            raise TypeError(f"Parameter `equations` must map names to expressions. Found `equations = {equations!r}`.")
        return {
            check_name("equations", name, self._taken): self._equation(f"equations[{name!r}]", held)
            for name, held in equations.items()
        }

    def _equation(self, name: str, value: Any) -> Expr:
        if isinstance(value, Relational):
            raise TypeError(
                f"Parameter `{name}` must be an expression that vanishes: of a = b it is a - b. Found {value!r}."
            )
        further = [*self._normal, *self._local, *self.unknown]
        equation = as_expression(name, value, self.parameters, coordinates=self.coordinates, further=further)
        if not isinstance(value, Expr) or not equation.atoms(AppliedUndef):
            raise ValueError(f"Parameter `{name}` must be an expression in dependent variables. Found {value!r}.")
        for derivative in equation.atoms(Derivative):
            self._check_order(name, len(derivative.variables), derivative)
        return equation

    def _fields(self) -> dict[str, Expr]:
        check_fields(self.equations, self._taken)
        found = {field for equation in self.equations.values() for field in equation.atoms(AppliedUndef)}
        return {field.name: field for field in sorted(found, key=str)}

    def _held(self, where: str, held: Mapping[Any, Any]) -> dict[str, Expr]:
        """Return the quantities of a place by name, and take up the equations that it states itself."""
        found: dict[str, Expr] = {}
        for key, value in held.items():
            quantity = self._quantity_name(where, key)
            if isinstance(value, Basic) and value.atoms(AppliedUndef):
                target = self._stated(where, quantity, value)
            else:
                self._check_quantity(where, quantity)
                target = self._value(f"{where}[{quantity!r}]", value)
            same = [name for name in found if self.expression(name) == self.expression(quantity)]
            if same:
                raise ValueError(f"Parameter `{where}` must hold each quantity once. Found {same[0]} and {key!r}.")
            found[quantity] = target
        return found

    def _stated(self, where: str, name: str, value: Expr) -> Expr:
        """Take up an equation that a condition states, and return what it is equal to."""
        equation = self._equation(f"{where}[{name!r}]", value)
        if name in self.fields or "__" in name:
            raise ValueError(
                f"Parameter `{where}` must state an equation under a name of its own. Found {name}: {value!r}."
            )
        known = self.equations.setdefault(check_name(where, name, self._taken), equation)
        if known != equation:
            raise ValueError(f"Equation `{name}` must be the same everywhere. Found {known!r} and {equation!r}.")
        self.fields = self._fields()
        return Integer(0)

    def _quantity_name(self, where: str, key: Any) -> str:
        """Return the name of a quantity that a person gave as a name, or as u or a derivative of u."""
        if isinstance(key, str):
            return key
        field = key.expr if isinstance(key, Derivative) else key
        if isinstance(field, AppliedUndef):
            known = self.fields.get(field.name, field)
            if list(map(str, field.args)) != list(map(str, known.args)):
                # By repr: the hosts have SymPy write u for str(u(x, y)).
                raise ValueError(f"Parameter `{where}` must have {known!r} as key, at the point itself. Found {key!r}.")
            return "__".join([field.name, *(symbol.name for symbol in getattr(key, "variables", ()))])
        raise TypeError(
            f"Parameter `{where}` must have names, or u and its derivatives, as keys; an expression is stated under a "
            f"name, as in {{'robin': u.diff(x) + u}}. Found {key!r}."
        )

    def _check_quantity(self, where: str, quantity: str) -> None:
        if self.knows(quantity):
            self._check_order(where, quantity.count("__"), quantity)
            return
        raise ValueError(
            f"Parameter `{where}` must name a dependent variable, {', '.join(self.fields)}, a derivative of one by "
            f"{', '.join(map(str, self.coordinates))}, as {next(iter(self.fields))}__x, or an equation, "
            f"{', '.join(self.equations)}, or state one. Found {quantity!r}."
        )

    def _check_order(self, where: str, order: int, found: Any) -> None:
        if order > HIGHEST_ORDER:
            raise ValueError(f"Parameter `{where}` must hold derivatives up to order {HIGHEST_ORDER}. Found {found!r}.")

    def _initial(self, initial: Mapping[Any, Any] | None) -> dict[str, Expr]:
        if self.time is None:
            if initial is not None:
                raise ValueError(f"Parameter `initial` must be left out where there is no `time`. Found {initial!r}.")
            return {}
        unknown = {self._quantity_name(INITIAL, key) for key, value in (initial or {}).items() if value is None}
        for quantity in unknown:
            self._check_quantity(INITIAL, quantity)
        held = self._held(INITIAL, {key: value for key, value in (initial or {}).items() if value is not None})
        known = unknown.union(*(time_derivatives(self.expression(name)) for name in held))
        wanted = set(self.state)
        if wanted - known:
            raise ValueError(
                f"Parameter `initial` must say what {', '.join(sorted(wanted))} are at the first time, or None where "
                f"that is not known. Found none of {', '.join(sorted(wanted - known))}."
            )
        return held

    def _check_names(self) -> None:
        taken = {*self.equations, *self.fields, *self._taken}
        for name in self.derivatives:
            if plain_name(name) in taken:
                raise ValueError(
                    f"Equations, fields and parameters must not be named as the derivative {name}. Found "
                    f"{plain_name(name)}."
                )
        used = {str(symbol) for equation in self.equations.values() for symbol in equation.free_symbols}
        idle = [name for name in self.unknown if name not in used]
        if idle:
            raise ValueError(f"Parameter `unknown` must name symbols of equations. Found {', '.join(idle)} in none.")

    def _check_local(self) -> None:
        """Raise if an equation has the normal, or a coefficient of an edge, where there is none."""
        measured = {name: sensors.values for name, sensors in self.sensors.items()}
        for place, held in {INTERIOR: self.inside, INITIAL: self.initial, **measured, **self.conditions}.items():
            known = {*self._normal, *self.coefficients.get(place, {})} if place in self.conditions else set()
            for name in held:
                symbols = set(map(str, self.expression(name).free_symbols)) & {*self._normal, *self._local}
                if symbols - known:
                    raise ValueError(
                        f"Equation `{name}` must have values of all its symbols where it holds; the normal is known on "
                        f"edges, others where `coefficients` says so, and `inside` says what holds in the interior. "
                        f"Found no {', '.join(sorted(symbols - known))} at {place}."
                    )

    def fields_of(self, region: str) -> set[str]:
        """Return the names of the fields of a region: of a shape all, of one among others those of its equations."""
        held = self.equations if region == INTERIOR else self.regions[region]
        return {field.name for name in held for field in self.equations[name].atoms(AppliedUndef)}

    def _check_regions(self) -> None:
        """Raise if something holds on an edge of a region of which its fields are not, or in none at the start."""
        for edge, regions in self.shape.neighbours.items():
            self._check_fields(f"conditions[{edge!r}]", self.conditions.get(edge, {}), [regions])
        self._check_fields(INITIAL, self.initial, [(region,) for region in self.regions])

    def _check_fields(self, where: str, held: Iterable[str], allowed: Iterable[tuple[str, ...]]) -> None:
        known = [set().union(*map(self.fields_of, regions)) for regions in allowed]
        for name in held:
            found = {field.name for field in self.expression(name).atoms(AppliedUndef)}
            if not any(found <= fields for fields in known):
                wanted = " or ".join(", ".join(sorted(fields)) for fields in known)
                raise ValueError(f"Parameter `{where}` must be of the fields {wanted} there. Found {name}.")

    def _check_values(self) -> None:
        times = [()] if self.time is None else [(self.time[0] + m * (self.time[1] - self.time[0]),) for m in middles(5)]
        for part, held in self.conditions.items():
            at = self.shape.parts[part].at(middles(10))
            points = list(zip(*(map(float, at[str(symbol)]) for symbol in self.shape.coordinates), strict=True))
            check_finite(f"conditions[{part!r}]", held, [(*p, *t) for p, t in product(points, times)], self.coordinates)
        if self.time is not None:
            start = [(*point, self.time[0]) for point in self.shape.points(10)]
            check_finite(INITIAL, self.initial, start, self.coordinates)

    def _check_sensors(self) -> None:
        for name, sensors in self.sensors.items():
            for quantity in sensors.values:
                self._check_quantity(f"sensors[{name!r}]", quantity)
            sensors.check_place(f"sensors[{name!r}]", self.shape, self.time)

    def _warn_of_odds(self) -> None:
        found = at_odds(self.shape, self.conditions, self.initial, self.time, self.fields, self._periodic)
        if found:
            warnings.warn(
                f"Conditions differ where they meet: {'; '.join(found)}. A network is smooth and takes neither value "
                "there, so that the loss terms of both stay above zero. If it is not meant so, let one value go over "
                "into the other, as 16 x^2 (1 - x)^2 does in place of 1.",
                stacklevel=3,
            )


def _by_region(given: Any, equations: Iterable[str], regions: Iterable[str]) -> dict[str, list[str]]:
    names = list(equations) if given is None else given
    named = {
        region: list(held) for region, held in (names if isinstance(names, Mapping) else {INTERIOR: names}).items()
    }
    held = [name for each in named.values() for name in each]
    if set(named) != set(regions) or not all(named.values()) or not set(held) <= set(equations):
        wanted = f"some of the equations, {', '.join(equations)}"
        wanted += "" if list(regions) == [INTERIOR] else f", for each of the regions {', '.join(regions)}"
        raise ValueError(f"Parameter `inside` must name {wanted}. Found {names}.")
    return named


def _check_dense(shape: Domain, dense: Iterable[Domain]) -> None:
    for patch in dense:
        if not isinstance(patch, Domain) or patch.coordinates != shape.coordinates:
            raise TypeError(
                f"Parameter `dense` must hold shapes over {', '.join(map(str, shape.coordinates))}. Found {patch!r}."
            )
        outside = [point for point in patch.points(10) if shape.level(*point) <= 0]
        if outside:
            raise ValueError(
                f"Parameter `dense` must hold parts of the shape. Found {patch!r}, with {outside[0]} outside."
            )


def _check_edge_names(shape: Domain) -> None:
    taken = sorted({INTERIOR, EDGES, INITIAL} & set(shape.parts))
    if taken:
        raise ValueError(f"Edges must not be named {INTERIOR}, {EDGES} or {INITIAL}. Found {', '.join(taken)}.")
