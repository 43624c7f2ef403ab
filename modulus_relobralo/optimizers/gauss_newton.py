"""What a step of natural gradients is: Gauss-Newton, in the space of the residuals or in that of the parameters.

With the N rows r of all loss terms, each times the square root of its weight, and their Jacobian J by the P parameters,
the *velocity* of a step is, in two forms that are equal by the identity of Woodbury::

    v = mu phi + J^T (J J^T + damping)^-1 (r - mu J phi)        the dual system, N x N
    v = mu phi + (J^T J + damping)^-1 J^T (r - mu J phi)        the primal system, P x P

It is the step of Levenberg and Marquardt. With mu = 0 the dual form is that of energy natural gradients (Mueller &
Zeinhofer, ICML 2023, arXiv:2302.13163) as Guzman-Cordero et al. (NeurIPS 2025, arXiv:2505.12149) and Jnini & Vella
(arXiv:2505.21404) have it. The smaller system is the cheaper one: the dual for a network that is large against its
points, the primal for many points. What the primal holds does not grow with the points, and is a sum over them, which
several processes share: each adds its own.

**Momentum** as in SPRING (Goldshlager, Abrahamsen & Lin, J. Comput. Phys. 2024, arXiv:2401.10190): phi is the last
step. Rows say little or nothing about some directions, at least P - N of them; there goes on what the batches before
have said. In directions that the damping leaves alone momentum is without effect, so that a system of more rows than
parameters forgets the last step by as much as its own rows know better.

**Memory of earlier points**, in the primal system: new points come in every step, and what earlier ones said is added,
less and less: ``J^T J + forgetting * (that of the step before)``. Those points ask for nothing but that the parameters
stay as they are, since the steps before were taken for them. It is the extended Kalman filter with fading memory
(Bertsekas, SIAM J. Optim. 1996; as a natural gradient: Ollivier, Electron. J. Stat. 2018, arXiv:1703.00209), which fits
``1 / (1 - forgetting)`` times as many points as it computes.

**Geodesic acceleration** as in Transtrum & Sethna (arXiv:1201.5885) and Jnini & Vella: the residuals are curved along
the step. With their second derivative r'' in the direction -v, the parameters move by ``-v + a / 2`` where
``a = -J^T (J J^T + damping)^-1 r''``. It costs one more evaluation of the residuals and lets the damping fall by
orders of magnitude.

============  ==============================================================================
symbol        in the code
============  ==============================================================================
r             `residual`: `Rows`, times the roots of the weights of their loss terms
J J^T, J^T J  `gram`, with what is remembered of J^T J
phi, J phi    `last`, `carried`
v             `velocity`, with its image J v
-a            `acceleration`
mu            `momentum`
damping       `damping`, in units of the mean of the diagonal of J J^T, in both systems
============  ==============================================================================
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from modulus_relobralo.optimizers.residuals import Rows
from modulus_relobralo.ranks import all_reduce_mean

# Below, the system is singular in float64; above, a step is none.
LOWEST, HIGHEST = 1e-14, 1e6
FALL, RISE = 3.0, 4.0
# The first steps remember nothing: residuals are curved there, so that what earlier points asked for no longer holds,
# and what a few steps can solve is solved by quadratic convergence, of which memory would leave a half in every step.
# What is remembered then, and later as much as reaches this part of the steps back.
FORGETFUL, AT_FIRST, RECENT = 50, 0.5, 0.01
# Of v, for the finite difference that gives r''. Transtrum & Sethna recommend it: long enough for the digits of r;
# its error is a third derivative, which the step leaves out anyway.
STRETCH = 0.1
# Of |v|, the longest a: their bound 2 |a| / |v| <= 0.75 with twice the room. Beyond, the series has nothing to say.
LONGEST = 0.75
# Panels of a Gram matrix, which is symmetric: with 4 of them 5/8 of the products are computed.
PANELS = 4


class GaussNewton:
    """The sum of the squares of ``rows(values)``, linearised at `values`.

    Parameters
    ----------
    rows : Rows
        Of all batches, times the roots of the weights of their loss terms.
    values : Tensor
        The parameters, float64, [parameters].
    residual : Tensor
        The rows at `values`, [rows].
    system : System
        The system to solve.
    """

    def __init__(self, rows: Rows, values: Tensor, residual: Tensor, system: System) -> None:
        self._rows, self._values, self._residual, self._system = rows, values, residual, system

    @property
    def loss(self) -> float:
        """The sum of squares at `values`."""
        return self._rows.squares(self._residual)

    def direction(self, damping: float, momentum: float, sizes: Tensor) -> Tensor | None:
        """Return what `sizes` times is to be subtracted from the parameters; all three [parameters].

        None if the system of equations cannot be solved with this `damping`.
        """
        if not self._system.factorize(damping):
            return None
        velocity = self._system.velocity(momentum)
        if not torch.isfinite(velocity).all():
            return None
        acceleration = self._acceleration(velocity)
        return velocity if acceleration is None else velocity + sizes / 2 * acceleration

    def _acceleration(self, velocity: Tensor) -> Tensor | None:
        """Return -a; None where it is too long, or the residuals are not finite on the way."""
        ahead = self._rows.values(self._values - STRETCH * velocity)
        found = self._system.acceleration((ahead - self._residual) / STRETCH)
        return found if found.norm() <= LONGEST * velocity.norm() else None


class System(ABC):
    """What both systems have: J, which is held whole where it fits, and a factor of the damped Gram matrix.

    Parameters
    ----------
    rows, values, residual
        Of `GaussNewton`.
    memory : int
        How many numbers of J may be held at a time.
    last : Tensor
        The last step, [parameters].

    Attributes
    ----------
    slope : Tensor
        J^T r, [parameters], half of the gradient of the sum of squares.
    """

    def __init__(self, rows: Rows, values: Tensor, residual: Tensor, memory: int, last: Tensor) -> None:
        self._rows, self._values, self._residual, self._last = rows, values, residual, last
        fits = memory >= rows.count * len(values)
        self._whole = rows.jacobian(values, slice(0, len(values))) if fits else None
        gram = self._upper_gram(memory)
        self._gram = gram.triu() + gram.triu(1).T
        self._total = self._gram
        self.slope = self._transposed(residual)

    def factorize(self, damping: float) -> bool:
        """Set the damping of the next step; False if the system cannot be solved with it.

        That is where its matrix is not positive definite in float64, or not finite.
        """
        damped = self._total.clone()
        damped.diagonal().add_(damping * float(self._total.trace()) / self._rows.total)
        self._factor, info = torch.linalg.cholesky_ex(damped)
        return not info

    @abstractmethod
    def velocity(self, momentum: float) -> Tensor:
        """Return v, [parameters]."""

    @abstractmethod
    def acceleration(self, change: Tensor) -> Tensor:
        """Return -a, [parameters], by how fast the residual changes on the way of the last `velocity`, [rows].

        From ``r(-h v) = r - h J v + h^2 / 2 r''`` it is ``r'' = 2 / h (change + J v)``.
        """

    @abstractmethod
    def _upper_gram(self, memory: int) -> Tensor:
        """Return the Gram matrix, of which the part below the diagonal means nothing."""

    def _solve(self, right: Tensor) -> Tensor:
        return torch.cholesky_solve(right[:, None], self._factor)[:, 0]

    def _transposed(self, cotangent: Tensor) -> Tensor:
        """Return J^T times `cotangent`, [rows]."""
        if self._whole is not None:
            return all_reduce_mean(self._whole.T @ cotangent)
        return all_reduce_mean(self._rows.transposed(self._values, cotangent))


class DualSystem(System):
    """The system of as many equations as there are rows: what a network needs that is large against its points.

    Where J does not fit it is made anew, block by block of the parameters.
    """

    def velocity(self, momentum: float) -> Tensor:
        """Return v, [parameters]."""
        carried = momentum * self._carried
        solution = self._solve(self._residual - carried)
        self._image = carried + self._gram @ solution
        return momentum * self._last + self._transposed(solution)

    def acceleration(self, change: Tensor) -> Tensor:
        """Return -a, [parameters], by how fast the residual changes on the way of the last `velocity`, [rows]."""
        return self._transposed(self._solve(2 / STRETCH * (change + self._image)))

    def _upper_gram(self, memory: int) -> Tensor:
        size = max(memory // self._rows.count, 1)
        gram = self._values.new_zeros(self._rows.count, self._rows.count)
        self._carried = gram.new_zeros(len(gram))
        for start in range(0, len(self._values), size if self._whole is None else len(self._values)):
            block = slice(start, min(start + size, len(self._values)))
            part = self._rows.jacobian(self._values, block) if self._whole is None else self._whole
            _add_gram(gram, part)
            self._carried += part @ self._last[block]
            del part  # before the next one is made
        return gram


class PrimalSystem(System):
    """The system of as many equations as there are parameters: what many points need.

    Where J does not fit it is made once, chunk by chunk of the points: J^T J is added up over them.
    """

    def remember(self, gram: Tensor, forgetting: float) -> None:
        """Add what is left of the `gram` of the step before, [parameters, parameters]."""
        self._total = self._gram + forgetting * gram

    @property
    def gram(self) -> Tensor:
        """J^T J with what is remembered, [parameters, parameters]."""
        return self._total

    def velocity(self, momentum: float) -> Tensor:
        """Return v, [parameters]."""
        carried = momentum * self._last
        self._velocity = carried + self._solve(self.slope - self._total @ carried)
        return self._velocity

    def acceleration(self, change: Tensor) -> Tensor:
        """Return -a, [parameters], by how fast the residual changes on the way of the last `velocity`, [rows]."""
        return self._solve(2 / STRETCH * (self._transposed(change) + self._gram @ self._velocity))

    def _upper_gram(self, memory: int) -> Tensor:
        gram = self._values.new_zeros(len(self._values), len(self._values))
        for part in self._rows.chunks(self._values) if self._whole is None else [self._whole]:
            _add_gram(gram, part.T)
        return all_reduce_mean(gram)


def fall(damping: float) -> float:
    """Return the damping after an accepted step, by the rule of Levenberg and Marquardt."""
    return max(damping / FALL, LOWEST)


def rise(damping: float) -> float:
    """Return the damping after a refused step."""
    return min(damping * RISE, HIGHEST)


def remembered(steps: int, most: float) -> float:
    """Return the factor of what is remembered: a half, from 200 steps on what reaches a hundredth of them back.

    It is at most `most`, and zero in a run's first steps.

    >>> [round(remembered(steps, most=0.8), 2) for steps in (0, 50, 200, 300, 500, 10_000)]
    [0.0, 0.5, 0.5, 0.67, 0.8, 0.8]
    """
    return 0.0 if steps < FORGETFUL else min(max(AT_FIRST, 1 - 1 / max(steps * RECENT, 1.0)), most)


def _add_gram(gram: Tensor, part: Tensor) -> None:
    """Add the upper triangle of ``part part^T``, by panels, to `gram`."""
    step = -(-len(part) // PANELS)
    for i in range(0, len(part), step):
        gram[i : i + step, i:].addmm_(part[i : i + step], part[i:].T)
