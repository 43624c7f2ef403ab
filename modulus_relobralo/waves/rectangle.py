"""Time-harmonic waves in a rectangle with prescribed values on its walls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import Expr, Symbol

from modulus_relobralo.checks import check_positive
from modulus_relobralo.geometry.rectangle import for_each_edge
from modulus_relobralo.geometry.symbols import as_expression
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.builders import constraints_on_rectangle


class HelmholtzRectangle:
    """
    The Helmholtz equation with Dirichlet walls.

    ::

        lap u + k^2 u = source                   in the rectangle
        u = walls                                on its walls left, right, bottom and top

    Parameters
    ----------
    k : float or Expr
        Wave number, or an expression in x and y for a medium in which it varies.
    source : float or Expr
        Right hand side, in x and y.
    walls : float, Expr or mapping
        Value of u, on all walls or by name of the wall.
    lower, upper : tuple[float, float]
        Corners of the rectangle.

    Attributes
    ----------
    geometry : Rectangle
        The host's geometry.
    equations : HelmholtzEquation
        The host's equation for u(x, y) and this wave number.
    k, source, walls
        As given, as SymPy expressions; walls by name.

    Examples
    --------
    >>> from sympy import Symbol, exp
    >>> x, y = Symbol("x"), Symbol("y")
    >>> room = HelmholtzRectangle(k=20, source=exp(-100 * (x**2 + y**2)))
    """

    def __init__(
        self,
        k: float | Expr,
        source: float | Expr = 0,
        walls: float | Expr | Mapping[str, float | Expr] = 0,
        lower: tuple[float, float] = (-1, -1),
        upper: tuple[float, float] = (1, 1),
    ) -> None:
        self.k = as_expression("k", k)
        if self.k.is_number:
            check_positive("k", float(self.k))
        self.source = as_expression("source", source)
        self.walls = {wall: as_expression("walls", value) for wall, value in for_each_edge("walls", walls).items()}
        if not all(low < high for low, high in zip(lower, upper, strict=True)):
            raise ValueError(
                f"Parameter `lower` must be below `upper` on both axes. Found `lower = {lower}`, `upper = {upper}`."
            )
        self.geometry = host.Rectangle(lower, upper)
        self.equations = host.HelmholtzEquation(u="u", k=self.k, dim=2)

    @classmethod
    def with_solution(
        cls,
        solution: Expr,
        k: float | Expr,
        lower: tuple[float, float] = (-1, -1),
        upper: tuple[float, float] = (1, 1),
    ) -> HelmholtzRectangle:
        """
        Return the problem that a given ``solution`` in x and y solves: source and walls follow from it.

        Examples
        --------
        >>> from modulus_relobralo.waves import standing_wave
        >>> HelmholtzRectangle.with_solution(standing_wave(m=1, n=4), k=1).source
        -17*pi**2*sin(pi*x)*sin(4*pi*y) + sin(pi*x)*sin(4*pi*y)
        """
        source = solution.diff(Symbol("x"), 2) + solution.diff(Symbol("y"), 2) + as_expression("k", k) ** 2 * solution
        return cls(k, source, walls=solution, lower=lower, upper=upper)

    def make_nodes(self) -> list[Any]:
        """Return the nodes of `equations`."""
        return self.equations.make_nodes()

    def constraints(
        self,
        nodes: list[Any],
        interior: int,
        edge: int,
        per_edge: bool = False,
        **sampling: Any,
    ) -> dict[str, Any]:
        """
        Constrain the equation in the interior and u on the walls.

        Loss terms are ``helmholtz`` and ``u``. With ``per_edge`` each wall has a term of its own: ``u_left``,
        ``u_right``, ``u_bottom`` and ``u_top``. The host's loss is the integral of the squared residual over the
        rectangle or along the walls, not its mean.

        Parameters
        ----------
        nodes : list[Node]
            The nodes of `make_nodes` and of the network for u(x, y).
        interior : int
            Points in the interior per step.
        edge : int
            Points per wall and step. Walls that share the loss term share their points, by length.
        per_edge : bool
            Whether each wall has a loss term of its own.
        **sampling
            Further arguments of the host's pointwise constraints, such as ``fixed_dataset=False`` to draw new points
            at every step, or ``batch_per_epoch``, the number of batches that are drawn once.

        Returns
        -------
        dict[str, Constraint]
            For ``domain.add_constraint(constraint, name)``, by name.
        """
        # The host's equation has the sign of -(lap u + k^2 u).
        equation = {"helmholtz": -self.source}
        conditions = {wall: {"u": value} for wall, value in self.walls.items()}
        return constraints_on_rectangle(
            nodes, self.geometry, (equation, interior), (conditions, edge), per_edge, sampling
        )
