"""Waves in a rectangle: shape, equation and the values on the edges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sympy import Expr, Integer, Symbol

from modulus_relobralo.problems.expressions import check_smooth, check_values
from modulus_relobralo.problems.helmholtz_equation import HelmholtzWave
from modulus_relobralo.problems.shapes.rectangle import EDGES, Rectangle
from modulus_relobralo.problems.shapes.shape import for_each_edge, points_on
from modulus_relobralo.problems.symbols import COORDINATES, as_expression, as_parameters

x, y = COORDINATES


class HelmholtzRectangle:
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
    shape : Rectangle
        The rectangle.
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
        self.shape = Rectangle(a, b, lower)
        self.equation = equation
        self.edges = {
            edge: as_expression("edges", value, equation.parameters, fields=False)
            for edge, value in for_each_edge("edges", edges, EDGES).items()
        }
        check_values("k", equation.k, self.shape.points(10))
        check_values("source", equation.source, self.shape.points(10))
        for name, edge in self.shape.edges.items():
            check_values("edges", self.edges[name], points_on(edge, 10))

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
        parameters = as_parameters(parameters, taken=["u"])
        u = as_expression("solution", solution, parameters, fields=False)
        check_smooth("solution", u)
        source = u.diff(x, 2) + u.diff(y, 2) + as_expression("k", k, parameters, unknown="u") ** 2 * u
        return cls(a, b, HelmholtzWave(k, source, parameters=parameters), edges=u, lower=lower)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The equation's parameters."""
        return self.equation.parameters

    @property
    def equations(self) -> dict[str, Expr]:
        """The equation of `HelmholtzWave`."""
        return self.equation.equations

    @property
    def inside(self) -> dict[str, Expr]:
        """What vanishes in the interior, the residual ``helmholtz``."""
        return {self.equation.output("helmholtz"): Integer(0)}

    @property
    def conditions(self) -> dict[str, dict[str, Expr]]:
        """The value of ``u`` on each edge."""
        return {edge: {self.equation.output("u"): value} for edge, value in self.edges.items()}

    @property
    def givens(self) -> dict[str, dict[str, Expr]]:
        """Nothing, because the value of ``u`` needs no further symbols."""
        return {}
