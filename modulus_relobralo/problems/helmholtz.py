"""Time-harmonic waves: the Helmholtz equation, rectangles with values on their edges, and closed solutions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sympy import Expr, Function, Symbol, pi, sin

from modulus_relobralo.checks import check_positive
from modulus_relobralo.problems.expressions import (
    COORDINATES,
    as_expression,
    as_parameters,
    as_positive,
    as_ranges,
    check_fields,
    check_name,
    check_smooth,
    check_values,
)
from modulus_relobralo.problems.problem import Problem, output_name
from modulus_relobralo.problems.shapes.primitives import EDGES, Rectangle
from modulus_relobralo.problems.shapes.shape import for_each_edge, points_on

x, y = COORDINATES


class HelmholtzWave:
    """
    A time-harmonic wave in a medium.

    The amplitude u counts in whatever unit its source is given in, times a length squared::

        lap u + k^2 u = source                   equation ``helmholtz``: residual 0

    If the amplitude has another name than "u", it is appended to the name of the equation: ``helmholtz_v`` for u="v".

    Parameters
    ----------
    k : float, Expr or str
        Wave number 2 pi / wavelength [1/m], above zero. A str names a field k(x, y); a SymPy expression may depend on x
        and y, for a medium in which it varies.
    source : float, Expr or str
        Right hand side. A str names a field over x and y.
    u : str
        The amplitude, the dependent variable.
    parameters : iterable of str or Symbol, or mapping to pairs of float
        Symbols beside x and y in k and source: further inputs of the network. A mapping says from where to where each
        goes.

    Attributes
    ----------
    equations : dict[str, Expr]
        The residual, by its name.
    k, source : Expr
        As given, as SymPy expressions.
    ranges : dict[str, tuple[float, float]]
        From where to where the parameters go, if that was given.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not what is asked for above, see `problems.expressions.as_expression`.

    Examples
    --------
    >>> HelmholtzWave(k=3, source="f").equations
    {'helmholtz': -f(x, y) + 9*u(x, y) + Derivative(u(x, y), (x, 2)) + Derivative(u(x, y), (y, 2))}
    """

    def __init__(
        self,
        k: float | Expr | str,
        source: float | Expr | str = 0,
        u: str = "u",
        parameters: Iterable[str | Symbol] = (),
    ) -> None:
        self.u = check_name("u", u)
        self.parameters, self.ranges = as_parameters(parameters, taken=[u]), as_ranges(parameters)
        self.k = as_expression("k", k, self.parameters, unknown=u)
        if self.k.is_number:
            check_positive("k", float(self.k))
        self.source = as_expression("source", source, self.parameters, unknown=u)

        amplitude = Function(u)(*COORDINATES)
        residual = amplitude.diff(x, 2) + amplitude.diff(y, 2) + self.k**2 * amplitude - self.source
        self.equations = {self.output("helmholtz"): residual}
        check_fields(self.equations, self.parameters)

    def output(self, quantity: str) -> str:
        """Return the name under which a node gives a quantity, of which "u" is the amplitude."""
        return self.u if quantity == "u" else output_name(quantity, self.u, usual="u")


class HelmholtzRectangle(Problem):
    """
    A wave over a rectangle, with its edges left and right in x, bottom and top in y.

    Parameters
    ----------
    a, b : float
        Lengths along x and y [m].
    equation : HelmholtzWave
        Wave number and source.
    edges : float, Expr or mapping
        The value of u on the edges, for all of them or by name of the edge; an expression in x, y and parameters.
    lower : tuple[float, float]
        The corner where x and y are least [m].

    Attributes
    ----------
    equation : HelmholtzWave
        As given.
    edges : dict[str, Expr]
        The value on each edge.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not what is asked for above, or wave number, source or a value are not finite somewhere on a
        grid of points.

    Examples
    --------
    >>> from sympy import exp
    >>> room = HelmholtzRectangle(5, 4, HelmholtzWave(k=20, source=exp(-100 * ((x - 1) ** 2 + (y - 1) ** 2))))
    >>> room.conditions["left"]
    {'u': 0}
    """

    def __init__(
        self,
        a: float,
        b: float,
        equation: HelmholtzWave,
        edges: float | Expr | Mapping[str, float | Expr] = 0,
        lower: tuple[float, float] = (0, 0),
    ) -> None:
        if not isinstance(equation, HelmholtzWave):
            raise TypeError(f"Parameter `equation` must be a HelmholtzWave. Found `equation = {equation!r}`.")
        shape, self.equation = Rectangle(a, b, lower), equation
        self.edges = {
            edge: as_expression("edges", value, equation.parameters, fields=False)
            for edge, value in for_each_edge("edges", edges, EDGES).items()
        }
        check_values("k", equation.k, shape.points(10))
        check_values("source", equation.source, shape.points(10))
        for name, edge in shape.edges.items():
            check_values("edges", self.edges[name], points_on(edge, 10))
        super().__init__(
            shape,
            equations=equation.equations,
            conditions={edge: {equation.u: value} for edge, value in self.edges.items()},
            parameters=equation.ranges or equation.parameters,
        )

    @classmethod
    def with_solution(
        cls,
        a: float,
        b: float,
        solution: float | Expr,
        k: float | Expr,
        lower: tuple[float, float] = (0, 0),
        parameters: Iterable[str | Symbol] = (),
    ) -> HelmholtzRectangle:
        """
        Return the problem that a given ``solution`` in x and y solves: source and values on the edges follow from it.

        Examples
        --------
        >>> from modulus_relobralo.problems import standing_wave
        >>> HelmholtzRectangle.with_solution(2, 2, standing_wave(m=1, n=4), k=1, lower=(-1, -1)).equation.source
        -17*pi**2*sin(pi*x)*sin(4*pi*y) + sin(pi*x)*sin(4*pi*y)
        """
        names = as_parameters(parameters, taken=["u"])
        u = as_expression("solution", solution, names, fields=False)
        check_smooth("solution", u)
        source = u.diff(x, 2) + u.diff(y, 2) + as_expression("k", k, names, unknown="u") ** 2 * u
        return cls(a, b, HelmholtzWave(k, source, parameters=as_ranges(parameters) or names), edges=u, lower=lower)


def standing_wave(m: float, n: float) -> Expr:
    """
    Return sin(m pi x) sin(n pi y) as a SymPy expression.

    Examples
    --------
    >>> standing_wave(m=1, n=4)
    sin(pi*x)*sin(4*pi*y)
    """
    return sin(as_positive("m", m) * pi * x) * sin(as_positive("n", n) * pi * y)
