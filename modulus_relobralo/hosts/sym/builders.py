"""The host's geometry and constraints of a plate or a wave."""

from __future__ import annotations

from typing import Any

from sympy import Symbol
from sympy.core.function import AppliedUndef

from modulus_relobralo.checks import check_count, check_flag
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.pointwise import pointwise_constraint
from modulus_relobralo.hosts.sym.scaling import weights
from modulus_relobralo.hosts.sym.shapes import ShapeGeometry
from modulus_relobralo.problems.grouping import CORNER, given, groups, shares, title
from modulus_relobralo.problems.problem import Description
from modulus_relobralo.problems.shapes.shape import Shape

# What the host's sampling gives beside the coordinates: weights of the points, and distances to the boundary.
_SAMPLED = ("area", "sdf")


def geometry(description: Description) -> Any:
    """Return the host's geometry of a plate or a wave."""
    if not isinstance(description.shape, Shape):
        raise TypeError(
            f"Parameter `description` must have a shape of `modulus_relobralo.problems`. Found {description.shape!r}."
        )
    return ShapeGeometry(description.shape, dense=getattr(description, "dense", ()))


def constraints(
    description: Description,
    nodes: list[Any],
    interior: int,
    edge: int,
    per_edge: bool = False,
    reduction: str = "integral",
    points: str = "fixed",
    scaled: bool = False,
    **sampling: Any,
) -> dict[str, Any]:
    """
    Constrain the equation of a plate or a wave in its interior and the conditions on its edges.

    Loss terms are ``kirchhoff``, ``w``, and ``M_n`` or ``slope_n`` or both, as the edges of the plate are held;
    ``helmholtz`` and ``u`` of a wave. The host adds up the losses of constraints that share an output name. So edges
    with the same conditions share one constraint, and with ``per_edge`` each edge has its own, whose terms end in its
    name: ``w_left``, ``M_n_left``, ``w_right`` and so on.

    Parameters
    ----------
    description : RectangularPlate or HelmholtzRectangle
        The plate or the wave.
    nodes : list of Node
        The nodes of its equations (`equation_nodes`) and of the networks of its dependent variable and fields.
    interior : int
        Points in the interior per step.
    edge : int
        Points per edge and step. Edges that share loss terms share their points, by length.
    per_edge : bool
        Whether each edge has loss terms of its own.
    reduction : str
        ``"integral"``: a loss term is the integral of the squared residual over the shape or along the edges, as the
        host has it. ``"mean"``: the integral over the area or over the length of the edges that have the term.
    points : str
        ``"fixed"``: ``batch_per_epoch`` batches are drawn once and come again. ``"resampled"``: new points in every
        step, of which ``batch_per_epoch`` batches are drawn at once.
    scaled : bool
        Whether the loss terms of a plate are of order one in whatever units it is, see `keys`, which does the same for
        its network.
    **sampling
        Further arguments of the host's pointwise constraints, such as ``batch_per_epoch`` or ``parameterization``, the
        ranges of the description's parameters, where it does not say them itself.

    Returns
    -------
    dict[str, Constraint]
        For ``domain.add_constraint(constraint, name)``: "interior", and one for each edge or group of edges, under
        their names, or "edges" if all share one; and for corners that have a condition of their own.

    Raises
    ------
    TypeError, ValueError
        If a number of points is not an integer above zero, if there is no such `reduction` or `points`, or if a field
        or a parameter has a name that the host would take for something else.

    Examples
    --------
    ::

        plate = RectangularPlate(6, 4, KirchhoffPlate(D=20.0, nu=0.3, p=0.01), edges="clamped")
        nodes = [*equation_nodes(plate), network.make_node(name="plate_network")]
        for name, constraint in constraints(plate, nodes, interior=1024, edge=64).items():
            domain.add_constraint(constraint, name)
    """
    check_count("interior", interior)
    check_count("edge", edge)
    check_flag("per_edge", per_edge)
    _check_names(description)
    shape = geometry(description)
    factors = weights(description) if scaled else {}
    ranges = {Symbol(name): ends for name, ends in getattr(description, "ranges", {}).items()}
    if ranges:
        sampling = {"parameterization": host.Parameterization(ranges), **sampling}
    sampling = {"reduction": reduction, "points": points, **sampling}
    inside = sampling | ({"lambda_weighting": {name: factors[name] for name in description.inside}} if scaled else {})
    made = {"interior": pointwise_constraint("interior", nodes, shape, description.inside, interior, **inside)}
    for names, outvar in groups(description, per_edge):
        aliases = [host.Node.from_sympy(Symbol(output), f"{output}_{names[0]}") for output in outvar if per_edge]
        terms = {output: f"{output}_{names[0]}" if per_edge else output for output in outvar}
        if scaled:
            sampling["lambda_weighting"] = {term: factors[output] for output, term in terms.items()}
        made[title(description, names)] = pointwise_constraint(
            "boundary",
            [*nodes, *aliases],
            ShapeGeometry(description.shape, names, given(description, names, outvar)),
            {term: outvar[output] for output, term in terms.items()},
            edge * len(names) if names[0] in description.shape.edges else CORNER * len(names),
            shares={} if per_edge else shares(description, names, outvar),
            **sampling,
        )
    return made


def _check_names(description: Description) -> None:
    fields = {field.name for equation in description.equations.values() for field in equation.atoms(AppliedUndef)}
    terms = {f"{output}_{edge}" for edge, outvar in description.conditions.items() for output in outvar}
    taken = sorted({*fields, *description.parameters}.intersection(terms.union(_SAMPLED)))
    if taken:
        raise ValueError(
            "Fields and parameters must not be named as a loss term or as what the host samples, "
            f"{' and '.join(_SAMPLED)}. Found {', '.join(taken)}."
        )
