"""Heat in a rectangle with round holes by finite elements, for networks to be held against."""

from __future__ import annotations

import numpy as np
import skfem
from numpy.typing import NDArray
from scipy.sparse.linalg import splu
from scipy.spatial import Delaunay
from skfem.helpers import dot, grad

Array = NDArray[np.float64]

BIG = [(x, y, 1.0) for x in (-4, 4) for y in (-9, -3, 3, 9)] + [(0, y, 1.0) for y in (-6, 0, 6)]
SMALL = [(x, y, 0.4) for x in (-3.2, 3.2) for y in (-6, 0, 6)]
"""Middles and radii of PINNacle's Heat 2d-CG."""
HALF = (8.0, 12.0)
"""Half of its width and of its height."""
GAMMA = 1 - np.sqrt(0.5)


def heat_holes(size: float = 0.5, around: int = 16, snapshots: int = 7, steps: int = 300) -> tuple[Array, Array, Array]:
    """Return vertices, [2, vertices], times, [snapshots], and u there, [snapshots, vertices], of PINNacle's Heat 2d-CG.

    u_t = u_xx + u_yy from 0 to 3, from zero. Outwards u rises by 5 - u on the big holes, by 1 - u on the small ones and
    by 0.1 - u on the rectangle. Elements of second order, on curved triangles at the holes; in time the L-stable method
    of second order and two stages (Alexander, SIAM J. Numer. Anal. 1977), since the conditions do not fit the start.
    """
    mesh = _mesh(size, around)
    basis = skfem.Basis(mesh, skfem.ElementTriP2(), intorder=4)
    mass = skfem.BilinearForm(lambda u, v, _: u * v)
    stiffness = skfem.BilinearForm(lambda u, v, _: dot(grad(u), grad(v))).assemble(basis)
    source = basis.zeros()
    for outside, facets in _edges(mesh):
        edge = skfem.FacetBasis(mesh, basis.elem, facets=facets, intorder=4)
        stiffness = stiffness + mass.assemble(edge)
        source += outside * skfem.LinearForm(lambda v, _: v).assemble(edge)
    dt, of_mass = 3 / steps, mass.assemble(basis)
    solve = splu((of_mass + GAMMA * dt * stiffness).tocsc()).solve
    u = basis.zeros()
    found = [u]
    for step in range(1, steps + 1):
        first = solve(source - stiffness @ u)
        second = solve(source - stiffness @ (u + (1 - GAMMA) * dt * first))
        u = u + dt * ((1 - GAMMA) * first + GAMMA * second)
        if step % (steps // (snapshots - 1)) == 0:
            found.append(u)
    vertices = basis.nodal_dofs[0]
    return basis.doflocs[:, vertices], np.linspace(0, 3, snapshots), np.array(found)[:, vertices]


def _mesh(size: float, around: int) -> skfem.MeshTri2:
    """Return triangles between points of a grid and, about each hole, of rings that widen until they are as far apart.

    Points of the grid are `size` apart, which divides the sides; a ring has `around` points.
    """
    holes = np.array(BIG + SMALL)
    axes = [np.linspace(-half, half, round(2 * half / size) + 1) for half in HALF]
    grid, rings = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2), []
    for x, y, radius in holes:
        for ring in range(around):
            wide = radius * (1 + 2 * np.pi / around) ** ring
            turn = 2 * np.pi * (np.arange(around) + ring % 2 / 2) / around
            rings.append(np.stack([x + wide * np.cos(turn), y + wide * np.sin(turn)], axis=1))
            if 2 * np.pi * wide / around > 0.7 * size:
                break
        grid = grid[np.hypot(*(grid - (x, y)).T) > wide + 0.6 * size]
    points = np.concatenate([grid, *rings])
    triangles = Delaunay(points).simplices
    middle, (a, b, c) = points[triangles].mean(axis=1), np.moveaxis(points[triangles], 1, 0)
    inside = (np.hypot(*(middle[:, None] - holes[:, :2]).transpose(2, 0, 1)) < holes[:, 2]).any(axis=1)
    # Points on one line of the rectangle can make a triangle without an area.
    flat = np.abs(np.linalg.det(np.stack([b - a, c - a], axis=1))) < 1e-9
    straight = skfem.MeshTri(points.T.copy(), triangles[~inside & ~flat].T.copy())
    mesh = skfem.MeshTri2.from_mesh(straight)
    places = mesh.doflocs.copy()
    for facet in straight.boundary_facets():
        one, other = straight.p[:, straight.facets[:, facet]].T
        for x, y, radius in holes:
            if np.isclose(np.hypot(*(one - (x, y))), radius) and np.isclose(np.hypot(*(other - (x, y))), radius):
                away = (one + other) / 2 - (x, y)
                places[:, straight.nvertices + facet] = (x, y) + radius * away / np.hypot(*away)
    return skfem.MeshTri2(places, mesh.t)


def _edges(mesh: skfem.MeshTri2) -> list[tuple[float, Array]]:
    """Return for each kind of edge the temperature outside and its facets."""
    facets = mesh.boundary_facets()
    x, y = mesh.p[:, mesh.facets[:, facets]].mean(axis=1)
    outer = np.isclose(np.abs(x), HALF[0]) | np.isclose(np.abs(y), HALF[1])
    small = np.any([np.hypot(x - a, y - b) < 1.01 * radius for a, b, radius in SMALL], axis=0)
    return [(0.1, facets[outer]), (1.0, facets[small]), (5.0, facets[~outer & ~small])]
