"""ReLoBRaLo as a loss aggregator: the state of the balancing, and the host's contract with an aggregator."""

import functools
import logging
import math
from typing import Any, Dict, Iterable, List, Optional, Union

import torch
from torch import Tensor, nn

from modulus_relobralo.balancing import draws, loss_terms
from modulus_relobralo.balancing.checkpoint import FIRST, LATER, SECOND, STATE, check_fits, find_problem, infer_phase
from modulus_relobralo.balancing.equations import update_weights
from modulus_relobralo.balancing.ranks import agree, count_ranks
from modulus_relobralo.checks import check_count, check_number

logger = logging.getLogger(__name__)

ALPHA, TEMPERATURE, RHO, EPS = 0.999, 0.1, 0.99, 1e-12


class ReLoBRaLo(nn.Module):
    """Relative Loss Balancing with Random Lookback, as an aggregator of a dictionary of loss terms.

    The aggregated loss is sum_i lambda_i(t) L_i(t); :mod:`modulus_relobralo.balancing.equations` states the weights
    lambda_i(t). The first call sums the loss terms (weights 1) and remembers them, the second takes the weights
    against the first, and from the third on the whole equation holds. No gradient flows through the weights.
    They move once per optimizer step: calls with the `step` of the call before (further micro-batches of gradient
    accumulation, the closures of L-BFGS) share its weights. A call in which a loss term is not finite leaves the
    state as it was. In data-parallel training all ranks have the same weights, those of the mean of their losses.

    Parameters
    ----------
    params : iterable of Tensor
        Parameters of the model; only the device of the first is used.
    num_losses : int
        Expected number of loss terms. The dictionary of losses has the last word.
    alpha : float
        Memory of the weights, in [0, 1].
    temperature : float
        Of the softmax, > 0; the smaller, the more the slowest term takes all.
    rho : float
        Probability, per step, of keeping the remembered weights, in [0, 1]; otherwise a lookback replaces them
        by those against the losses of the first step.
    eps : float
        Added to the denominator of L / (temperature * L'), > 0.
    weights : mapping of str to float, optional
        Static factors by name of loss term, applied before balancing; 1 where a name is missing.
    tau, beta : float, optional
        Other names of `temperature` and `rho`, for configs written for the option that the host ships. A name
        and its alias together are an error, unless the former has its default value.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind or out of range; the message names it, its range and what was found.

    Attributes
    ----------
    init_losses, prev_losses, lmbda_ema : Tensor
        Buffers of shape [num_losses]: L(0), L(t-1) and lambda(t). Names and shapes are those of the host's own
        Relobralo, so that checkpoints are interchangeable.
    names : list of str
        Names of the loss terms, in the order of the buffers; empty before the first call.

    Examples
    --------
    >>> balance = ReLoBRaLo([], num_losses=2)
    >>> float(balance({"pde": torch.tensor(3.0), "walls": torch.tensor(1.0)}))
    4.0
    """

    names: List[str]
    _saved_names: List[str]
    weights: Dict[str, float]
    init_losses: Tensor
    prev_losses: Tensor
    lmbda_ema: Tensor
    _phase: Tensor
    _is_first: Tensor
    _next_phase: Tensor
    _memory: Tensor
    _below: Tensor
    _draws: Tensor
    _multiplier: Tensor
    _increment: Tensor
    _temperature: Tensor
    _eps: Tensor
    _count: Tensor
    _zero: Tensor
    _zeros: Tensor
    _static_weights: Tensor
    _last_step: Tensor

    def __init__(
        self,
        params: Iterable[Tensor],
        num_losses: int,
        alpha: float = ALPHA,
        temperature: float = TEMPERATURE,
        rho: float = RHO,
        eps: float = EPS,
        weights: Optional[Dict[str, float]] = None,
        *,
        tau: Optional[float] = None,
        beta: Optional[float] = None,
    ) -> None:
        super().__init__()
        check_count("num_losses", num_losses)
        temperature = loss_terms.resolve_alias("temperature", temperature, TEMPERATURE, "tau", tau)
        rho = loss_terms.resolve_alias("rho", rho, RHO, "beta", beta)
        self.alpha: float = check_number("alpha", alpha, 0.0, 1.0)
        self.temperature: float = check_number("temperature", temperature, 0.0, math.inf, open_low=True)
        self.rho: float = check_number("rho", rho, 0.0, 1.0)
        self.eps: float = check_number("eps", eps, 0.0, math.inf, open_low=True)
        self.weights = loss_terms.check_static_weights(weights)
        self.names = []
        self._saved_names = []
        self._resumed: bool = False
        self._problem: str = ""
        self._seen_step: int = -1
        self._ranks: int = count_ranks()
        device = next((p.device for p in params), torch.device("cpu"))
        for name, value in STATE.items():
            self.register_buffer(name, torch.full((num_losses,), value, device=device))
        for name, tensor in self._constants().items():
            self.register_buffer(name, tensor.to(device), persistent=False)

    def _constants(self) -> Dict[str, Tensor]:
        return {
            "_phase": torch.tensor([FIRST]),
            "_is_first": torch.tensor([True, False, False]),
            "_next_phase": torch.tensor([SECOND, LATER, LATER]),
            # As precise as Python's numbers until the first call, which brings them to the dtype of the losses.
            "_memory": torch.tensor([1.0, 0.0, self.alpha], dtype=torch.float64),
            "_temperature": torch.tensor(self.temperature, dtype=torch.float64),
            "_eps": torch.tensor(self.eps, dtype=torch.float64),
            "_count": torch.ones(()),
            "_zero": torch.zeros(()),
            "_zeros": torch.zeros(1),
            "_draws": torch.tensor(draws.initial_state(torch.initial_seed())),
            "_multiplier": torch.tensor(draws.MULTIPLIER),
            "_increment": torch.tensor(draws.INCREMENT),
            "_below": torch.tensor([draws.threshold(rho) for rho in (1.0, 1.0, self.rho)]),
            "_static_weights": torch.ones(1),
            "_last_step": torch.tensor(-1),
        }

    def forward(self, losses: Dict[str, Tensor], step: Optional[Union[int, Tensor]] = None) -> Tensor:
        """Return the sum of the weighted loss terms, and move the weights on if `step` is a new one.

        Parameters
        ----------
        losses : dict of str to Tensor
            Loss terms by name, each of shape [].
        step : int or Tensor, optional
            Optimizer step; a tensor is int64 of shape []. Without it, every call is a step.

        Returns
        -------
        Tensor
            Shape [], in the wider of float32 and the dtype of the losses.

        Raises
        ------
        TypeError, ValueError
            If the losses are no real floating-point scalars on one device, if their names change after the
            first call, or if a loaded checkpoint holds the state of another number of loss terms.
        """
        if len(losses) == 0 or self.names != list(losses.keys()):
            self._start(losses)
        terms = torch.stack(list(losses.values()))
        if terms.dtype != self.lmbda_ema.dtype:
            terms = terms.to(self.lmbda_ema.dtype)
        if len(self.weights) > 0:
            terms = terms * self._static_weights
        if isinstance(step, int):
            if step == self._seen_step:
                return torch.dot(terms, self.lmbda_ema.clone())
            self._seen_step = step
        with torch.no_grad():
            weights = self._move(terms.detach(), step)
        return torch.dot(terms, weights)

    def _move(self, losses: Tensor, step: Optional[Union[int, Tensor]]) -> Tensor:
        """Take one step of the balancing and return the weights, both of shape [num_losses]."""
        below = self._below.index_select(0, self._phase)
        keep = draws.draw(self._draws, self._multiplier, self._increment, below)
        if self._ranks > 1:
            losses, keep = agree(losses, keep)
        # 0 for finite loss terms; NaN, which equals nothing, if one of them is not.
        accept = torch.dot(losses, self._zeros) == self._zero
        if isinstance(step, Tensor):
            accept = torch.logical_and(accept, step != self._last_step)
            self._last_step.copy_(step)
        memory = self._memory.index_select(0, self._phase)
        initial = torch.where(self._is_first.index_select(0, self._phase), losses, self.init_losses)
        weights = update_weights(
            self.lmbda_ema, losses, initial, self.prev_losses, keep, memory, self._temperature, self._eps, self._count
        )
        torch.where(accept, weights, self.lmbda_ema, out=self.lmbda_ema)
        torch.where(accept, initial, self.init_losses, out=self.init_losses)
        torch.where(accept, losses, self.prev_losses, out=self.prev_losses)
        torch.where(accept, self._next_phase.index_select(0, self._phase), self._phase, out=self._phase)
        return self.lmbda_ema.clone()

    @torch.jit.ignore
    def _start(self, losses: Dict[str, Tensor]) -> None:
        """Check the loss terms of the first call, and fit the state to their number, dtype and device."""
        names = list(losses)
        if self.names:
            raise ValueError(f"The loss terms changed in training: they were {self.names} and now are {names}.")
        if self._problem:
            raise ValueError(f"{self._problem} Remove the checkpoint to start anew.")
        loss_terms.check_names(names, self.weights)
        loss_terms.check_terms(losses)
        if self._resumed:
            check_fits(names, self._saved_names, self.lmbda_ema.numel())
        elif len(names) != self.lmbda_ema.numel():
            # The host miscounts the terms of custom losses; no call has filled the state yet.
            for name, value in STATE.items():
                setattr(self, name, self.lmbda_ema.new_full((len(names),), value))
        self._count = torch.tensor(float(len(names)))
        self._zeros = torch.zeros(len(names))
        self._static_weights = torch.tensor([self.weights.get(name, 1.0) for name in names], dtype=torch.float64)
        device = next(iter(losses.values())).device
        dtype = functools.reduce(torch.promote_types, (loss.dtype for loss in losses.values()), self.lmbda_ema.dtype)
        for name, buffer in list(self.named_buffers()):
            setattr(self, name, buffer.to(device, dtype if buffer.is_floating_point() else buffer.dtype))
        self.names = names

    @torch.jit.ignore
    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Save the buffers that the host's Relobralo has too; the rest goes into the metadata."""
        # Not by the method of nn.Module: a scripted module would save the non-persistent buffers as well.
        for name in STATE:
            buffer = getattr(self, name)
            destination[prefix + name] = buffer if keep_vars else buffer.detach()
        destination._metadata[prefix[:-1]].update(
            phase=int(self._phase), draws=int(self._draws), names=list(self.names or self._saved_names)
        )

    @torch.jit.ignore
    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *args: Any) -> None:
        """Take over the state of a checkpoint, whatever its number of loss terms.

        The host swallows an exception here and trains on from step 0 with half of a checkpoint loaded. So what
        does not fit is logged, and raised by the next call of forward.
        """
        _strict, missing_keys, _unexpected_keys, _errors = args
        if not state_dict:
            logger.warning("The checkpoint's aggregator has no state: ReLoBRaLo starts with weights of 1.")
            return
        # The next call checks its losses as a first one does, and is a step of its own whatever its label.
        self.names = []
        self._seen_step = -1
        self._last_step.fill_(-1)
        state = {name: state_dict.get(prefix + name) for name in STATE}
        self._problem = find_problem(state)
        if self._problem:
            logger.error(self._problem)
            missing_keys.extend(prefix + name for name in STATE)
            return
        for name, buffer in state.items():
            # A new tensor: the number of loss terms and the dtype are those of the checkpoint.
            setattr(self, name, buffer.detach().to(getattr(self, name).device, copy=True))
        self._phase.fill_(local_metadata.get("phase", infer_phase(state)))
        if "draws" in local_metadata:
            self._draws.fill_(local_metadata["draws"])
        self._saved_names = list(local_metadata.get("names", []))
        self._resumed = True

    def extra_repr(self) -> str:
        """Return the hyperparameters, for the module's repr."""
        return f"alpha={self.alpha}, temperature={self.temperature}, rho={self.rho}, eps={self.eps}"
