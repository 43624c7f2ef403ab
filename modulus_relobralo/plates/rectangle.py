"""Rectangular plates: shape, equation and how the edges are held."""

from __future__ import annotations

from collections.abc import Mapping

from sympy import Expr, Integer

from modulus_relobralo.geometry.expressions import check_values
from modulus_relobralo.geometry.rectangle import Rectangle, for_each_edge
from modulus_relobralo.plates.equation import KirchhoffPlate
from modulus_relobralo.plates.supports import EdgeCondition


class RectangularPlate:
    """
    A plate over a rectangle, with its edges left and right in x, bottom and top in y.

    Parameters
    ----------
    a, b : float
        Lengths along x and y [m].
    equation : KirchhoffPlate
        Stiffness and load.
    edges : EdgeCondition, str or mapping
        How the edges are held: "simply_supported" or "clamped", for all of them or by name of the edge.
    lower : tuple[float, float]
        The corner where x and y are least [m].

    Attributes
    ----------
    shape : Rectangle
        The rectangle.
    edges : dict[str, EdgeCondition]
        The condition on each edge.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not what is asked for above, or stiffness, Poisson's ratio or load are out of range somewhere
        on a grid of points of the plate.

    Examples
    --------
    >>> plate = RectangularPlate(10, 10, KirchhoffPlate(D=20.8, nu=0.2, p=0.015))
    >>> slab = RectangularPlate(
    ...     6,
    ...     4,
    ...     KirchhoffPlate(D=20.0, nu=0.3, p=0.01),
    ...     edges={"left": "clamped", "right": "clamped", "bottom": "simply_supported", "top": "simply_supported"},
    ... )
    >>> slab.conditions["left"]
    {'w': 0, 'slope_n': 0}
    """

    def __init__(
        self,
        a: float,
        b: float,
        equation: KirchhoffPlate,
        edges: EdgeCondition | str | Mapping[str, EdgeCondition | str] = EdgeCondition.SIMPLY_SUPPORTED,
        lower: tuple[float, float] = (0, 0),
    ) -> None:
        if not isinstance(equation, KirchhoffPlate):
            raise TypeError(f"Parameter `equation` must be a KirchhoffPlate. Found `equation = {equation!r}`.")
        self.shape = Rectangle(a, b, lower)
        self.equation = equation
        self.edges = {edge: _condition(edge, held) for edge, held in for_each_edge("edges", edges).items()}
        grid = self.shape.points(11, closed=True)
        check_values("D", equation.D, grid, low=0)
        check_values("nu", equation.nu, grid, low=-1, high=0.5)
        check_values("p", equation.p, self.shape.points(10))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The equation's parameters."""
        return self.equation.parameters

    @property
    def equations(self) -> dict[str, Expr]:
        """The equations of `KirchhoffPlate`."""
        return self.equation.equations

    @property
    def inside(self) -> dict[str, Expr]:
        """What vanishes in the interior: the residual ``kirchhoff``."""
        return {self.equation.output("kirchhoff"): Integer(0)}

    @property
    def conditions(self) -> dict[str, dict[str, Expr]]:
        """What vanishes on each edge: ``w``, and ``M_n`` or ``slope_n``."""
        return {
            edge: {self.equation.output(quantity): Integer(0) for quantity in held.vanishing}
            for edge, held in self.edges.items()
        }


def _condition(edge: str, held: EdgeCondition | str) -> EdgeCondition:
    try:
        return EdgeCondition(held)
    except ValueError:
        allowed = " or ".join(condition.value for condition in EdgeCondition)
        raise ValueError(f"Parameter `edges` must hold {allowed}. Found {held!r} on the {edge} edge.") from None
