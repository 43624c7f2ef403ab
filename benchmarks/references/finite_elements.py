"""Plates without a closed solution by finite elements: Argyris' triangle of scikit-fem, with its third derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import skfem
from scipy.spatial import cKDTree
from skfem.helpers import dd, ddot, trace

from benchmarks.references.bending import Array

Of = Callable[[Array, Array], Array]
"""A function of x and y."""

# What is zero on an edge along x; along y, x and y change places.
HELD = {"simply_supported": ("u", "u_x", "u_xx"), "clamped": ("u", "u_x", "u_xx", "u_y", "u_xy", "u_n")}
NEAREST = 24
"""Triangles in which a point is looked for: those with the nearest middles."""


class Argyris(skfem.ElementTriArgyris):
    """The triangle of degree five with continuous slopes, which gives its third derivatives too."""

    derivatives = 3


class FiniteElements:
    """
    The deflection of a plate with edges along x and y that are held, and others that are free.

    What is not held is a natural condition: no moment, and on free edges no shear. So a boundary that is curved can be
    free only, and is a polygon here.

    Parameters
    ----------
    mesh : skfem.MeshTri
        Of the plate [m].
    D : callable
        Flexural rigidity [N m] at x, y.
    nu : float
        Poisson's ratio.
    p : float
        Load [N/m^2].
    held : callable
        From the middle of an edge of the mesh, x and y, how it is held: a key of `HELD`, or nothing.
    middle : tuple[float, float]
        Where the powers of the polynomials begin; their rounding is least there.
    points : sequence of tuple[float, float]
        Vertices of the mesh where the deflection is zero.
    """

    def __init__(
        self,
        mesh: skfem.MeshTri,
        D: Of,
        nu: float,
        p: float,
        held: Callable[[float, float], str | None],
        middle: tuple[float, float],
        points: Sequence[tuple[float, float]] = (),
    ) -> None:
        self._middle = np.array(middle)[:, None]
        self.mesh = skfem.MeshTri(mesh.p - self._middle, mesh.t)
        self._basis = skfem.Basis(self.mesh, Argyris(), intorder=8)

        @skfem.BilinearForm
        def bending(w: Any, v: Any, at: Any) -> Array:
            rigidity = D(at.x[0] + middle[0], at.x[1] + middle[1])
            return rigidity * ((1 - nu) * ddot(dd(w), dd(v)) + nu * trace(dd(w)) * trace(dd(v)))

        @skfem.LinearForm
        def load(v: Any, _: Any) -> Array:
            return p * v

        system = skfem.condense(bending.assemble(self._basis), load.assemble(self._basis), D=self._zero(held, points))
        self._w = skfem.solve(*system)
        self._tree = cKDTree(self.mesh.p[:, self.mesh.t].mean(axis=1).T)

    def __call__(self, i: int, j: int, x: Array, y: Array) -> Array:
        """Return w differentiated i times by x and j times by y."""
        places = np.stack([x, y]) - self._middle
        cells = self._cells(places)
        inside = self._basis.mapping.invF(places[:, :, None], tind=cells)
        total = np.zeros(len(cells))
        for function in range(self._basis.Nbfun):
            field = self._basis.elem.gbasis(self._basis.mapping, inside, function, tind=cells)[0]
            of_order = (field, field.grad, field.hess, field.grad3)[i + j]
            total += self._w[self._basis.element_dofs[function, cells]] * of_order[(0,) * i + (1,) * j][..., 0]
        return total

    def _zero(self, held: Callable[[float, float], str | None], points: Sequence[tuple[float, float]]) -> Array:
        vertices = [
            int(np.hypot(*(self.mesh.p + self._middle - np.array(point)[:, None])).argmin()) for point in points
        ]
        found = [self._basis.nodal_dofs[:1, vertices].ravel()]
        facets = self.mesh.boundary_facets()
        ends = self.mesh.p[:, self.mesh.facets[:, facets]]
        along_x = np.ptp(ends[1], axis=0) < np.ptp(ends[0], axis=0)
        for facet, middle, is_x in zip(facets, (ends.mean(axis=1) + self._middle).T, along_x, strict=True):
            how = held(*middle)
            if how:
                names = [name if is_x or name == "u_n" else name.translate(_SWAPPED) for name in HELD[how]]
                found.append(self._basis.get_dofs(np.array([facet])).all(names))
        return np.unique(np.concatenate(found))

    def _cells(self, places: Array) -> Array:
        """Return the triangle that each point is in or, beyond the polygon, nearest to."""
        candidates = self._tree.query(places.T, k=min(NEAREST, self.mesh.nelements))[1]
        a, b, c = (self.mesh.p[:, self.mesh.t[corner][candidates]] for corner in range(3))
        at = places[:, :, None]

        def area(p: Array, q: Array, r: Array) -> Array:
            return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

        whole = area(a, b, c)
        least = np.min([area(at, b, c) / whole, area(a, at, c) / whole, area(a, b, at) / whole], axis=0)
        return candidates[np.arange(len(candidates)), least.argmax(axis=1)]


_SWAPPED = str.maketrans("xy", "yx")


def rectangle(a: float, b: float, n: int) -> skfem.MeshTri:
    """Return a mesh of a rectangle with n by n cells, cut along alternate diagonals."""
    return skfem.MeshTri.init_symmetric().refined(int(np.log2(n))).scaled((a, b))


def holed_square(side: float, radius: float, n: int) -> skfem.MeshTri:
    """Return a mesh of a square with a round hole in its middle: 8 n rays, and n rings that widen outwards."""
    angle = np.arange(8 * n) * np.pi / (4 * n)
    ray = np.stack([np.cos(angle), np.sin(angle)])
    outside = ray / np.abs(ray).max(axis=0) * side / 2
    shares = (np.exp(1.5 * np.arange(n + 1) / n) - 1) / (np.exp(1.5) - 1)
    points = side / 2 + ((1 - shares)[:, None] * radius * ray[:, None] + shares[:, None] * outside[:, None])
    ring, along = np.meshgrid(np.arange(n), np.arange(8 * n), indexing="ij")
    low, high, following = ring * 8 * n, (ring + 1) * 8 * n, (along + 1) % (8 * n)
    corners = np.stack([low + along, high + along, high + following, low + following]).reshape(4, -1)
    triangles = np.concatenate([corners[[0, 1, 2]], corners[[0, 2, 3]]], axis=1)
    return skfem.MeshTri(points.reshape(2, -1), triangles)


def l_shape(side: float, n: int, levels: int) -> skfem.MeshTri:
    """Return a mesh of an L of three squares, finer towards the corner that points into it."""
    ends = np.linspace(0, 2 * side, 2 * n + 1)
    whole = skfem.MeshTri.init_tensor(ends, ends)
    middle = whole.p[:, whole.t].mean(axis=1)
    mesh = whole.restrict(np.flatnonzero((middle[0] < side) | (middle[1] < side)))
    for level in range(levels):
        distance = np.hypot(*(mesh.p[:, mesh.t].mean(axis=1) - side))
        mesh = mesh.refined(np.flatnonzero(distance < side / 2 ** (level + 1)))
    return mesh
