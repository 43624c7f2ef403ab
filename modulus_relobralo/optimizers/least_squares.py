"""What a step of natural gradients is: Gauss-Newton in the space of the residuals.

With the rows r of all loss terms, each times the square root of its weight, and their Jacobian J by the P parameters,
the *velocity* of a step is::

    v = mu phi + J^T (J J^T + damping)^-1 (r - mu J phi)

The system has as many unknowns as there are rows, N, whatever the network's size: the step of Levenberg and Marquardt,
(J^T J + damping)^-1 J^T r, is J^T (J J^T + damping)^-1 r by the identity of Woodbury. With mu = 0 it is that of energy
natural gradients (Mueller & Zeinhofer, ICML 2023, arXiv:2302.13163) in the form of Guzman-Cordero et al. (NeurIPS 2025,
arXiv:2505.12149) and of Jnini & Vella (arXiv:2505.21404).

**Momentum** as in SPRING (Goldshlager, Abrahamsen & Lin, J. Comput. Phys. 2024, arXiv:2401.10190): phi is the last
step. A batch of N < P rows says nothing about P - N directions; there goes on what the batches before have said.

**Acceleration** as in Transtrum & Sethna (arXiv:1201.5885) and Jnini & Vella: the residuals are curved along the step.
With their second derivative r'' in the direction -v, the parameters move by ``-v + a / 2`` where
``a = -J^T (J J^T + damping)^-1 r''``. It costs one more evaluation of the residuals and lets the damping fall by
orders of magnitude.

==========  ================================================================================
symbol      in the code
==========  ================================================================================
r           `residual`: `Rows`, times the roots of the weights of their loss terms
J J^T       `_gram`
phi, J phi  `_last`, `_carried`
v           `velocity`, with its image J v
-a          `bend`
mu          `momentum`
damping     `damping`, in units of the mean of the diagonal of J J^T
==========  ================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from modulus_relobralo.optimizers.damping import solve
from modulus_relobralo.optimizers.jacobian import Jacobian
from modulus_relobralo.optimizers.rows import Rows

# Of v, for the finite difference that gives r''. Transtrum & Sethna recommend it: long enough for the digits of r;
# its error is a third derivative, which the step leaves out anyway.
STRETCH = 0.1
# Of |v|, the longest a: their bound 2 |a| / |v| <= 0.75 with twice the room. Beyond, the series has nothing to say.
BEND = 0.75


class LeastSquares:
    """The sum of the squares of ``factors * rows(values)``, linearised at `values`.

    Parameters
    ----------
    rows : sequence of Rows
        Of all batches.
    values : sequence of Tensor
        The parameters, float64.
    residual : Tensor
        The rows at `values`, times `factors`, [rows].
    factors : Tensor
        What each row is multiplied by, [rows].
    memory : int
        How many numbers of J may be held at a time.
    last : sequence of Tensor
        The last step, shaped like `values`.
    """

    def __init__(
        self,
        rows: Sequence[Rows],
        values: Sequence[Tensor],
        residual: Tensor,
        factors: Tensor,
        memory: int,
        last: Sequence[Tensor],
    ) -> None:
        self._rows, self._values, self._residual, self._factors = rows, values, residual, factors
        self._jacobian = Jacobian(rows, values, factors, memory)
        self._last = last
        self._gram, self._carried = self._jacobian.products(last)

    @property
    def loss(self) -> float:
        """The sum of squares at `values`."""
        return float(self._residual.dot(self._residual))

    def loss_at(self, values: Sequence[Tensor]) -> float:
        """Return the sum of squares at other `values` of the parameters."""
        residual = self._at(values)
        return float(residual.dot(residual))

    def loss_before(self, sizes: Sequence[float]) -> float:
        """Return the sum of squares at the parameters that the last step, of these `sizes`, started from.

        Where the rows are of new points, it and `loss` say what that step did to points that it had not seen.
        """
        return self.loss_at([v + size * old for v, old, size in zip(self._values, self._last, sizes, strict=True)])

    def direction(self, damping: float, momentum: float, sizes: Sequence[float]) -> list[Tensor] | None:
        """Return what `sizes` times is to be subtracted from the parameters.

        None if the system of equations cannot be solved with this `damping`.
        """
        solution = solve(self._gram, damping, self._residual - momentum * self._carried)
        if solution is None:
            return None
        slope = self._jacobian.transposed(solution)
        velocity = [momentum * old + new for old, new in zip(self._last, slope, strict=True)]
        bend = self._bend(velocity, momentum * self._carried + self._gram @ solution, damping)
        if bend is None:
            return velocity
        return [v + size / 2 * b for v, b, size in zip(velocity, bend, sizes, strict=True)]

    def _bend(self, velocity: Sequence[Tensor], image: Tensor, damping: float) -> list[Tensor] | None:
        """Return -a; None where it is too long, or the residuals are not finite on the way."""
        ahead = self._at([value - STRETCH * v for value, v in zip(self._values, velocity, strict=True)])
        curvature = 2 / STRETCH * ((ahead - self._residual) / STRETCH + image)
        solution = solve(self._gram, damping, curvature)
        if solution is None:
            return None
        bend = self._jacobian.transposed(solution)
        return bend if _norm(bend) <= BEND * _norm(velocity) else None

    def _at(self, values: Sequence[Tensor]) -> Tensor:
        return self._factors * torch.cat([rows.values(values) for rows in self._rows])


def _norm(tensors: Sequence[Tensor]) -> Tensor:
    return torch.stack([tensor.square().sum() for tensor in tensors]).sum().sqrt()
