"""What a step of natural gradients is: Gauss-Newton, in the space of the residuals or in that of the parameters.

With the N rows r of all loss terms, each times the square root of its weight, and their Jacobian J by the P parameters,
the *velocity* of a step is, in two forms that are equal by the identity of Woodbury::

    v = mu phi + J^T (J J^T + damping)^-1 (r - mu J phi)        the dual system, N x N
    v = mu phi + (J^T J + damping)^-1 J^T (r - mu J phi)        the primal system, P x P

It is the step of Levenberg and Marquardt. With mu = 0 the dual form is that of energy natural gradients (Mueller &
Zeinhofer, ICML 2023, arXiv:2302.13163) as Guzman-Cordero et al. (NeurIPS 2025, arXiv:2505.12149) and Jnini & Vella
(arXiv:2505.21404) have it. The smaller system is the cheaper one: the dual for a network that is large against its
points, the primal for many points. What the primal holds does not grow with the points.

**Momentum** as in SPRING (Goldshlager, Abrahamsen & Lin, J. Comput. Phys. 2024, arXiv:2401.10190): phi is the last
step. Rows say little or nothing about some directions, at least P - N of them; there goes on what the batches before
have said. In directions that the damping leaves alone momentum is without effect, so that a system of more rows than
parameters forgets the last step by as much as its own rows know better.

**Geodesic acceleration** as in Transtrum & Sethna (arXiv:1201.5885) and Jnini & Vella: the residuals are curved along
the step. With their second derivative r'' in the direction -v, the parameters move by ``-v + a / 2`` where
``a = -J^T (J J^T + damping)^-1 r''``. It costs one more evaluation of the residuals and lets the damping fall by
orders of magnitude.

============  ==============================================================================
symbol        in the code
============  ==============================================================================
r             `residual`: `Rows`, times the roots of the weights of their loss terms
J J^T, J^T J  `gram`
phi, J phi    `last`, `carried`
v             `velocity`, with its image J v
-a            `acceleration`
mu            `momentum`
damping       `damping`, in units of the mean of the diagonal of J J^T, in both systems
============  ==============================================================================
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from modulus_relobralo.optimizers.residuals import Rows

# Below, the system is singular in float64; above, a step is none.
LOWEST, HIGHEST = 1e-14, 1e6
FALL, RISE = 3.0, 4.0
# Of v, for the finite difference that gives r''. Transtrum & Sethna recommend it: long enough for the digits of r;
# its error is a third derivative, which the step leaves out anyway.
STRETCH = 0.1
# Of |v|, the longest a: their bound 2 |a| / |v| <= 0.75 with twice the room. Beyond, the series has nothing to say.
LONGEST = 0.75
# Panels of a Gram matrix, which is symmetric: with 4 of them 5/8 of the products are computed.
PANELS = 4


class GaussNewton:
    """The sum of the squares of ``factors * rows(values)``, linearised at `values`.

    Parameters
    ----------
    rows : Rows
        Of all batches.
    values : Tensor
        The parameters, float64, [parameters].
    residual : Tensor
        The rows at `values`, times `factors`, [rows].
    factors : Tensor
        What each row is multiplied by, [rows].
    memory : int
        How many numbers of J may be held at a time.
    last : Tensor
        The last step, [parameters].
    primal : bool
        Whether the system to solve is the primal one.
    """

    def __init__(
        self, rows: Rows, values: Tensor, residual: Tensor, factors: Tensor, memory: int, last: Tensor, primal: bool
    ) -> None:
        self._rows, self._values, self._residual, self._factors, self._last = rows, values, residual, factors, last
        self._system = (PrimalSystem if primal else DualSystem)(rows, values, factors, memory, last)

    @property
    def loss(self) -> float:
        """The sum of squares at `values`."""
        return float(self._residual.dot(self._residual))

    def loss_at(self, values: Tensor) -> float:
        """Return the sum of squares at other `values` of the parameters."""
        residual = self._factors * self._rows.values(values)
        return float(residual.dot(residual))

    def loss_before(self, sizes: Tensor) -> float:
        """Return the sum of squares at the parameters that the last step, of these `sizes`, started from.

        Where the rows are of new points, it and `loss` say what that step did to points that it had not seen.
        """
        return self.loss_at(self._values + sizes * self._last)

    def direction(self, damping: float, momentum: float, sizes: Tensor) -> Tensor | None:
        """Return what `sizes` times is to be subtracted from the parameters; all three [parameters].

        None if the system of equations cannot be solved with this `damping`.
        """
        carried = momentum * self._system.carried
        found = self._system.step(self._residual - carried, damping)
        if found is None:
            return None
        step, image = found
        velocity = momentum * self._last + step
        acceleration = self._acceleration(velocity, carried + image, damping)
        return velocity if acceleration is None else velocity + sizes / 2 * acceleration

    def _acceleration(self, velocity: Tensor, image: Tensor, damping: float) -> Tensor | None:
        """Return -a; None where it is too long, or the residuals are not finite on the way."""
        ahead = self._factors * self._rows.values(self._values - STRETCH * velocity)
        curvature = 2 / STRETCH * ((ahead - self._residual) / STRETCH + image)
        found = self._system.step(curvature, damping)
        return found[0] if found is not None and found[0].norm() <= LONGEST * velocity.norm() else None


class _System:
    """What both systems have: J, which is held whole where it fits.

    Parameters
    ----------
    rows, values, factors, memory, last
        Of `GaussNewton`.

    Attributes
    ----------
    carried : Tensor
        J times the last step, [rows].
    """

    carried: Tensor

    def __init__(self, rows: Rows, values: Tensor, factors: Tensor, memory: int) -> None:
        self._rows, self._values, self._factors = rows, values, factors
        self._whole = self._jacobian(slice(0, len(values))) if memory >= len(factors) * len(values) else None

    def _transposed(self, cotangent: Tensor) -> Tensor:
        """Return J^T times `cotangent`, [rows]."""
        if self._whole is not None:
            return self._whole.T @ cotangent
        return self._rows.transposed(self._values, self._factors * cotangent)

    def _jacobian(self, block: slice) -> Tensor:
        return self._rows.jacobian(self._values, block).mul_(self._factors[:, None])


class DualSystem(_System):
    """The system of as many equations as there are rows: what a network needs that is large against its points.

    Where J does not fit it is made anew, block by block of the parameters, wherever it is needed.
    """

    def __init__(self, rows: Rows, values: Tensor, factors: Tensor, memory: int, last: Tensor) -> None:
        super().__init__(rows, values, factors, memory)
        size = max(memory // len(factors), 1)
        blocks = [slice(start, min(start + size, len(values))) for start in range(0, len(values), size)]
        gram, self.carried = factors.new_zeros(len(factors), len(factors)), torch.zeros_like(factors)
        for block in blocks:
            part = self._jacobian(block) if self._whole is None else self._whole
            _add_gram(gram, part)
            self.carried += part @ last[block]
            del part  # before the next one is made
        self._gram = gram.triu() + gram.triu(1).T

    def step(self, right: Tensor, damping: float) -> tuple[Tensor, Tensor] | None:
        """Return the least step s for which J s is `right`, [rows], as far as `damping` allows, and its image J s.

        None if the system of equations cannot be solved with this `damping`.
        """
        solution = solve(self._gram, damping * float(self._gram.diagonal().mean()), right)
        return None if solution is None else (self._transposed(solution), self._gram @ solution)


class PrimalSystem(_System):
    """The system of as many equations as there are parameters: what many points need.

    Where J does not fit it is made anew, chunk by chunk of the points, wherever it is needed: J^T J is added up over
    them.
    """

    def __init__(self, rows: Rows, values: Tensor, factors: Tensor, memory: int, last: Tensor) -> None:
        super().__init__(rows, values, factors, memory)
        gram, self.carried = values.new_zeros(len(values), len(values)), torch.zeros_like(factors)
        for place, part in self._parts():
            _add_gram(gram, part.T)
            self.carried[place] = part @ last
        self._gram = gram.triu() + gram.triu(1).T

    def step(self, right: Tensor, damping: float) -> tuple[Tensor, Tensor] | None:
        """Return the least step s for which J s is `right`, [rows], as far as `damping` allows, and its image J s.

        None if the system of equations cannot be solved with this `damping`.
        """
        level = damping * float(self._gram.trace()) / len(self._factors)
        step = solve(self._gram, level, self._transposed(right))
        if step is None:
            return None
        image = torch.zeros_like(right)
        for place, part in self._parts():
            image[place] = part @ step
        return step, image

    def _parts(self) -> Iterator[tuple[slice, Tensor]]:
        """Yield J by chunks of its rows: which they are, and the derivatives, [rows in chunk, parameters]."""
        if self._whole is not None:
            yield slice(None), self._whole
            return
        for place, part in self._rows.chunks(self._values, slice(0, len(self._values))):
            yield place, part * self._factors[place, None]


def solve(gram: Tensor, level: float, right: Tensor) -> Tensor | None:
    """Return the solution a of ``(gram + level) a = right``.

    Parameters
    ----------
    gram : Tensor
        J J^T or J^T J, [unknowns, unknowns].
    level : float
        What is added to its diagonal.
    right : Tensor
        [unknowns].

    Returns
    -------
    Tensor or None
        None if the system cannot be solved: its matrix is not positive definite in float64, or not finite.
    """
    damped = gram.clone()
    damped.diagonal().add_(level)
    factor, info = torch.linalg.cholesky_ex(damped)
    if info:
        return None
    solution = torch.cholesky_solve(right[:, None], factor)[:, 0]
    return solution if torch.isfinite(solution).all() else None


def fall(damping: float) -> float:
    """Return the damping after an accepted step, by the rule of Levenberg and Marquardt."""
    return max(damping / FALL, LOWEST)


def rise(damping: float) -> float:
    """Return the damping after a refused step."""
    return min(damping * RISE, HIGHEST)


def _add_gram(gram: Tensor, part: Tensor) -> None:
    """Add the upper triangle of ``part part^T``, by panels, to `gram`."""
    step = -(-len(part) // PANELS)
    for i in range(0, len(part), step):
        gram[i : i + step, i:].addmm_(part[i : i + step], part[i:].T)
