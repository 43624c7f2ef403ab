"""Steady flow by finite elements, in a square cavity and behind a step, for networks to be held against."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import skfem
from numpy.typing import NDArray
from skfem.helpers import ddot, div, dot, grad

Array = NDArray[np.float64]


class Flow:
    """A flow in elements of Taylor and Hood.

    Attributes
    ----------
    points, velocity : ndarray
        Vertices of the mesh and the velocity there, each [2, vertices].
    pressure : ndarray
        There too, [vertices].
    """

    def __init__(self, velocity: skfem.Basis, pressure: skfem.Basis, u: Array, p: Array) -> None:
        self.points: Array = velocity.mesh.p
        self.velocity, self.pressure = u[velocity.nodal_dofs], p[pressure.nodal_dofs[0]]
        self._bases, self._found = (velocity, pressure), (u, p)

    def __call__(self, x: Array, y: Array) -> Array:
        """Return u, v and p at some points of the mesh, [3, points]."""
        at = np.stack([x, y])
        velocity, pressure = (basis.probes(at) @ each for basis, each in zip(self._bases, self._found, strict=True))
        return np.concatenate([velocity.reshape(2, -1), pressure[None]])


def cavity(reynolds: float, cells: int = 48) -> Flow:
    """Return the flow in [0, 1]^2 with the velocity (4 x (1 - x), 0) on the lid and none on the walls.

    On cells that are smaller at the walls; the pressure is zero at (0, 0).
    """
    axis = _towards_ends(0, 1, cells)

    def held(velocity: skfem.Basis, u: Array) -> Array:
        lid = velocity.get_dofs(lambda x: x[1] == 1).all(["u^1", "u^1"])
        u[lid] = 4 * velocity.doflocs[0, lid] * (1 - velocity.doflocs[0, lid])
        # Of the pressure one value, or all of them could be greater by a number.
        origin = int(np.hypot(*velocity.mesh.p).argmin())
        return np.concatenate([velocity.get_dofs().all(), [velocity.N + origin]])

    return _steady(skfem.MeshTri.init_tensor(axis, axis), reynolds, held)


def back_step(reynolds: float = 100, cells: int = 16, levels: int = 6) -> Flow:
    """Return the flow in [0, 4] x [0, 2] without [0, 2] x [1, 2]: PINNacle's NS 2d-CG.

    It comes in at x = 0 with the velocity (4 y (1 - y), 0), goes out at x = 4 straight and without pressure, and stands
    still at all walls. The cells, as many along a unit, are halved several times towards the corner that points in.
    """
    mesh = skfem.MeshTri.init_tensor(np.linspace(0, 4, 4 * cells + 1), np.linspace(0, 2, 2 * cells + 1))
    middle = mesh.p[:, mesh.t].mean(axis=1)
    mesh = mesh.restrict(np.flatnonzero((middle[0] > 2) | (middle[1] < 1)))
    for level in range(levels):
        away = np.hypot(*(mesh.p[:, mesh.t].mean(axis=1) - np.array([[2], [1]])))
        mesh = mesh.refined(np.flatnonzero(away < 0.5 / 2**level))

    def held(velocity: skfem.Basis, u: Array) -> Array:
        inlet = velocity.get_dofs(lambda x: x[0] == 0).all(["u^1", "u^1"])
        u[inlet] = 4 * velocity.doflocs[1, inlet] * (1 - velocity.doflocs[1, inlet])
        outlet = velocity.get_dofs(lambda x: x[0] == 4).all(["u^2", "u^2"])
        walls = velocity.get_dofs(velocity.mesh.facets_satisfying(lambda x: x[0] < 4, boundaries_only=True)).all()
        return np.concatenate([walls, outlet])

    return _steady(mesh, reynolds, held)


def _towards_ends(first: float, last: float, cells: int) -> Array:
    return first + (last - first) * (1 - np.cos(np.pi * np.linspace(0, 1, cells + 1))) / 2


def _steady(mesh: skfem.MeshTri, reynolds: float, held: Callable[[skfem.Basis, Array], Array], steps: int = 12) -> Flow:
    """Return the flow by Newton's method, through flows of lower Reynolds numbers.

    ``held(velocity, u)`` puts what is known into u and returns which coefficients, of the velocity and then of the
    pressure, stay as they are.

    Raises
    ------
    RuntimeError
        If Newton's method does not converge.
    """
    velocity = skfem.Basis(mesh, skfem.ElementVector(skfem.ElementTriP2()), intorder=6)
    pressure = velocity.with_element(skfem.ElementTriP1())

    @skfem.BilinearForm
    def tangent(u, v, w):
        return ddot(grad(u), grad(v)) / w.reynolds + dot(_along(u, grad(w.now)) + _along(w.now, grad(u)), v)

    @skfem.LinearForm
    def residual(v, w):
        return ddot(grad(w.now), grad(v)) / w.reynolds + dot(_along(w.now, grad(w.now)), v)

    continuity = skfem.BilinearForm(lambda u, q, w: -div(u) * q).assemble(velocity, pressure)
    u, p = velocity.zeros(), pressure.zeros()
    fixed = held(velocity, u)
    for each in [*(slower for slower in (100, 400) if slower < reynolds), reynolds]:
        for _ in range(steps):
            known = {"now": velocity.interpolate(u), "reynolds": each}
            matrix = skfem.utils.bmat([[tangent.assemble(velocity, **known), continuity.T], [continuity, None]], "csr")
            right = np.concatenate([residual.assemble(velocity, **known) + continuity.T @ p, continuity @ u])
            step = skfem.solve(*skfem.condense(matrix, -right, D=fixed))
            u, p = u + step[: velocity.N], p + step[velocity.N :]
            if np.abs(step).max() < 1e-10:
                break
        else:
            raise RuntimeError(
                f"Newton's method must converge in {steps} steps. Found {abs(step).max():.1e} in the last."
            )
    return Flow(velocity, pressure, u, p)


def _along(velocity: Array, gradient: Array) -> Array:
    """Return the derivative of a field along a velocity."""
    return np.einsum("j...,ij...->i...", velocity, gradient)
