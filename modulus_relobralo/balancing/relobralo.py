"""ReLoBRaLo as a loss aggregator."""

from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple, Union

import torch
from torch import Tensor

from modulus_relobralo.balancing import diagnostics, draws
from modulus_relobralo.balancing.base import Balancing
from modulus_relobralo.balancing.checks import check_step
from modulus_relobralo.balancing.equations import NEGLIGIBLE, fill_previous, find_growing, grow_initial, update_weights
from modulus_relobralo.options import ALPHA, EPS, RHO, TEMPERATURE
from modulus_relobralo.ranks import all_reduce_mean, is_first_rank

# The phases of the balancing: the first call sums, the second takes the weights against the first.
FIRST, SECOND, LATER = 0, 1, 2


class ReLoBRaLo(Balancing):
    """Relative Loss Balancing with Random Lookback, as an aggregator of a dictionary of loss terms.

    The aggregated loss is sum_i lambda_i(t) L_i(t); :mod:`modulus_relobralo.balancing.equations` states the weights
    lambda_i(t). The first call sums the loss terms (weights 1) and remembers them, the second takes the weights
    against the first, and from the third on the whole equation holds. No gradient flows through the weights.
    A reference loss of zero, of which a ratio says nothing, is not taken as in the article: the equations say how.

    Loss terms are known by name: the dictionary may come in any order. The weights move once per optimizer step: calls
    with the `step` of the call before (further micro-batches of gradient accumulation, the closures of L-BFGS) share
    its weights. A call in which a loss term is not finite leaves the state as it was. State and weights are of the
    dtype and on the device of the losses, in float32 at least, whatever the module itself is moved to. In data-parallel
    training all ranks have the same weights, those of the mean of their losses.

    Parameters
    ----------
    params : iterable of Tensor
        Parameters of the model, which the host hands to every aggregator. Not used.
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
        Static factors by name of loss term, applied before balancing; 1 where a name is missing. A checkpoint holds
        them: losses that were saved under others are converted.
    tau, beta : float, optional
        Other names of `temperature` and `rho`, for configs written for the option that the host ships. A name
        and its alias together are an error, unless the former has its default value.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind or out of range; the message names it, its range and what was found.
        In a call: see :meth:`forward`.

    Attributes
    ----------
    init_losses, prev_losses, lmbda_ema : Tensor
        Buffers of shape [num_losses]: L(0), L(t-1) and lambda(t). Names and shapes are those of the host's own
        Relobralo, so that checkpoints are interchangeable.
    names : list of str
        Names of the loss terms, sorted, in the order of the buffers; empty before the first call.

    Examples
    --------
    >>> balance = ReLoBRaLo([], num_losses=2)
    >>> float(balance({"pde": torch.tensor(3.0), "walls": torch.tensor(1.0)}))
    4.0
    """

    # TorchScript reads from the class itself what an empty list or dictionary holds.
    names: List[str]
    weights: Dict[str, float]
    network: List[Tensor]
    _saved_names: List[str]
    _saved_network: List[str]

    prev_losses: Tensor
    # In the metadata of checkpoints.
    _phase: Tensor
    _draws: Tensor
    # Of this process.
    _moves: Tensor
    _last_step: Tensor
    # By phase.
    _is_first: Tensor
    _next_phase: Tensor
    _below: Tensor
    _memory: Tensor
    # Constants.
    _multiplier: Tensor
    _increment: Tensor
    _temperature: Tensor
    _eps: Tensor
    _negligible: Tensor
    _count: Tensor
    _zero: Tensor
    _zeros: Tensor

    def __init__(
        self,
        params: Iterable[Tensor],
        num_losses: int,
        alpha: float = ALPHA.default,
        temperature: float = TEMPERATURE.default,
        rho: float = RHO.default,
        eps: float = EPS.default,
        weights: Optional[Mapping[str, float]] = None,
        *,
        tau: Optional[float] = None,
        beta: Optional[float] = None,
    ) -> None:
        super().__init__(num_losses, weights)
        self.alpha = ALPHA.check(alpha)
        self.temperature = TEMPERATURE.check(temperature, tau)
        self.rho = RHO.check(rho, beta)
        self.eps = EPS.check(eps)
        self._holder: int = -1
        self._held_since: int = 0
        self._warned: bool = False
        counters = {
            "_phase": torch.tensor([FIRST]),
            "_draws": torch.tensor(draws.initial_state(torch.initial_seed())),
            "_moves": torch.tensor(0),
            "_last_step": torch.tensor(-1),
            "_is_first": torch.tensor([True, False, False]),
            "_next_phase": torch.tensor([SECOND, LATER, LATER]),
            "_below": torch.tensor([draws.threshold(rho) for rho in (1.0, 1.0, self.rho)]),
            "_multiplier": torch.tensor(draws.MULTIPLIER),
            "_increment": torch.tensor(draws.INCREMENT),
        }
        for name, tensor in {**counters, **self._constants(num_losses, torch.float32)}.items():
            self.register_buffer(name, tensor, persistent=False)

    def forward(self, losses: Dict[str, Tensor], step: Optional[Union[int, Tensor]] = None) -> Tensor:
        """Return the sum of the weighted loss terms, and move the weights on if `step` is a new one.

        Parameters
        ----------
        losses : dict of str to Tensor
            Loss terms by name, in any order, each of shape [] and not negative.
        step : int or Tensor, optional
            Optimizer step; a tensor is of an integer and of shape []. Without it, every call is a step.

        Returns
        -------
        Tensor
            Shape [], in the widest of float32 and the dtypes that the losses have had.

        Raises
        ------
        TypeError, ValueError
            If the losses are no real floating-point scalars on one device; if their names change after the first call
            or are others on another rank; if a loaded checkpoint holds the state of other loss terms; if a loss term is
            negative: in the first call, or at the next :meth:`inspect`; or if `step` is no integer.
        """
        if not torch.jit.is_scripting():
            step = check_step(step)
        terms = self._stack(losses, step)
        if len(self.weights) > 0:
            terms = terms * self._static_weights
        if isinstance(step, int):
            if step == self._seen_step:
                return torch.dot(terms, self.lmbda_ema.clone())
            self._seen_step = step
        with torch.no_grad():
            weights = self._move(terms, step)
        # A number of Python's that changes in every call would have torch.compile compile anew.
        if torch.jit.is_scripting() or not torch.compiler.is_compiling():
            self._calls += 1
            if self._calls % self._inspect_every == 0:
                self.inspect()
        return torch.dot(terms, weights)

    def _move(self, losses: Tensor, step: Optional[Union[int, Tensor]]) -> Tensor:
        """Take one step of the balancing and return the weights, both of shape [num_losses]."""
        below = self._below.index_select(0, self._phase)
        keep = draws.draw(self._draws, self._multiplier, self._increment, below)
        if self._ranks > 1:
            losses, keep = self._share(losses, keep)
        self._moves.add_(1)
        torch.fmin(self._lowest, losses, out=self._lowest)
        # 0 for finite loss terms that are not negative; NaN, which equals nothing, if one of them is.
        accept = torch.dot(torch.sqrt(losses), self._zeros) == self._zero
        if isinstance(step, Tensor):
            accept = torch.logical_and(accept, step != self._last_step)
            self._last_step.copy_(step)
        initial = torch.where(self._is_first.index_select(0, self._phase), losses, self.init_losses)
        growing = find_growing(self._growing, losses, initial, self._negligible)
        initial = grow_initial(growing, losses, initial)
        previous = fill_previous(losses, self.prev_losses, self._negligible)
        memory = self._memory.index_select(0, self._phase)
        constants = (keep, memory, self._temperature, self._eps, self._count)
        weights = update_weights(self.lmbda_ema, losses, initial, previous, *constants)
        torch.where(accept, weights, self.lmbda_ema, out=self.lmbda_ema)
        torch.where(accept, initial, self.init_losses, out=self.init_losses)
        torch.where(accept, growing, self._growing, out=self._growing)
        torch.where(accept, losses, self.prev_losses, out=self.prev_losses)
        torch.where(accept, self._next_phase.index_select(0, self._phase), self._phase, out=self._phase)
        return self.lmbda_ema.clone()

    @torch.jit.ignore
    def _share(self, losses: Tensor, keep: Tensor) -> Tuple[Tensor, Tensor]:
        """Return the mean of the ranks' losses, shape [num_losses], and the draw of rank 0, after one collective."""
        vote = keep.to(losses.dtype) if is_first_rank() else torch.zeros_like(keep, dtype=losses.dtype)
        mean = all_reduce_mean(torch.cat([losses, vote]))
        return mean[:-1], mean[-1:] > 0

    def extra_repr(self) -> str:
        """Return the hyperparameters, for the module's repr."""
        return self._describe()

    @torch.jit.ignore
    def _describe(self) -> str:
        return f"alpha={self.alpha}, temperature={self.temperature}, rho={self.rho}, eps={self.eps}"

    @torch.jit.ignore
    def _state(self) -> Dict[str, float]:
        return {"init_losses": 0.0, "prev_losses": 0.0, "lmbda_ema": 1.0}

    @torch.jit.ignore
    def _constants(self, number: int, dtype: torch.dtype) -> Dict[str, Tensor]:
        # From Python's numbers each time, as exact as the dtype can be.
        numbers: Dict[str, Any] = {
            "_memory": [1.0, 0.0, self.alpha],
            "_temperature": self.temperature,
            "_eps": self.eps,
            "_negligible": NEGLIGIBLE,
            "_count": float(number),
            "_zero": 0.0,
            "_zeros": [0.0] * number,
        }
        return {name: torch.tensor(value, dtype=dtype) for name, value in numbers.items()}

    @torch.jit.ignore
    def _metadata(self) -> Dict[str, Any]:
        return {"phase": int(self._phase), "draws": int(self._draws)}

    @torch.jit.ignore
    def _resume(self, metadata: Mapping[str, Any]) -> None:
        # The host's class has neither: the phase follows from the buffers, and the draws start anew.
        self._last_step.fill_(-1)
        self._phase.fill_(metadata.get("phase", infer_phase(self.init_losses, self.prev_losses, self.lmbda_ema)))
        if "draws" in metadata:
            self._draws.fill_(metadata["draws"])

    @torch.jit.ignore
    def _rescale(self, factors: Tensor, scale: float) -> None:
        self.init_losses.mul_(factors)
        self.prev_losses.mul_(factors)

    @torch.jit.ignore
    def _diagnose(self) -> None:
        """Warn once of a term that has held nearly all of the weight for long."""
        seen = torch.stack([self.lmbda_ema, self.init_losses, self.prev_losses])
        weights, initial, losses = seen.tolist()
        steps = int(self._moves)
        holder = diagnostics.find_holder(weights, initial, losses)
        if holder != self._holder:
            self._holder, self._held_since = holder, steps
        held = steps - self._held_since
        if holder >= 0 and held >= diagnostics.STEPS and not self._warned:
            self._warned = True
            fraction = weights[holder] / sum(weights)
            diagnostics.warn_of_holder(self.names[holder], fraction, initial[holder], losses[holder], held)


def infer_phase(initial: Tensor, previous: Tensor, weights: Tensor) -> int:
    """Return the phase that the buffers of the host's Relobralo are in, each of shape [num_losses]."""
    if not bool(initial.any()) and not bool(previous.any()):
        return FIRST
    return SECOND if torch.equal(initial, previous) and bool((weights == 1).all()) else LATER
