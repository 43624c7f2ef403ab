"""Which loss terms are equations, read from the constraints of the host.

An *equation* is the residual of a differential equation, which holds in the interior. Everything else is a *condition*
on the solution. Of a term of a constraint this is read off:

============================================================  ====================================================
a term                                                        is
============================================================  ====================================================
at points with normals, of a boundary or integral constraint  a condition
at sensors                                                    a condition
that a network gives, or that another node builds on, and     a condition: a value of the solution
derivatives of it by name (``u``, ``u__x``, ``flux``)
in a slice: a coordinate is fixed that varies elsewhere, and  a condition: an initial one
that something is differentiated by (parameters are not)
in the interior otherwise, with derivatives, target 0         an equation
the same with another target                                  an equation, if no term of the interior has target 0
in the interior, a node of one's own, target 0                an equation: what it does inside is not known
anything else                                                 in doubt
============================================================  ====================================================

A term that is an equation in one constraint is one. What is in doubt is asked for, and so is everything where
derivatives are constrained and no equation was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.points import ResampledPoints
from modulus_relobralo.hosts.sym.pointwise import SensorConstraint

DERIVATIVE = "__"
"""Before each coordinate in the host's names of derivatives: w__x__x."""
_NORMAL = "normal_"


class Nodes(NamedTuple):
    """What the graphs of all constraints say of the names in them."""

    orders: dict[str, int]
    """Order of derivative of what a node gives."""
    values: set[str]
    """What networks give, and what other nodes build on."""
    opaque: set[str]
    """What nodes of one's own give, whose derivatives do not show in their inputs."""
    coordinates: set[str]
    """What something is differentiated by, or may be in a node of one's own."""


def find_equations(constraints: Iterable[Any]) -> list[str]:
    """Return the names of the equations, sorted; none where only values of the solution are constrained.

    Parameters
    ----------
    constraints : iterable of Constraint
        Of a domain of the host.

    Raises
    ------
    ValueError
        If it cannot be known of a loss term what it is, or what the loss terms are.
    """
    constraints = list(constraints)
    for constraint in constraints:
        _check_names_are_outputs(constraint)
    nodes = read_nodes(constraints)
    kinds: dict[str, set[str]] = {}
    for constraint, place, targets in _places(constraints, nodes.coordinates):
        for name in map(str, constraint.output_names):
            kinds.setdefault(name, set()).add(_kind(name, place, targets, nodes))
    equations = {name for name, found in kinds.items() if "equation" in found}
    forced = {name for name, found in kinds.items() if "forced" in found} - equations
    doubtful = {name for name, found in kinds.items() if "doubtful" in found} - equations
    if not equations:
        equations, forced = forced - doubtful, set()
    doubtful |= forced
    if not equations and not doubtful:
        doubtful = {name for name in kinds if order_of(name, nodes.orders)}
    if doubtful:
        raise ValueError(
            f"Whether the loss terms {sorted(doubtful)} are residuals of the differential equation cannot be read from "
            "the constraints. Set `loss.equations` to the names of those that are, or to [] if there is none. "
            f"Found the loss terms {sorted(kinds)}, of which {sorted(equations)} are equations for certain."
        )
    return sorted(equations)


def read_nodes(constraints: Iterable[Any]) -> Nodes:
    """Return what the nodes of the constraints' graphs say."""
    orders: dict[str, int] = {}
    values: set[str] = set()
    opaque: set[str] = set()
    coordinates: set[str] = set()
    arch = host.load("models.arch")
    networks = (arch.Arch, arch.FuncArch)
    symbolic = host.load("utils.sympy.torch_printer").SympyToTorch
    for constraint in constraints:
        graph = getattr(constraint.model, "module", constraint.model)
        evaluated = list(graph.node_evaluation_order)
        for name, order in output_orders(evaluated).items():
            orders[name] = max(orders.get(name, 0), order)
        for node in evaluated:
            for name in map(str, node.outputs):
                for need in (name, *_needs(node, name)):
                    coordinates.update(need.split(DERIVATIVE)[1:])
            outputs = [name for name in map(str, node.outputs) if DERIVATIVE not in name]
            scripted = isinstance(node.evaluate, torch.jit.ScriptModule)
            if isinstance(node.evaluate, networks) or (scripted and node.optimize):
                values.update(outputs)
            # A node of nothing but derivatives, the host's own, builds on all that there is.
            elif outputs:
                needs = map(str, (*node.inputs, *node.derivatives))
                values.update(name.split(DERIVATIVE)[0] for name in needs)
                if not isinstance(node.evaluate, symbolic):
                    opaque.update(outputs)
                    coordinates.update(map(str, node.inputs))
    return Nodes(orders, values, opaque, coordinates)


