"""The optimizer of natural gradients; what a step is, mathematically, is in `gauss_newton`."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from modulus_relobralo.checks import check_flag, check_number
from modulus_relobralo.optimizers.cost import warn_if_hopeless
from modulus_relobralo.optimizers.gauss_newton import (
    DualSystem,
    GaussNewton,
    PrimalSystem,
    System,
    fall,
    remembered,
    rise,
)
from modulus_relobralo.optimizers.growth import Growth
from modulus_relobralo.optimizers.residuals import Pointwise, Rows
from modulus_relobralo.optimizers.resumable import Resumable
from modulus_relobralo.options import NATURAL_GRADIENT
from modulus_relobralo.ranks import all_reduce_mean, check_together, count_ranks, is_first_rank

logger = logging.getLogger(__name__)

# Tries of one step, each with more damping and half the momentum of the one before.
TRIES = 8
# Options of all groups of parameters at once: they share one system of equations.
COMMON = ("scheduled", "damping", "adaptive", "momentum", "forgetting", "memory", "system")
SYSTEMS = ("auto", "primal", "dual")
# Of each batch, for the traces: they are means over points, and an eighth more or less of a weight does not matter.
TRACED = 64
# What a rate may be above the first one, for the rounding of schedulers; and how far the residuals of one place may
# lie apart, for that of an accelerator.
ROUNDING = 1e-6

# What aggregators of the hosts are: loss terms by name, each of shape [], to the balanced loss.
Balance = Callable[[dict[str, Tensor]], Tensor]


class NaturalGradient(Resumable):
    """Natural gradients (Gauss-Newton steps with damping, momentum and acceleration) for sums of squared residuals.

    Computes in float64 whatever the dtype of the parameters, to which each step is rounded. A step that does not make
    the loss on its own batches smaller is not taken, but tried again with more damping.

    Several processes of ``torch.distributed`` that train the same parameters take one step together, each with points
    of its own: that of one process which has all points, with weights divided by the number of processes.

    Parameters
    ----------
    params : iterable of Tensor or dict
        Parameters, or groups of them, each with a `step_size` if wanted; those without ``requires_grad`` stay.
    lr : float
        > 0. Its value is not used: PyTorch's schedulers want it, and a config that sets ``optimizer.lr`` means another
        optimizer, for a step of natural gradients is whole. A value other than 1 is named in the log.
    step_size : float
        What a step is multiplied by, in (0, 1].
    scheduled : bool
        Whether it is multiplied by what a scheduler has left of `lr`, too: the last steps then average over batches.
        The scheduler may lower the rate only.
    damping : float
        Of the first step, > 0, in units of the mean of the diagonal of J J^T.
    adaptive : bool
        Whether the damping falls after an accepted step, and rises after a refused one and, where no points are
        remembered, after one that the next batch's points show to have been a step back. If not, every step after which
        the residuals are finite is accepted.
    momentum : float
        How much of the last step goes on where a batch says nothing, in [0, 1).
    forgetting : float
        What a primal system remembers of the one before, if that was of other points: the factor of its J^T J, in
        [0, 1). It is the highest one: 0 in the first 50 steps, then 0.5, 0.8 after 500. What is remembered takes 8
        bytes times the square of the number of parameters, also in a checkpoint.
    memory : float
        GiB of the Jacobian that are held at a time, > 0. A larger one is computed by blocks of parameters in the dual
        system, of points in the primal one.
    system : {"auto", "primal", "dual"}
        Which system of equations gives the step, of as many unknowns as there are parameters or rows; the steps are the
        same to rounding. "auto" is the smaller one.

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

    _can_train = False
    _growth: Growth | None = None
    _sizes_of_step: Mapping[str, int] = {}

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1.0,
        step_size: float = NATURAL_GRADIENT.step_size,
        scheduled: bool = NATURAL_GRADIENT.scheduled,
        damping: float = NATURAL_GRADIENT.damping,
        adaptive: bool = NATURAL_GRADIENT.adaptive,
        momentum: float = NATURAL_GRADIENT.momentum,
        forgetting: float = NATURAL_GRADIENT.forgetting,
        memory: float = NATURAL_GRADIENT.memory,
        system: str = NATURAL_GRADIENT.system,
    ) -> None:
        check_flag("scheduled", scheduled)
        check_flag("adaptive", adaptive)
        check_number("damping", damping, 0.0, math.inf, open_low=True)
        check_number("memory", memory, 0.0, math.inf, open_low=True)
        for name, value in (("momentum", momentum), ("forgetting", forgetting)):
            if check_number(name, value, 0.0, 1.0) == 1.0:
                raise ValueError(f"Parameter `{name}` must be in [0, 1). Found `{name} = 1`.")
        if system not in SYSTEMS:
            raise ValueError(f"Parameter `system` must be one of {list(SYSTEMS)}. Found `system = {system!r}`.")
        common = dict(zip(COMMON, (scheduled, damping, adaptive, momentum, forgetting, memory, system), strict=True))
        super().__init__(params, {"lr": lr, "step_size": step_size, **common})
        if lr != 1.0:
            logger.info("Natural gradients have no learning rate: lr=%g, meant for another optimizer, is not used.", lr)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters; of the options, only `step_size` can differ from that of the others."""
        for name, highest in (("step_size", 1.0), ("lr", math.inf)):
            check_number(name, param_group.get(name, self.defaults[name]), 0.0, highest, open_low=True)
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

    @property
    def diagnostics(self) -> dict[str, float]:
        """What can be recorded of the last step, by name; ``primal`` is 1 if it was of the primal system, else 0."""
        counts = {"damping": self.damping, "accepted": self.accepted, "refused": self.refused}
        return {**self._sizes_of_step, **counts}

    @torch.no_grad()
    def traces(self, batches: Sequence[Pointwise]) -> dict[str, Tensor]:
        """Return how far the rows of each loss term move with the parameters: the trace of its block of J J^T.

        It is what `ReLoBRaLoGrad` weighs by. Of a batch of more points, about 64 are looked at.

        Parameters
        ----------
        batches : sequence of Pointwise
            Of a step.

        Returns
        -------
        dict of str to Tensor
            By name of loss term, each of shape [], float64.
        """
        trained = self._trained()
        return Rows([batch.thinned(TRACED) for batch in batches], trained).traces(_flat(trained))

    @torch.no_grad()
    def step(self, batches: Sequence[Pointwise], balance: Balance | None = None) -> Tensor:  # type: ignore[override]
        """Take one step and return the loss before it, whose gradient is left in the parameters' ``grad``.

        Parameters
        ----------
        batches : sequence of Pointwise
            The residuals of all loss terms.
        balance : callable, optional
            Maps the loss terms, by name and each of shape [], to the balanced loss, as `ReLoBRaLo` does;
            `ReLoBRaLoGrad` wants what `traces` returns beside them. Without it the loss is their sum.

        Returns
        -------
        Tensor
            Shape []. Where it is not finite the parameters stay as they are.

        Raises
        ------
        ValueError
            Before the parameters change, if no step could train them: there are none, the residuals do not depend on
            them or are not the same whenever they are computed, a scheduler has raised the rate, or `balance` gives a
            loss term a negative weight.
        """
        trained = self._trained()
        values, rows = _flat(trained), Rows(batches, trained)
        sizes = torch.cat([values.new_full((p.numel(),), size) for p, size in zip(trained, self._sizes(), strict=True)])
        residual = rows.values(values)
        if not self._can_train:
            self._check(trained, rows, values, residual)
        losses = rows.terms(residual)
        loss, weights = _weigh(losses, balance)
        if not torch.isfinite(loss):
            self._count(False)
            return loss
        self._growth = self._growth or Growth()
        self._growth.note(losses, weights)
        residual = rows.weigh(weights) * residual
        last = _flat([self._last(parameter) for parameter in trained])
        if self.param_groups[0]["adaptive"] and last.any() and "gram" not in self._progress:
            # What is a step back to points that it has not seen has fitted its own too well.
            back = rows.squares(residual) > rows.squares(rows.values(values + sizes * last))
            self._progress["damping"] = rise(self.damping) if back else self.damping
        system = self._system(rows, values, residual, last)
        for parameter, slope in zip(trained, system.slope.split([p.numel() for p in trained]), strict=True):
            parameter.grad = 2 * slope.view_as(parameter).to(parameter.dtype)
        self._descend(trained, values, sizes, rows, GaussNewton(rows, values, residual, system))
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state as `Resumable` does; PyTorch would round what is remembered to the dtype of the parameters."""
        super().load_state_dict(state_dict)
        for index, parameter in enumerate(self._parameters()):
            if "gram" in self.state.get(parameter, {}):
                self.state[parameter]["gram"] = state_dict["state"][index]["gram"].to(parameter.device)

    def _system(self, rows: Rows, values: Tensor, residual: Tensor, last: Tensor) -> System:
        """Return the system of this step, and keep what the next one is to remember of it."""
        group, progress = self.param_groups[0], self._progress
        primal, memory = self._is_primal(rows, values), int(group["memory"] * 2**30 / 8)
        self._sizes_of_step = {"rows": rows.total, "parameters": len(values), "primal": int(primal)}
        kind = PrimalSystem if primal else DualSystem
        try:
            system = kind(rows, values, residual, memory, last)
        except RuntimeError as error:
            if not isinstance(error, torch.cuda.OutOfMemoryError) and "can't allocate memory" not in str(error):
                raise
            less = (
                "a smaller network, or `system: dual`" if kind is PrimalSystem else "fewer points, or `system: primal`"
            )
            raise MemoryError(
                f"A step of natural gradients with {rows.count} rows by {len(values)} parameters ran out of memory. "
                f"A lower `memory` holds less of the Jacobian (found {group['memory']:g} GiB); {less}, takes a smaller "
                "system. The parameters are as they were before the step."
            ) from error
        if isinstance(system, DualSystem):
            return system
        before = progress.pop("gram", None)
        if before is not None and len(before) == len(values) and progress["points"] != rows.checksum:
            system.remember(before, remembered(self.accepted, group["forgetting"]))
        if group["forgetting"]:
            progress["gram"], progress["points"] = system.gram, rows.checksum
        return system

    def _check_sizes(self, state_dict: Mapping[str, Any]) -> None:
        """Raise if the state is of other parameters: of its steps the shapes are known, whoever wrote it."""
        super()._check_sizes(state_dict)
        for index, parameter in enumerate(self._parameters()):
            state = state_dict["state"].get(index, {})
            if "last" in state and state["last"].shape != parameter.shape:
                self._problem = (
                    "The checkpoint must be of a network of the same sizes. Found a step of shape "
                    f"{tuple(state['last'].shape)} for parameter {index} of shape {tuple(parameter.shape)}."
                )
                raise ValueError(self._problem)

    def _trained(self) -> list[Tensor]:
        trained = [p for group in self.param_groups for p in group["params"] if p.requires_grad]
        if not trained:
            raise ValueError("Parameter `params` must hold something to train. Found nothing with `requires_grad`.")
        return trained

    def _check(self, trained: list[Tensor], rows: Rows, values: Tensor, residual: Tensor) -> None:
        """Look, before the first step, at what no later one would show."""
        check_together(rows.names, self._check_system)
        apart = all_reduce_mean((all_reduce_mean(values) - values).abs())
        if apart.max() > ROUNDING * values.abs().max():
            raise ValueError(
                "All processes must train the same parameters. Found others: start them from those of one process, as "
                "`torch.nn.parallel.DistributedDataParallel` does, or from one seed."
            )
        again = rows.terms(rows.values(values) - residual)
        moved = [name for name, term in rows.terms(residual).items() if again[name] > ROUNDING**2 * term]
        if moved:
            raise ValueError(
                f"Residuals must be the same whenever they are computed. Found {moved}, which differ from one call to "
                "the next at the same parameters: take out what is random or counts its calls, such as dropout."
            )
        if rows.idle:
            shapes = ", ".join(str(tuple(trained[i].shape)) for i in rows.idle)
            logger.warning(
                "%d of %d tensors of parameters are in no residual, and stay as they are: those of shape %s. A network "
                "is found if it is a submodule, not in a Python list.",
                len(rows.idle),
                len(trained),
                shapes,
            )
        primal = self._is_primal(rows, values)
        name = "primal" if primal else "dual"
        if is_first_rank():
            logger.info("Natural gradients: the %s system, %d rows by %d parameters.", name, rows.total, len(values))
            warn_if_hopeless(rows.count, len(values), primal, values)
        self._can_train = True

    def _check_system(self) -> None:
        if count_ranks() > 1 and self.param_groups[0]["system"] == "dual":
            raise ValueError(
                "Several processes need `system: primal` or `system: auto`: its matrix alone is a sum over points. "
                f"Found `system: dual` and {count_ranks()} processes."
            )

    def _is_primal(self, rows: Rows, values: Tensor) -> bool:
        """Whether the step is that of the primal system, as it always is of several processes."""
        system = self.param_groups[0]["system"]
        return system == "primal" or count_ranks() > 1 or (system == "auto" and rows.count >= len(values))

    def _sizes(self) -> list[float]:
        """Return what a step is multiplied by, for each parameter that is trained."""
        return [_size(group) for group in self.param_groups for p in group["params"] if p.requires_grad]

    def _descend(self, trained: list[Tensor], values: Tensor, sizes: Tensor, rows: Rows, problem: GaussNewton) -> None:
        """Try steps until one is accepted."""
        numbers, momentum = [parameter.numel() for parameter in trained], self.param_groups[0]["momentum"]
        for _ in range(TRIES):
            direction = problem.direction(self.damping, momentum, sizes)
            if direction is not None:
                parts = zip(trained, (values - sizes * direction).split(numbers), strict=True)
                new = [part.view_as(parameter).to(parameter.dtype) for parameter, part in parts]
                if self._accepts(problem.loss, rows.squares(rows.values(_flat(new)))):
                    self._count(True)
                    for parameter, tensor, d in zip(trained, new, direction.split(numbers), strict=True):
                        parameter.copy_(tensor)
                        self._last(parameter).copy_(d.view_as(parameter))
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
        state = self.state[next(parameter for group in self.param_groups for parameter in group["params"])]
        state.setdefault("damping", self.param_groups[0]["damping"])
        state.setdefault("accepted", 0)
        state.setdefault("refused", 0)
        return state

    def _last(self, parameter: Tensor) -> Tensor:
        """Return the direction of the last step, in the parameter's dtype: PyTorch loads no other from a checkpoint."""
        return self.state[parameter].setdefault("last", torch.zeros_like(parameter))


