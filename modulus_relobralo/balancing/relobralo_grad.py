"""Gradient balancing as a loss aggregator."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Dict, Iterable, List, Mapping, Optional, Union

import torch
from torch import Tensor

from modulus_relobralo.balancing.base import Balancing, is_recording
from modulus_relobralo.balancing.checks import check_equations, check_named, check_step
from modulus_relobralo.balancing.equations import NEGLIGIBLE, find_growing, grow_initial
from modulus_relobralo.balancing.gradient_equations import lag, log_gradient_norms, scale
from modulus_relobralo.balancing.trace_equations import HOLD, conditions_first
from modulus_relobralo.checks import check_count
from modulus_relobralo.options import BOUND, EVERY
from modulus_relobralo.ranks import all_reduce_mean


class ReLoBRaLoGrad(Balancing):
    """Gradient balancing of conditions and equations against each other.

    The aggregated loss is sum_i lambda_i(t) L_i(t); :mod:`modulus_relobralo.balancing.gradient_equations` states the
    weights lambda_i(t): conditions that are behind together pull at least as hard as the strongest equation, and an
    equation is raised while it lags behind all of them. No gradient flows through the weights. Every `every` steps each
    term is differentiated by itself, which costs about one backward pass, and the weights move; in the steps between
    they stay. Losses without a network behind them have weights of 1. A term whose static weight is 0 does not count:
    the weights of the others are as without it.

    Natural gradients say how far the rows of a loss term move with the parameters, its trace. The weights are those of
    :mod:`modulus_relobralo.balancing.trace_equations` then: conditions come first, and have as much to say as the
    strongest equation once they are met. They are taken anew in every twentieth step, and static weights multiply them.

    Loss terms are known by name: the dictionary may come in any order. Calls with the `step` of the call before
    (further micro-batches of gradient accumulation, the closures of L-BFGS) share its weights, and a call from which no
    gradient can be taken, as under ``torch.no_grad``, is no step. A loss term that is not finite leaves what is known
    of its gradient as it was. State and weights are of the dtype and on the device of the losses, in float32 at least.
    In data-parallel training all ranks have the same weights, those of the geometric mean of their norms and the mean
    of their losses.

    Parameters
    ----------
    params : iterable of Tensor
        Parameters of the model. Those without ``requires_grad`` when gradients are looked at do not count then.
    num_losses : int
        Expected number of loss terms. The dictionary of losses has the last word.
    equations : iterable of str
        Names of the loss terms that are residuals of the differential equation; the others are conditions. Without any,
        the weights are those of the plain sum.
    every : int
        Steps from one look at the gradients to the next, > 0.
    bound : float
        How many times the weight of an equation a condition may have for pulling less, >= 1.
    weights : mapping of str to float, optional
        Static factors by name of loss term, applied before balancing; 1 where a name is missing. A checkpoint holds
        them: norms that were saved under others are converted, and the gradients are looked at anew.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind or out of range; the message names it, its range and what was found.
        In a call: see :meth:`forward`.

    Attributes
    ----------
    lmbda_ema : Tensor
        The weights lambda(t), shape [num_losses], under the name that they have in :class:`ReLoBRaLo`.
    names : list of str
        Names of the loss terms, sorted, in the order of the buffers; empty before the first call.

    Examples
    --------
    >>> a, b = (torch.nn.Parameter(torch.tensor(1.0)) for _ in range(2))
    >>> balance = ReLoBRaLoGrad([a, b], num_losses=2, equations=["pde"])
    >>> loss = balance({"pde": (5 * a) ** 2, "walls": b**2})
    >>> print([f"{weight:.3f}" for weight in balance.lmbda_ema])
    ['0.077', '1.923']
    """

    names: List[str]
    equations: List[str]
    weights: Dict[str, float]
    network: List[Tensor]
    _saved_names: List[str]
    _saved_network: List[str]
    _parameters_of_model: List[Tensor]

    log_norms: Tensor
    moves: Tensor
    _equations: Tensor
    _counted: Tensor

    def __init__(
        self,
        params: Iterable[Tensor],
        num_losses: int,
        equations: Iterable[str],
        every: int = EVERY,
        bound: float = BOUND.default,
        weights: Optional[Mapping[str, float]] = None,
    ) -> None:
        super().__init__(num_losses, weights)
        check_count("every", every)
        self.equations = check_equations(equations)
        self.every = int(every)
        self.bound = BOUND.check(bound)
        self._parameters_of_model = list(params)
        if not any(parameter.requires_grad for parameter in self._parameters_of_model):
            raise ValueError("Parameter `params` must hold parameters that are trained. Found none.")
        # Whether they were read from what is trained, and not handed in by a person.
        self.equations_were_found: bool = False
        self._moves: int = 0
        # Steps of natural gradients since the last descent.
        self._held: int = 0
        self._counters = ("moves",)
        self.register_buffer("moves", torch.tensor(0))
        for name, tensor in self._constants(num_losses, torch.float32).items():
            self.register_buffer(name, tensor, persistent=False)

    def forward(
        self,
        losses: Dict[str, Tensor],
        step: Optional[Union[int, Tensor]] = None,
        traces: Optional[Dict[str, Tensor]] = None,
    ) -> Tensor:
        """Return the sum of the weighted loss terms, and move the weights on if `step` is a new one.

        Parameters
        ----------
        losses : dict of str to Tensor
            Loss terms by name, in any order, each of shape [] and not negative.
        step : int or Tensor, optional
            Optimizer step; a tensor is of an integer and of shape []. Without it, every call is a step.
        traces : dict of str to Tensor, optional
            Under natural gradients: of each loss term's block of J J^T, as
            :meth:`~modulus_relobralo.optimizers.NaturalGradient.traces` returns them. They decide the weights, which
            stay where it is empty.

        Returns
        -------
        Tensor
            Shape [], in the widest of float32 and the dtypes that the losses have had.

        Raises
        ------
        TypeError, ValueError
            If the losses are no real floating-point scalars on one device; if their names change after the first call
            or are others on another rank; if a loaded checkpoint holds the state of other loss terms; if a loss term is
            negative: in the first call, or at the next :meth:`inspect`; if `step` is no integer; or if `traces` are of
            other loss terms.
        RuntimeError
            If the call is recorded in a CUDA graph, which would replay one look at the gradients for ever.
        """
        # Before anything that reads from the device, which a recording does not allow.
        if is_recording():
            raise RuntimeError("Gradient balancing cannot be recorded in a CUDA graph: set `cuda_graphs: false`.")
        if not torch.jit.is_scripting():
            step = check_step(step)
        terms = self._stack(losses, step)
        # Leaves have no network behind them.
        leaves = True
        for loss in losses.values():
            leaves = leaves and loss.is_leaf and loss.requires_grad
        if traces is not None or leaves:
            self._weigh_rows(terms.detach(), traces)
            # The next step with a network looks at its gradients.
            self._moves -= self._moves % self.every
        elif torch.is_grad_enabled() and terms.requires_grad and self._is_new(step):
            self._held = 0
            if self._moves % self.every == 0:
                self._update(losses, terms.detach())
            self._moves += 1
        torch.fmin(self._lowest, terms.detach(), out=self._lowest)
        self._calls += 1
        if self._calls % self._inspect_every == 0:
            self.inspect()
        return torch.dot(terms * self._static_weights, self.lmbda_ema.clone())

    def _is_new(self, step: Optional[Union[int, Tensor]]) -> bool:
        """Return whether `step` is another one than in the call before, and remember it."""
        label = -1
        if isinstance(step, int):
            label = step
        elif isinstance(step, Tensor):
            label = int(step)
        else:
            return True
        is_new = label != self._seen_step
        self._seen_step = label
        return is_new

    @torch.jit.ignore
    def _weigh_rows(self, terms: Tensor, traces: Optional[Dict[str, Tensor]]) -> None:
        """Set the weights by the traces and the progress of what counts; where they are none, the weights stay.

        Where nobody gives traces they are the plain sum's. `terms` are the losses without gradients, in the order of
        the names.
        """
        if traces is None:
            self.lmbda_ema.fill_(1.0)
            return
        self._held += 1
        if not traces:
            return
        if sorted(traces) != self.names:
            raise ValueError(f"Parameter `traces` must be of the loss terms {self.names}. Found {sorted(traces)}.")
        at = self._counted
        if len(at):
            found = torch.stack([traces[name] for name in _counted(self.names, self.weights)]).to(self.lmbda_ema)
            losses = torch.where(torch.isfinite(terms), terms, torch.nan)[at]
            largest = torch.fmax(self.init_losses[at], losses)
            self.init_losses[at] = largest
            self.lmbda_ema.fill_(1.0)[at] = conditions_first(found, losses / largest, self._equations[at])

    @torch.jit.ignore
    def _update(self, losses: Dict[str, Tensor], terms: Tensor) -> None:
        """Set the weights by the norms of the gradients now, or the last that were numbers, and by the progress.

        `terms` are the losses without gradients, in the order of the names.
        """
        at, dtype = self._counted, terms.dtype
        if len(at) == 0:
            return
        trained = [parameter for parameter in self._parameters_of_model if parameter.requires_grad]
        found = (
            log_gradient_norms([losses[name] for name in _counted(self.names, self.weights)], trained).to(dtype)
            + self._static_weights[at].log()
        )
        fine = torch.isfinite(terms) & (terms >= 0)
        terms = torch.where(fine, terms.clamp(min=torch.finfo(dtype).tiny), torch.nan)[at]
        if self._ranks > 1:
            found, terms = all_reduce_mean(torch.stack([found, terms]))
        first = torch.isnan(self.init_losses[at])
        initial = torch.where(first, terms, self.init_losses[at])
        # An equation only: a condition that was met exactly at first counts as one that has grown.
        growing = find_growing(self._growing[at], terms, initial, terms.new_tensor(NEGLIGIBLE)) & self._equations[at]
        initial = torch.where(torch.isnan(terms), initial, grow_initial(growing, terms, initial))
        progress = torch.where(first, torch.nan, (terms / initial).log10())
        s, f = lag(progress, self._equations[at])
        # Before anything has moved, all pull alike.
        s = torch.where(first.all(), 1.0, s)
        norms = torch.where(torch.isfinite(found), found, self.log_norms[at])
        self._growing[at] = growing
        self.init_losses[at] = initial
        self.log_norms[at] = norms
        self.lmbda_ema.fill_(1.0)[at] = scale(norms, self._equations[at], s, f, self.bound)

    def extra_repr(self) -> str:
        """Return the hyperparameters, for the module's repr."""
        return self._describe()

    @torch.jit.ignore
    def _describe(self) -> str:
        return f"equations={self.equations}, every={self.every}, bound={self.bound}"

    @torch.jit.ignore
    def _state(self) -> Dict[str, float]:
        return {"log_norms": math.nan, "init_losses": math.nan, "lmbda_ema": 1.0}

    @torch.jit.ignore
    def _constants(self, number: int, dtype: torch.dtype) -> Dict[str, Tensor]:
        counted = [self.names.index(name) for name in _counted(self.names, self.weights)]
        return {
            "_equations": torch.tensor([name in self.equations for name in self.names], dtype=torch.bool),
            "_counted": torch.tensor(counted, dtype=torch.int64),
        }

    @torch.jit.ignore
    def _check_own(self, names: List[str]) -> None:
        if self.equations_were_found and not set(self.equations) <= set(names):
            raise ValueError(
                f"The constraints give the equations {self.equations}, but the loss terms are {names}: some loss names "
                "them otherwise. Set `loss.equations` to the names of those that are residuals of the equation."
            )
        check_named("equations", self.equations, names)

    @torch.jit.ignore
    def _metadata(self) -> Dict[str, Any]:
        self.moves.fill_(self._moves)
        return {"held": int(self._held)}

    @torch.jit.ignore
    def _resume(self, metadata: Mapping[str, Any]) -> None:
        self._moves = int(self.moves)
        self._held = metadata.get("held", 0)

    @torch.jit.ignore
    def _rescale(self, factors: Tensor, scale: float) -> None:
        # Progress is of the terms without their static weights, the norms are with them.
        self.init_losses.mul_(scale)
        self.log_norms.add_(factors.log())
        # The next step looks at the gradients.
        self._moves -= self._moves % self.every


def _counted(names: List[str], weights: Mapping[str, float]) -> List[str]:
    return [name for name in names if weights.get(name, 1.0) > 0]


def due_traces(balance: Any, traces: Callable[[], dict[str, Tensor]]) -> Sequence[dict[str, Tensor]]:
    """Return what natural gradients hand to the next call of `balance`, scripted or not, beside losses and step.

    That is nothing to other schemes. Gradient balancing gets what `traces` returns in every twentieth step, and an
    empty dictionary in the others.
    """
    if getattr(balance, "original_name", type(balance).__name__) != ReLoBRaLoGrad.__name__:
        return []
    return [{} if balance._held % HOLD else traces()]
