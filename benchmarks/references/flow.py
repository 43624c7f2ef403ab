"""Steady flow in a square cavity by finite elements, for networks to be held against."""

from __future__ import annotations

import numpy as np
import skfem
from numpy.typing import NDArray
from skfem.helpers import ddot, div, dot, grad

Array = NDArray[np.float64]


def cavity(reynolds: float, cells: int = 48, steps: int = 12) -> tuple[Array, Array]:
    """Return vertices of a mesh and the velocity there, both [2, vertices].

    In [0, 1]^2 with the velocity (4 x (1 - x), 0) on the lid and none on the walls. Elements of Taylor and Hood on
    cells that are smaller at the walls, by Newton's method, through flows of lower Reynolds numbers.

    Raises
    ------
    RuntimeError
        If Newton's method does not converge.
    """
    axis = (1 - np.cos(np.pi * np.linspace(0, 1, cells + 1))) / 2
    mesh = skfem.MeshTri.init_tensor(axis, axis)
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
    lid = velocity.get_dofs(lambda x: x[1] == 1).all(["u^1", "u^1"])
    places = velocity.doflocs[0, lid]
    u[lid] = 4 * places * (1 - places)
    # Of the pressure one value, or all of them could be greater by a number.
    held = np.concatenate([velocity.get_dofs().all(), [velocity.N + pressure.nodal_dofs[0, 0]]])
    for each in [*(slower for slower in (100, 400) if slower < reynolds), reynolds]:
        for _ in range(steps):
            known = {"now": velocity.interpolate(u), "reynolds": each}
            matrix = skfem.utils.bmat([[tangent.assemble(velocity, **known), continuity.T], [continuity, None]], "csr")
            right = np.concatenate([residual.assemble(velocity, **known) + continuity.T @ p, continuity @ u])
            step = skfem.solve(*skfem.condense(matrix, -right, D=held))
            u, p = u + step[: velocity.N], p + step[velocity.N :]
            if np.abs(step).max() < 1e-10:
                break
        else:
            raise RuntimeError(
                f"Newton's method must converge in {steps} steps. Found {abs(step).max():.1e} in the last."
            )
    return mesh.p, u[velocity.nodal_dofs]


def _along(velocity: Array, gradient: Array) -> Array:
    """Return the derivative of a field along a velocity."""
    return np.einsum("j...,ij...->i...", velocity, gradient)
