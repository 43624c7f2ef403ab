"""The host's geometry and constraints of a problem, such as a plate or a wave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sympy import Expr, Symbol

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.plates import weights
from modulus_relobralo.hosts.sym.pointwise import pointwise_constraint, sensor_constraint
from modulus_relobralo.problems import Problem
from modulus_relobralo.problems.periodic import check_periodic
from modulus_relobralo.problems.places import places
from modulus_relobralo.problems.sampling import areas_of, evaluate, patch_counts
from modulus_relobralo.problems.shapes.edges import Part
from modulus_relobralo.problems.shapes.shape import Domain
from modulus_relobralo.problems.units import warn_of_units

_Geometry: Any = host.load("geometry.geometry").Geometry
_parameterization: Any = host.load("geometry.parameterization")


class ShapeGeometry(_Geometry):
    """
    A shape as the host's geometry, or some parts of its boundary with the whole interior.

    Its samples have the shape's level as ``sdf``, because the host asks for one: that is the distance to the boundary,
    of all but an ellipse whose axes differ.

    Parameters
    ----------
    shape : Interval or Shape
        The shape.
    parts : iterable of str, optional
        The edges and corners that are sampled as boundary; all edges by default.
    coefficients : mapping of str to Expr, optional
        Columns that the points of the boundary have beside the host's, as expressions in the coordinates, the normal,
        time and parameters.
    dense : iterable of Shape
        Where interior points are drawn more densely. Their areas undo it: the integral stays what it is.
    """

    def __init__(
        self,
        shape: Domain,
        parts: Iterable[str] | None = None,
        coefficients: Mapping[str, Expr] | None = None,
        dense: Iterable[Domain] = (),
    ) -> None:
        named: Mapping[str, Part] = shape.edges if parts is None else {name: shape.parts[name] for name in parts}
        names = [str(symbol) for symbol in shape.coordinates]
        ends = zip(map(_parameterization.Parameter, names), zip(*shape.bounds, strict=True), strict=True)
        curves = [_curve(part, len(names)) for part in named.values()]
        super().__init__(curves, _level(shape), dims=len(names), bounds=_parameterization.Bounds(dict(ends)))
        self._coefficients = dict(coefficients or {})
        self._dense = list(dense)
        self._shape = shape

    def sample_boundary(self, nr_points: int, *args: Any, **kwargs: Any) -> dict[str, NDArray[np.float64]]:
        """Return points on the boundary as the host does, with the further columns."""
        points = super().sample_boundary(nr_points, *args, **kwargs)
        return points | evaluate(self._coefficients, points)

    def boundary_criteria(
        self, invar: Mapping[str, NDArray[np.float64]], criteria: Any = None, params: Any = None
    ) -> NDArray[np.bool_]:
        """Return which points of the boundary count: all that `criteria` takes.

        The host drops those where its signed distance does not change sign, as it does not on an interface.
        """
        there = np.ones_like(next(iter(invar.values())), dtype=bool)
        return there if criteria is None else there & criteria(invar, params)

    def sample_interior(self, nr_points: int, *args: Any, **kwargs: Any) -> dict[str, NDArray[np.float64]]:
        """Return points inside as the host does, some of them on the dense patches."""
        counts = patch_counts(nr_points, self._dense)
        drawn = [super().sample_interior(nr_points - sum(counts), *args, **kwargs)]
        if not self._dense:
            return drawn[0]
        for patch, count in zip(self._dense, counts, strict=True):
            drawn.append(ShapeGeometry(patch).sample_interior(count, *args, **kwargs))
        points = {name: np.concatenate([part[name] for part in drawn]) for name in drawn[0]}
        place = [points[name] for name in self.dims]
        return points | {"area": areas_of(self._shape, self._dense, counts, place), "sdf": self._shape.level(*place)}


def _curve(part: Part, dims: int) -> Any:
    """Return a part of the boundary as a curve of the host."""
    length = part.length
    # Drawn as the host draws along its own curves.
    fractions = _parameterization.Parameterization({_parameterization.Parameter("fraction"): (0.0, 1.0)})

    def sample(
        nr_points: int, parameterization: Any = None, quasirandom: bool = False
    ) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
        points = part.at(fractions.sample(nr_points, quasirandom=quasirandom)["fraction"])
        parameters = parameterization.sample(nr_points, quasirandom) if parameterization is not None else {}
        return points | {"area": np.full((nr_points, 1), length / nr_points)}, parameters

    return host.load("geometry.curve").Curve(sample, dims)


def _level(shape: Domain) -> Callable[..., dict[str, NDArray[np.float64]]]:
    """Return the level as the host wants its signed distance, with derivatives by differences as the host's own."""
    names = [str(symbol) for symbol in shape.coordinates]

    def sdf(
        invar: Mapping[str, NDArray[np.float64]], params: Any, compute_sdf_derivatives: bool = False
    ) -> dict[str, NDArray[np.float64]]:
        del params
        point, step = {name: invar[name] for name in names}, 1e-4
        found = {"sdf": shape.level(*point.values())}
        for name in names if compute_sdf_derivatives else ():
            ahead, behind = (shape.level(*{**point, name: point[name] + side * step / 2}.values()) for side in (1, -1))
            found[f"sdf__{name}"] = (ahead - behind) / step
        return found

    return sdf


def geometry(problem: Problem) -> Any:
    """Return the host's geometry of a problem, such as a plate or a wave."""
    if not isinstance(problem, Problem):
        raise TypeError(f"Parameter `problem` must be a Problem. Found {problem!r}.")
    return ShapeGeometry(problem.shape, dense=problem.dense)


