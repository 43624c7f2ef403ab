"""The host's geometry of a shape: its edges are the curves, and its level what the host calls sdf."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.problems.sampling import areas_of, evaluate, patch_counts
from modulus_relobralo.problems.shapes.domain import Domain
from modulus_relobralo.problems.shapes.edges import Part

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
