"""The optimizer of natural gradients; what a step is, mathematically, is in `least_squares`."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from modulus_relobralo.checks import check_flag, check_number
from modulus_relobralo.optimizers.damping import fall, rise
from modulus_relobralo.optimizers.least_squares import LeastSquares
from modulus_relobralo.optimizers.loss_terms import Balance, roots, sums_of_squares, weigh
from modulus_relobralo.optimizers.pointwise import Pointwise
from modulus_relobralo.optimizers.resumable import Resumable
from modulus_relobralo.optimizers.rows import Rows
from modulus_relobralo.optimizers.step_sizes import step_sizes
from modulus_relobralo.options import NATURAL_GRADIENT

logger = logging.getLogger(__name__)

# Tries of one step, each with more damping and half the momentum of the one before.
TRIES = 8
# Options of all groups of parameters at once: they share one system of equations.
COMMON = ("scheduled", "damping", "adaptive", "momentum", "memory")


class NaturalGradient(Resumable):
    """Natural gradients (Gauss-Newton steps with damping, momentum and acceleration) for sums of squared residuals.

    Computes in float64 whatever the dtype of the parameters, to which each step is rounded. A step that does not make
    the loss on its own batches smaller is not taken, but tried again with more damping.

    Parameters
    ----------
    params : iterable of Tensor or dict
        Parameters, or groups of them, each with a `step_size` if wanted; those without ``requires_grad`` stay.
    lr : float
        Its value is not used: PyTorch's schedulers want it, and a config that sets ``optimizer.lr`` means another
        optimizer, for a step of natural gradients is whole. A value other than 1 is named in the log.
    step_size : float
        What a step is multiplied by, in (0, 1].
    scheduled : bool
        Whether it is multiplied by what a scheduler has left of `lr`, too: the last steps then average over batches.
    damping : float
        Of the first step, > 0, in units of the mean of the diagonal of J J^T.
    adaptive : bool
        Whether the damping falls after an accepted step, and rises after a refused one and one that the next batch's
        points show to have been a step back. If not, every step after which the residuals are finite is accepted.
    momentum : float
        How much of the last step goes on where a batch says nothing, in [0, 1).
    memory : float
        GiB of the Jacobian that are held at a time, > 0. A larger one is computed by blocks of parameters.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind or out of range; the message names it, its range and what was found.

    Examples
    --------
    A line through three points is a linear problem, solved by one step:

    >>> class Line(torch.nn.Linear):
    ...     def forward(self, x):
    ...         return {"data": super().forward(x)}
    >>> line, x = Line(1, 1), torch.tensor([[0.0], [1.0], [2.0]])
    >>> optimizer = NaturalGradient(line.parameters(), damping=1e-9)
    >>> loss = optimizer.step([Pointwise(line, [x], weights={"data": 1 / 3}, targets={"data": 2 * x + 1})])
    >>> print(f"{line.weight.item():.4f} {line.bias.item():.4f}")
    2.0000 1.0000
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1.0,
        step_size: float = NATURAL_GRADIENT.step_size,
        scheduled: bool = NATURAL_GRADIENT.scheduled,
        damping: float = NATURAL_GRADIENT.damping,
        adaptive: bool = NATURAL_GRADIENT.adaptive,
        momentum: float = NATURAL_GRADIENT.momentum,
        memory: float = NATURAL_GRADIENT.memory,
    ) -> None:
        check_flag("scheduled", scheduled)
        check_flag("adaptive", adaptive)
        check_number("damping", damping, 0.0, math.inf, open_low=True)
        check_number("memory", memory, 0.0, math.inf, open_low=True)
        if check_number("momentum", momentum, 0.0, 1.0) == 1.0:
            raise ValueError("Parameter `momentum` must be in [0, 1). Found `momentum = 1`.")
        common = dict(zip(COMMON, (scheduled, damping, adaptive, momentum, memory), strict=True))
        super().__init__(params, {"lr": lr, "step_size": step_size, **common})
        if lr != 1.0:
            logger.info("Natural gradients have no learning rate: lr=%g, meant for another optimizer, is not used.", lr)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters; of the options, only `step_size` can differ from that of the others."""
        check_number("step_size", param_group.get("step_size", self.defaults["step_size"]), 0.0, 1.0, open_low=True)
        for name in COMMON:
            common, found = self.defaults[name], param_group.get(name, self.defaults[name])
            if found != common:
                raise ValueError(
                    f"Parameter `{name}` must be the same in all groups of parameters. Found `{found}` and `{common}`."
                )
        super().add_param_group(param_group)

    @property
    def damping(self) -> float:
        """The damping of the next step."""
        return self._progress["damping"]

    @property
    def accepted(self) -> int:
        """Number of steps taken."""
        return self._progress["accepted"]

    @property
    def refused(self) -> int:
        """Number of tries that were not taken."""
        return self._progress["refused"]

    @torch.no_grad()
    def step(self, batches: Sequence[Pointwise], balance: Balance | None = None) -> Tensor:  # type: ignore[override]
        """Take one step and return the loss before it.

        Parameters
        ----------
        batches : sequence of Pointwise
            The residuals of all loss terms.
        balance : callable, optional
            Maps the loss terms, by name and each of shape [], to the balanced loss, as `ReLoBRaLo` does. Without it the
            loss is their sum.

        Returns
        -------
        Tensor
            Shape []. Where it is not finite the parameters stay as they are.
        """
        trained = [p for group in self.param_groups for p in group["params"] if p.requires_grad]
        values = [parameter.double() for parameter in trained]
        rows = [Rows(batch, trained) for batch in batches]
        residual = torch.cat([batch.values(values) for batch in rows])
        loss, weights = weigh(sums_of_squares(rows, residual), balance)
        if not torch.isfinite(loss):
            self._count(False)
            return loss
        factors = roots(rows, weights)
        last = [self._last(parameter).double() for parameter in trained]
        memory = int(self.param_groups[0]["memory"] * 2**30 / 8)
        problem = LeastSquares(rows, values, factors * residual, factors, memory, last)
        sizes = step_sizes(self.param_groups)
        if self.param_groups[0]["adaptive"] and problem.loss > problem.loss_before(sizes):
            self._progress["damping"] = rise(self.damping)
        self._descend(trained, values, sizes, problem)
        return loss

    def _descend(self, trained: list[Tensor], values: list[Tensor], sizes: list[float], problem: LeastSquares) -> None:
        """Try steps until one is accepted."""
        momentum = self.param_groups[0]["momentum"]
        for _ in range(TRIES):
            direction = problem.direction(self.damping, momentum, sizes)
            if direction is not None:
                places = zip(trained, values, direction, sizes, strict=True)
                new = [(value - size * d).to(p.dtype) for p, value, d, size in places]
                if self._accepts(problem.loss, problem.loss_at([tensor.double() for tensor in new])):
                    self._count(True)
                    for parameter, tensor, d in zip(trained, new, direction, strict=True):
                        parameter.copy_(tensor)
                        self._last(parameter).copy_(d)
                    return
            self._count(False)
            momentum /= 2
        for parameter in trained:
            self._last(parameter).zero_()

    def _accepts(self, before: float, after: float) -> bool:
        return after < before if self.param_groups[0]["adaptive"] else math.isfinite(after)

    def _count(self, accepted: bool) -> None:
        """Note a try that was accepted or not, and adapt the damping."""
        progress = self._progress
        progress["accepted" if accepted else "refused"] += 1
        if self.param_groups[0]["adaptive"]:
            progress["damping"] = fall(self.damping) if accepted else rise(self.damping)

    @property
    def _progress(self) -> dict[str, Any]:
        """What is saved beside the momentum, with the first parameter."""
        state = self.state[self.param_groups[0]["params"][0]]
        state.setdefault("damping", self.param_groups[0]["damping"])
        state.setdefault("accepted", 0)
        state.setdefault("refused", 0)
        return state

    def _last(self, parameter: Tensor) -> Tensor:
        """Return the direction of the last step, in the parameter's dtype: PyTorch loads no other from a checkpoint."""
        return self.state[parameter].setdefault("last", torch.zeros_like(parameter))
