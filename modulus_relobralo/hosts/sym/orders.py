"""Which loss terms are equations: those whose node takes the highest derivatives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modulus_relobralo.hosts.sym.trainer import calling_trainer

DERIVATIVE = "__"
"""Before each coordinate in the host's names of derivatives: w__x__x."""


def equations_in_training() -> list[str]:
    """Return the names of the equations of the domain for which the host's trainer is making its aggregator.

    Raises
    ------
    ValueError
        If no trainer is among them.
    """
    trainer = calling_trainer()
    if trainer is None:
        raise ValueError(
            "Parameter `equations` must be given where no Solver makes the aggregator: the names of the loss terms "
            "that are residuals of the differential equation. Found none."
        )
    return find_equations(trainer.domain.constraints.values())


def find_equations(constraints: Iterable[Any]) -> list[str]:
    """Return the names of the outputs of the highest order of derivative; none where nothing is differentiated.

    Parameters
    ----------
    constraints : iterable of Constraint
        Of a domain of the host.
    """
    orders: dict[str, int] = {}
    for constraint in constraints:
        graph = getattr(constraint.model, "module", constraint.model)
        found = output_orders(graph.node_evaluation_order)
        for name in map(str, constraint.output_names):
            orders[name] = max(orders.get(name, 0), _order(name, found))
    highest = max(orders.values(), default=0)
    return sorted(name for name, order in orders.items() if highest and order == highest)


def output_orders(nodes: Iterable[Any]) -> dict[str, int]:
    """Return the order of derivative of what the nodes of a graph give, by name.

    Parameters
    ----------
    nodes : iterable of Node
        In the order of their evaluation.
    """
    orders: dict[str, int] = {}
    for node in nodes:
        # What Taylor mode (a `TaylorArch`, which needs a host) computes at once, such as laplacian_u, names no order.
        operators = getattr(getattr(node.evaluate, "request", None), "operators", {})
        for name in map(str, node.outputs):
            needs = operators.get(name, (*map(str, node.inputs), *map(str, node.derivatives)))
            # The name of a derivative says its order itself.
            if DERIVATIVE not in name:
                orders[name] = max((_order(need, orders) for need in needs), default=0)
    return orders


def _order(name: str, orders: dict[str, int]) -> int:
    """Return the order of a name: that of what it is derived from, and one for each derivative that it names."""
    base, *derivatives = name.split(DERIVATIVE)
    return orders.get(base, 0) + len(derivatives)
