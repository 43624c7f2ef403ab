"""Rectangular plates: geometry and edge conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modulus_relobralo.checks import check_positive
from modulus_relobralo.geometry.rectangle import for_each_edge
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.builders import constraints_on_rectangle
from modulus_relobralo.plates.supports import EdgeCondition


class RectangularPlate:
    """
    A plate on [0, a] x [0, b], with its edges left (x = 0), right (x = a), bottom (y = 0) and top (y = b).

    Parameters
    ----------
    a, b : float
        Lengths along x and y.
    edges : EdgeCondition, str or mapping
        How the edges are held: "simply_supported" or "clamped", for all of them or by name of the edge.

    Attributes
    ----------
    edges : dict[str, EdgeCondition]
        The condition on each edge.
    geometry : Rectangle
        The host's geometry.

    Examples
    --------
    >>> plate = RectangularPlate(10, 10)
    >>> slab = RectangularPlate(
    ...     6, 4, edges={"left": "clamped", "right": "clamped", "bottom": "simply_supported", "top": "simply_supported"}
    ... )
    >>> slab.edges["left"].vanishing
    ('w', 'slope_n')
    """

    def __init__(
        self,
        a: float,
        b: float,
        edges: EdgeCondition | str | Mapping[str, EdgeCondition | str] = EdgeCondition.SIMPLY_SUPPORTED,
    ) -> None:
        check_positive("a", a)
        check_positive("b", b)
        self.a, self.b = a, b
        self.edges = {edge: _condition(edge, held) for edge, held in for_each_edge("edges", edges).items()}
        self.geometry = host.Rectangle((0, 0), (a, b))

    def constraints(
        self,
        nodes: list[Any],
        interior: int,
        edge: int,
        per_edge: bool = False,
        **sampling: Any,
    ) -> dict[str, Any]:
        """
        Constrain the plate's equation in the interior and what vanishes on the edges.

        Loss terms are ``kirchhoff``, ``w``, and ``M_n`` or ``slope_n`` or both, as the edges are held. With
        ``per_edge`` the edges have terms of their own: ``w_left``, ``M_n_left``, ``w_right`` and so on. The host's loss
        is the integral of the squared residual over the plate or along the edges, not its mean.

        Parameters
        ----------
        nodes : list[Node]
            The nodes of `KirchhoffPlate` and of the network for w(x, y).
        interior : int
            Points in the interior per step.
        edge : int
            Points per edge and step. Edges that share loss terms share their points, by length.
        per_edge : bool
            Whether each edge has loss terms of its own.
        **sampling
            Further arguments of the host's pointwise constraints, such as ``fixed_dataset=False`` to draw new points
            at every step, or ``batch_per_epoch``, the number of batches that are drawn once.

        Returns
        -------
        dict[str, Constraint]
            For ``domain.add_constraint(constraint, name)``, by name.
        """
        conditions = {name: dict.fromkeys(held.vanishing, 0) for name, held in self.edges.items()}
        return constraints_on_rectangle(
            nodes, self.geometry, ({"kirchhoff": 0}, interior), (conditions, edge), per_edge, sampling
        )


def _condition(edge: str, held: EdgeCondition | str) -> EdgeCondition:
    try:
        return EdgeCondition(held)
    except ValueError:
        allowed = " or ".join(condition.value for condition in EdgeCondition)
        raise ValueError(f"Parameter `edges` must hold {allowed}. Found {held!r} on the {edge} edge.") from None