def output_orders(nodes: Iterable[Any]) -> dict[str, int]:
    """Return the order of derivative of what the nodes of a graph give, by name.

    Parameters
    ----------
    nodes : iterable of Node
        In the order of their evaluation.
    """
    orders: dict[str, int] = {}
    for node in nodes:
        for name in map(str, node.outputs):
            # The name of a derivative says its order itself.
            if DERIVATIVE not in name:
                orders[name] = max((order_of(need, orders) for need in _needs(node, name)), default=0)
    return orders


def _needs(node: Any, name: str) -> Iterable[str]:
    """Return the names of what a node computes an output from."""
    # What Taylor mode (a `TaylorArch`, which needs a host) computes at once, such as laplacian_u, names no order.
    operators = getattr(getattr(node.evaluate, "request", None), "operators", {})
    return operators.get(name, (*map(str, node.inputs), *map(str, node.derivatives)))


def order_of(name: str, orders: Mapping[str, int]) -> int:
    """Return the order of a name: that of what it is derived from, and one for each derivative that it names."""
    base, *derivatives = name.split(DERIVATIVE)
    return orders.get(base, 0) + len(derivatives)


def _kind(name: str, place: str, targets: Mapping[str, Any], nodes: Nodes) -> str:
    """Return what a term is: "equation", "condition", "forced" (an equation but for its target) or "doubtful"."""
    if place in ("boundary", "sensors", "slice") or name.split(DERIVATIVE)[0] in nodes.values:
        return "condition"
    if place != "interior":
        return "doubtful"
    is_zero = not np.any(np.asarray(targets[name]))
    if order_of(name, nodes.orders):
        return "equation" if is_zero else "forced"
    return "equation" if is_zero and name in nodes.opaque else "doubtful"


def _places(constraints: Iterable[Any], coordinates: set[str]) -> list[tuple[Any, str, Mapping[str, Any]]]:
    """Return with each constraint where it holds, and its targets if that is the interior or a part of it.

    It is "interior", "boundary", "sensors", "slice" or, where it is not known, an empty string: so where there is only
    one point.
    """
    domain = host.load("domain.constraint")
    places: list[tuple[Any, str, Mapping[str, Any]]] = []
    insides = []
    for constraint in constraints:
        inputs = set(map(str, constraint.input_names))
        if isinstance(constraint, (domain.PointwiseBoundaryConstraint, domain.IntegralBoundaryConstraint)) or any(
            name.startswith(_NORMAL) for name in inputs
        ):
            places.append((constraint, "boundary", {}))
        elif isinstance(constraint, SensorConstraint):
            places.append((constraint, "sensors", {}))
        elif isinstance(constraint, domain.PointwiseInteriorConstraint) or "sdf" in inputs:
            insides.append((constraint, *_samples(constraint.dataset)))
        else:
            places.append((constraint, "", {}))
    everywhere = set().union(*(_varying(points) for _, points, _ in insides))
    for constraint, points, targets in insides:
        fixed = everywhere.intersection(points, coordinates) - _varying(points)
        alone = all(len(values) == 1 for values in points.values())
        places.append((constraint, "" if alone else "slice" if fixed else "interior", targets))
    return places


def _varying(points: Mapping[str, Any]) -> set[str]:
    """Return the coordinates that are not the same at all points."""
    coordinates = {name: np.asarray(values) for name, values in points.items() if not name.startswith(host.SAMPLED)}
    return {name for name, values in coordinates.items() if np.ptp(values) > 0}


def _samples(dataset: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return points of a data set and the targets at them; no random stream of the training is moved."""
    if hasattr(dataset, "invar"):
        return dataset.invar, dataset.outvar
    state = np.random.get_state()
    try:
        if isinstance(dataset, ResampledPoints):
            points = dataset.sample(dataset.batch_size)
            return points, host.load("domain.constraint.utils")._compute_outvar(points, dataset.outvar)
        points = dataset.invar_fn()
        return points, dataset.outvar_fn(points)
    finally:
        np.random.set_state(state)


def _check_names_are_outputs(constraint: Any) -> None:
    kind = type(constraint)
    variational = host.load("domain.constraint").VariationalConstraint
    if isinstance(constraint, variational) or not kind.loss.__module__.startswith(f"{host.name()}.domain.constraint"):
        raise ValueError(
            f"The loss terms of a {kind.__name__} are not known before it computes them, and so neither is which are "
            "residuals of the differential equation. Set `loss.equations` to the names of those that are."
        )