def constraints(
    problem: Problem,
    nodes: list[Any],
    interior: int,
    edge: int,
    per_edge: bool = False,
    reduction: str = "integral",
    points: str = "fixed",
    scaled: bool = False,
    initial: int | None = None,
    sensors: int | None = None,
    **sampling: Any,
) -> dict[str, Any]:
    """
    Constrain the equations of a problem in the interior, and what holds on edges, at the first time and at sensors.

    There is one constraint for each place of the problem. The host adds up the losses of constraints that share an
    output name.

    Parameters
    ----------
    problem, interior, edge, per_edge, initial, sensors
        Of `problems.places.places`, which says what the loss terms are called.
    nodes : list of Node
        The nodes of its equations (`equation_nodes`) and of the networks of its dependent variables and fields.
    reduction, points : str
        Of `pointwise_constraint`. With ``"mean"`` a loss term is the integral over the area or over the length of the
        edges that have the term. Over time and parameters it is the mean in any case.
    scaled : bool
        Whether the loss terms of a plate are of order one in whatever units it is, see `keys`, which does the same for
        its network.
    **sampling
        Further arguments of the host's pointwise constraints, such as ``batch_per_epoch`` or ``parameterization``, the
        ranges of the problem's parameters, where it does not say them itself.

    Returns
    -------
    dict[str, Constraint]
        By the names of the places, for ``domain.add_constraint(constraint, name)``.

    Raises
    ------
    TypeError, ValueError
        As `places`; if there is no such `reduction` or `points`, if no range of a parameter is known, or if an
        equation, a field or a parameter has a name that the host would take for something else; or if the problem is
        periodic and a network is not.

    Warns
    -----
    UserWarning
        If inputs that a network sees as they are, are far from order one.

    Examples
    --------
    ::

        plate = RectangularPlate(6, 4, KirchhoffPlate(D=20.0, nu=0.3, p=0.01), edges="clamped")
        nodes = [*equation_nodes(plate), network.make_node(name="plate_network")]
        for name, constraint in constraints(plate, nodes, interior=1024, edge=64).items():
            domain.add_constraint(constraint, name)
    """
    found = places(problem, interior, edge, initial, per_edge, sensors)
    _check_names(problem)
    _check_networks(problem, nodes)
    ranges = _ranges(problem, sampling.pop("parameterization", {}))
    factors = weights(problem) if scaled else {}
    made = {}
    for place in found:
        renamed = {name: term.output for name, term in place.terms.items() if name != term.output}
        named = [*nodes, *(host.Node.from_sympy(Symbol(output), name) for name, output in renamed.items())]
        if place.data:
            made[place.name] = sensor_constraint(named, place.data, place.terms, place.count, sampling.get("loss"))
            continue
        drawn = {**{Symbol(name): ends for name, ends in place.time.items()}, **ranges}
        if scaled:
            sampling["lambda_weighting"] = {name: factors[term.output] for name, term in place.terms.items()}
        made[place.name] = pointwise_constraint(
            "boundary" if place.parts else "interior",
            named,
            ShapeGeometry(place.shape, place.parts or None, place.coefficients, place.dense),
            {name: term.target for name, term in place.terms.items()},
            place.count,
            reduction,
            points,
            {name: term.fraction for name, term in place.terms.items()},
            **({"parameterization": host.Parameterization(drawn)} if drawn else {}),
            **sampling,
        )
    return made


def _ranges(problem: Problem, given: Any) -> dict[Any, Any]:
    """Return from where to where the parameters go, as the host has it: what was given, then what the problem says."""
    found = dict(getattr(given, "param_ranges", given))
    named = {str(symbol) for key in found for symbol in (key if isinstance(key, tuple) else (key,))}
    found |= {Symbol(name): ends for name, ends in problem.ranges.items() if name not in named}
    unknown = [name for name in problem.parameters if name not in {*named, *problem.ranges}]
    if unknown:
        raise ValueError(
            f"Parameter `parameterization` must say from where to where {', '.join(problem.parameters)} go, or the "
            f"problem's `parameters`, as in {{{unknown[0]!r}: (low, high)}}. Found no range of {', '.join(unknown)}."
        )
    return found


def _check_names(problem: Problem) -> None:
    terms = {
        name
        for per_edge in (False, True)
        for place in places(problem, 1, 1, 1 if problem.initial else None, per_edge)
        for name, term in place.terms.items()
        if name != term.output
    }
    own = {*problem.fields, *problem.parameters, *problem.unknown, *problem.equations}
    taken = sorted(own.intersection(terms.union(host.SAMPLED)))
    if taken:
        raise ValueError(
            "Equations, fields and parameters must not be named as a loss term or as what the host samples, "
            f"{' and '.join(host.SAMPLED)}. Found {', '.join(taken)}."
        )


def _check_networks(problem: Problem, nodes: list[Any]) -> None:
    """Raise if a network is not periodic where the problem is; warn if it sees inputs far from order one."""
    networks = {id(arch): arch for node in nodes for arch in [getattr(node.evaluate, "arch", node.evaluate)]}
    for arch in networks.values():
        inputs, outputs = (getattr(arch, f"{side}_key_dict", {}) for side in ("input", "output"))
        if set(outputs) & set(problem.fields) and set(inputs) <= set(problem.inputs):
            check_periodic(", ".join(outputs), partial(_values, arch), inputs, problem.periods, problem.input_ranges)
            periodic = getattr(arch, "periodicity", None) or {}
            warn_of_units(
                problem,
                [] if getattr(arch, "input_scales", None) else [name for name in inputs if name not in periodic],
            )


@torch.no_grad()
def _values(arch: Any, points: Mapping[str, Any]) -> Any:
    like = next(arch.parameters())
    found = arch({name: torch.as_tensor(value).to(like) for name, value in points.items()})
    return torch.cat([*found.values()], dim=1).cpu().numpy()
