"""Plates of any shape, and rectangular ones: equation, and how the edges are held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from sympy import Expr
from sympy.core.function import AppliedUndef

from modulus_relobralo.plates.columns import beside, support_cells, support_regions
from modulus_relobralo.plates.equation import COEFFICIENTS, KirchhoffPlate, coefficients, edge_equations
from modulus_relobralo.plates.given import check_corners, check_loaded, check_patches, check_quantities
from modulus_relobralo.plates.supports import (
    EdgeCondition,
    EdgeSupport,
    Held,
    as_edge_expressions,
    as_support,
    check_held,
    loose_corners,
    support_of,
    supported_corners,
)
from modulus_relobralo.problems.problem import Problem
from modulus_relobralo.problems.shapes.edges import Corner
from modulus_relobralo.problems.shapes.primitives import Rectangle
from modulus_relobralo.problems.shapes.shape import Shape, for_each_edge

SUPPORT, SUPPORTS = "support", "inside"
"""The equation that holds at supports inside, and the name of their places: its loss term is ``support_inside``."""


class Plate(Problem):
    """
    A plate of any shape.

    Parameters
    ----------
    shape : Shape
        Of `problems`: Rectangle, Ellipse, Polygon or WithHoles [m].
    equation : KirchhoffPlate
        Stiffness, soil and load.
    edges : EdgeCondition, EdgeSupport, str or mapping
        How the edges are held: "simply_supported", "clamped", "free" or "guided", or an `EdgeSupport`, or its
        parameters by name. One for all edges, or by name of the edge; "left, right" names several.
    corners : str, sequence of str, or mapping
        Corners that rest on a point, w = 0, between edges that do not hold the deflection, by name; "all" of these. A
        mapping says by how much each settles [m].

    Attributes
    ----------
    edges : dict[str, EdgeCondition or EdgeSupport]
        What holds each edge.
    corners : tuple[str, ...]
        The corners that rest on a point.
    inner, cells : tuple
        Patches of stiffness that are supports inside, and the cells of these, see `columns`.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not what is asked for above; if stiffness, load or a value on an edge are out of range
        somewhere on a grid of points; if an edge is left out or named twice; if edges that meet give the deflection
        two values or a kink there; if there is no such corner, or its edges hold it already; if nothing acts on the
        plate whose load was left out; if the plate can move as a rigid body; or if a patch of load or support lies
        beyond the plate or on a hole.

    Examples
    --------
    >>> from modulus_relobralo.problems import circle
    >>> lid = Plate(circle(2.0), KirchhoffPlate(D=20e3, nu=0.3, p=5e3), edges="clamped")
    >>> lid.conditions["rim"]
    {'w': 0, 'slope_n': 0}
    """

    shape: Shape

    def __init__(
        self,
        shape: Shape,
        equation: KirchhoffPlate,
        edges: Held | str | Mapping[str, Held | str | Mapping[str, float]] | None = None,
        corners: str | Sequence[str] | Mapping[str, float | Expr] = (),
    ) -> None:
        if not isinstance(shape, Shape):
            raise TypeError(f"Parameter `shape` must be a shape of `modulus_relobralo.problems`. Found {shape!r}.")
        if not isinstance(equation, KirchhoffPlate):
            raise TypeError(f"Parameter `equation` must be a KirchhoffPlate. Found `equation = {equation!r}`.")
        self.shape, self.equation, self.parameters = shape, equation, equation.parameters
        names = shape.edges
        if edges is None:
            raise ValueError(
                f"Parameter `edges` must say how each of {', '.join(names)} is held: one for all, such as "
                '"simply_supported", or by name. Found none.'
            )
        alone = isinstance(edges, Mapping) and set(edges) <= set(vars(support_of(EdgeCondition.FREE)))
        each = dict.fromkeys(names, edges) if alone and edges else for_each_edge("edges", edges, names)
        self.edges = {edge: as_support(edge, held) for edge, held in each.items()}
        self._check_names()
        check_quantities(equation, shape, self.supports, self.parameters)
        check_patches(shape, self.patches)
        check_corners(shape, self.supports, self.parameters)
        settlements = as_edge_expressions(supported_corners(corners, shape, self.supports), self.parameters)
        self.corners = tuple(settlements)
        check_loaded(equation, self.supports, settlements)
        points = [shape.corners[name] for name in self.corners]
        check_held(shape, self.supports, points, equation.winkler, equation.pasternak)
        held = self._support_conditions(settlements)
        self.inner = support_regions(shape, equation)
        cells = [cell for region in self.inner for cell in support_cells(shape, region)]
        self.cells = tuple(cells)
        needed, middles = self._needed_equations(held), {name: [getattr(cell, name) for cell in cells] for name in "xy"}
        super().__init__(
            shape,
            equations=needed,
            inside=[equation.output("kirchhoff")],
            conditions=held,
            coefficients=self._local_coefficients(held),
            parameters=equation.ranges or equation.parameters,
            dense=[region for region in self.patches if region not in self.inner],
            sensors={SUPPORTS: {**middles, equation.output(SUPPORT): [0.0] * len(cells)}} if cells else None,
        )

    @cached_property
    def supports(self) -> dict[str, EdgeSupport]:
        """What holds each edge, spelled out."""
        return {edge: support_of(held) for edge, held in self.edges.items()}

    @cached_property
    def curved(self) -> bool:
        """Whether an edge is curved."""
        return any(edge.curvature != 0 for edge in self.shape.edges.values())

    def free_corners(self) -> dict[str, Corner]:
        """Return the corners where nothing holds the deflection."""
        loose = loose_corners(self.shape, self.supports)
        return {name: corner for name, corner in loose.items() if name not in self.corners}

    def _support_conditions(self, settlements: Mapping[str, Expr]) -> dict[str, dict[str, Expr]]:
        """Return what takes which value on each edge, w at corners on a point, ``R`` = 0 where nothing takes it."""
        edges = {edge: support.conditions for edge, support in self.supports.items()}
        points: dict[str, dict[str, float | Expr]] = {name: {"w": value} for name, value in settlements.items()}
        held: dict[str, dict[str, float | Expr]] = {
            **edges,
            **points,
            **{name: {"R": 0} for name in self.free_corners()},
        }
        return {
            part: {
                self.equation.output(quantity): value
                for quantity, value in as_edge_expressions(outputs, self.parameters).items()
            }
            for part, outputs in held.items()
        }

    def _needed_equations(self, held: Mapping[str, Mapping[str, Expr]]) -> dict[str, Expr]:
        """Return the equations of `KirchhoffPlate`, and of `edge_equations` those that an edge or a corner needs."""
        needed = {output for outputs in held.values() for output in outputs} | {self.equation.output("V_n")}
        further = {
            self.equation.output(quantity): expression
            for quantity, expression in edge_equations(self.equation, self.curved).items()
        }
        equations = {**self.equation.equations, **{name: further[name] for name in further if name in needed}}
        if self.inner:
            # Beside supports, and in the middles of their cells with them.
            inside = self.equation.output("kirchhoff")
            equations[self.equation.output(SUPPORT)] = equations[inside]
            equations[inside] = beside(equations[inside], self.inner)
        return equations

    def _local_coefficients(self, held: Iterable[str]) -> dict[str, dict[str, Expr]]:
        """Return the curvature of each edge, the stiffness of what it rests on, and the angle of a corner."""
        parts, supports = self.shape.parts, self.supports
        return {
            part: coefficients(
                parts[part],
                as_edge_expressions(supports[part].stiffnesses if part in supports else {}, self.parameters),
                self.curved,
            )
            for part in held
        }

    @property
    def patches(self) -> tuple[Shape, ...]:
        """Patches of load and support."""
        return self.equation.loads.regions + self.equation.soil.regions

    def _check_names(self) -> None:
        fields = {field.name for e in self.equation.equations.values() for field in e.atoms(AppliedUndef)}
        taken = sorted(set(COEFFICIENTS) & {*self.parameters, *fields})
        if taken:
            raise ValueError(
                f"Fields and parameters must not be named as what is given on edges, {', '.join(COEFFICIENTS)}. "
                f"Found {', '.join(taken)}."
            )


class RectangularPlate(Plate):
    """
    A plate over a rectangle, with its edges left and right in x, bottom and top in y.

    Parameters
    ----------
    a, b : float
        Lengths along x and y [m].
    equation : KirchhoffPlate
        Stiffness, soil and load.
    edges : EdgeCondition, EdgeSupport, str or mapping
        How the edges are held, see `Plate`.
    corners : str, sequence of str, or mapping
        Corners that rest on a point, see `Plate`.
    lower : tuple[float, float]
        The corner where x and y are least [m].

    Examples
    --------
    >>> plate = RectangularPlate(10, 10, KirchhoffPlate(D=20.8, nu=0.2, p=0.015), "simply_supported")
    >>> slab = RectangularPlate(
    ...     6,
    ...     4,
    ...     KirchhoffPlate(D=20.0, nu=0.3, p=0.01),
    ...     edges={"left, right": "clamped", "bottom, top": "simply_supported"},
    ... )
    >>> slab.conditions["left"]
    {'w': 0, 'slope_n': 0}
    """

    def __init__(
        self,
        a: float,
        b: float,
        equation: KirchhoffPlate,
        edges: Held | str | Mapping[str, Held | str | Mapping[str, float]] | None = None,
        lower: tuple[float, float] = (0, 0),
        corners: str | Sequence[str] | Mapping[str, float | Expr] = (),
    ) -> None:
        super().__init__(Rectangle(a, b, lower), equation, edges, corners)
