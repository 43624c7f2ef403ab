"""The host's geometry of a shape: its edges are the curves, and its level the signed distance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, lambdify

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.problems.density import areas, split
from modulus_relobralo.problems.shapes.edges import Part
from modulus_relobralo.problems.shapes.shape import Shape
from modulus_relobralo.problems.symbols import COORDINATES, NORMAL

_Geometry: Any = host.load("geometry.geometry").Geometry
_parameterization: Any = host.load("geometry.parameterization")


class ShapeGeometry(_Geometry):
    """
    A shape as the host's geometry, or some parts of its boundary with the whole interior.

    Parameters
    ----------
    shape : Shape
        The shape.
    parts : iterable of str, optional
        The edges and corners that are sampled as boundary; all edges by default.
    givens : mapping of str to Expr, optional
        Columns that the points of the boundary have beside the host's, as expressions in x, y and the normal.
    dense : iterable of Shape
        Where interior points are drawn more densely. Their areas undo it: the integral stays what it is.
    """

    def __init__(
        self,
        shape: Shape,
        parts: Iterable[str] | None = None,
        givens: Mapping[str, Expr] | None = None,
        dense: Iterable[Shape] = (),
    ) -> None:
        named: Mapping[str, Part] = shape.edges if parts is None else {name: shape.parts[name] for name in parts}
        (x0, y0), (x1, y1) = shape.bounds
        ends = {_parameterization.Parameter("x"): (x0, x1), _parameterization.Parameter("y"): (y0, y1)}
        curves = [_curve(part) for part in named.values()]
        super().__init__(curves, _distance(shape), dims=2, bounds=_parameterization.Bounds(ends))
        self._givens = {name: lambdify([*COORDINATES, *NORMAL], value) for name, value in (givens or {}).items()}
        self._dense = list(dense)
        self._shape = shape

    def sample_boundary(self, nr_points: int, *args: Any, **kwargs: Any) -> dict[str, NDArray[np.float64]]:
        """Return points on the boundary as the host does, with the further columns."""
        points = super().sample_boundary(nr_points, *args, **kwargs)
        place = [points[str(symbol)] for symbol in (*COORDINATES, *NORMAL)]
        return points | {name: value(*place) + np.zeros_like(place[0]) for name, value in self._givens.items()}

    def sample_interior(self, nr_points: int, *args: Any, **kwargs: Any) -> dict[str, NDArray[np.float64]]:
        """Return points inside as the host does, a share of them on the dense patches."""
        counts = split(nr_points, self._dense)
        drawn = [super().sample_interior(nr_points - sum(counts), *args, **kwargs)]
        if not self._dense:
            return drawn[0]
        for patch, count in zip(self._dense, counts, strict=True):
            drawn.append(ShapeGeometry(patch).sample_interior(count, *args, **kwargs))
        points = {name: np.concatenate([part[name] for part in drawn]) for name in drawn[0]}
        place = points["x"], points["y"]
        return points | {"area": areas(self._shape, self._dense, counts, *place), "sdf": self._shape.level(*place)}


def _curve(part: Part) -> Any:
    """Return a part of the boundary as a curve of the host."""
    length = part.length
    # Drawn as the host draws along its own curves.
    shares = _parameterization.Parameterization({_parameterization.Parameter("share"): (0.0, 1.0)})

    def sample(
        nr_points: int, parameterization: Any = None, quasirandom: bool = False
    ) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
        place = part.at(shares.sample(nr_points, quasirandom=quasirandom)["share"])
        parameters = parameterization.sample(nr_points, quasirandom) if parameterization is not None else {}
        return place | {"area": np.full((nr_points, 1), length / nr_points)}, parameters

    return host.load("geometry.curve").Curve(sample, 2)


def _distance(shape: Shape) -> Callable[..., dict[str, NDArray[np.float64]]]:
    """Return the signed distance as the host wants it, with derivatives by differences as the host's own."""

    def sdf(
        invar: Mapping[str, NDArray[np.float64]], params: Any, compute_sdf_derivatives: bool = False
    ) -> dict[str, NDArray[np.float64]]:
        del params
        x, y, step = invar["x"], invar["y"], 1e-4
        found = {"sdf": shape.level(x, y)}
        if compute_sdf_derivatives:
            found["sdf__x"] = (shape.level(x + step / 2, y) - shape.level(x - step / 2, y)) / step
            found["sdf__y"] = (shape.level(x, y + step / 2) - shape.level(x, y - step / 2)) / step
        return found

    return sdf
