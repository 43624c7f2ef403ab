"""How much a step is damped: the rule of Levenberg and Marquardt."""

from __future__ import annotations

import torch
from torch import Tensor

# Below, J J^T + damping is singular in float64; above, a step is none.
LOWEST, HIGHEST = 1e-14, 1e6
FALL, RISE = 3.0, 4.0


def fall(damping: float) -> float:
    """Return the damping after an accepted step."""
    return max(damping / FALL, LOWEST)


def rise(damping: float) -> float:
    """Return the damping after a refused step."""
    return min(damping * RISE, HIGHEST)


def solve(gram: Tensor, damping: float, right: Tensor) -> Tensor | None:
    """Return the solution a of ``(J J^T + damping * m) a = right``; m is the mean of the diagonal of J J^T.

    Parameters
    ----------
    gram : Tensor
        J J^T, [rows, rows].
    damping : float
        Relative to m, so that it means the same whatever the units of the residuals.
    right : Tensor
        [rows].

    Returns
    -------
    Tensor or None
        None if the system cannot be solved: its matrix is not positive definite in float64, or not finite.
    """
    damped = gram.clone()
    damped.diagonal().add_(damping * gram.diagonal().mean())
    factor, info = torch.linalg.cholesky_ex(damped)
    if info:
        return None
    solution = torch.cholesky_solve(right[:, None], factor)[:, 0]
    return solution if torch.isfinite(solution).all() else None
