"""The plate by finite elements: Argyris' triangle in scikit-fem, on meshes refined until the error is reached.

    python -m benchmarks.peers.finite_elements --record FILE --limit SECONDS

The time is that of all meshes together: assembling, and solving by SciPy's direct solver.
"""

from __future__ import annotations

import numpy as np
import skfem
from skfem.helpers import dd, ddot, trace

from benchmarks.peers.clock import Clock, arguments
from benchmarks.peers.plate import NU, P0, SIDE, D

PACKAGES = ("scikit-fem", "scipy", "numpy")
# What is 0 where w is, along a side across x and along one across y.
HELD = (["u", "u_y", "u_yy"], ["u", "u_x", "u_xx"])


@skfem.BilinearForm
def bending(w, v, _):
    return D * ((1 - NU) * ddot(dd(w), dd(v)) + NU * trace(dd(w)) * trace(dd(v)))


@skfem.LinearForm
def load(v, fields):
    x, y = fields.x
    return P0 * np.sin(np.pi * x / SIDE) * np.sin(np.pi * y / SIDE) * v


def solve(mesh: skfem.MeshTri) -> tuple[skfem.CellBasis, np.ndarray]:
    """Return the deflection of a simply supported plate; M_n = 0 is a natural condition."""
    basis = skfem.Basis(mesh, skfem.ElementTriArgyris())
    held = [
        basis.get_dofs(lambda x, axis=axis: np.isin(x[axis], (0.0, SIDE))).all(names) for axis, names in enumerate(HELD)
    ]
    system = skfem.condense(bending.assemble(basis), load.assemble(basis), D=np.unique(np.concatenate(held)))
    return basis, skfem.solve(*system)


def main() -> None:
    args = arguments(__doc__).parse_args()
    clock = Clock(args, PACKAGES)
    mesh = skfem.MeshTri().scaled(SIDE)
    # What SciPy loads when it is first used is set-up.
    solve(mesh.refined())
    clock.start()
    over, meshes = False, 0
    while not over:
        mesh = mesh.refined()
        basis, deflection = solve(mesh)
        meshes += 1
        over = clock.look(meshes, lambda points: basis.probes(points.T) @ deflection, at_once=True)  # noqa: B023


if __name__ == "__main__":
    main()