def _size(group: dict[str, Any]) -> float:
    """Return a group's `step_size`, times what a scheduler has left of `lr` if the group is `scheduled`.

    PyTorch's schedulers note the first `lr` as ``initial_lr``.
    """
    if not group["scheduled"]:
        return group["step_size"]
    rate, first = group["lr"], group.get("initial_lr", group["lr"])
    if not 0 <= rate <= first * (1 + ROUNDING) or first == 0:
        raise ValueError(
            "With `scheduled = True` the scheduler must only lower the rate, from one above 0. Found a rate of "
            f"{rate:g} after a first one of {first:g}. Set another scheduler, or `scheduled = False`."
        )
    return group["step_size"] * min(rate / first, 1.0)


def _flat(tensors: Iterable[Tensor]) -> Tensor:
    """Return the numbers of the tensors in one vector, float64."""
    return torch.cat([tensor.double().reshape(-1) for tensor in tensors])


def _weigh(losses: dict[str, Tensor], balance: Balance | None) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the balanced loss, shape [], and the weight of each loss term in it, shape [].

    The weight is the derivative of the balanced loss by the term: no gradient flows through the weights themselves,
    so that this is what a gradient descent would multiply the term's gradient by. It is neither negative nor infinite
    where the losses are finite: its root could not multiply a row.
    """
    with torch.enable_grad():
        leaves = {name: loss.detach().requires_grad_() for name, loss in losses.items()}
        loss = sum(leaves.values(), torch.zeros(())) if balance is None else balance(leaves)
        found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    weights = {
        name: torch.zeros_like(value) if weight is None else weight.to(value.dtype)
        for (name, value), weight in zip(losses.items(), found, strict=True)
    }
    wrong = {name: float(weight) for name, weight in weights.items() if not 0 <= weight < torch.inf}
    if wrong and torch.isfinite(loss):
        raise ValueError(f"Parameter `balance` must give loss terms weights of at least 0. Found {wrong}.")
    return loss.detach(), weights
