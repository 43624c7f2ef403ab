"""ReLoBRaLo as a loss aggregator: the state of the balancing, and the host's contract with an aggregator."""

from typing import Dict, Iterable, List, Optional, Union

import torch
from torch import Tensor

from modulus_relobralo.balancing import draws
from modulus_relobralo.balancing.equations import fill_previous, find_growing, grow_initial, update_weights
from modulus_relobralo.balancing.first_call import describe_options, start, widen
from modulus_relobralo.balancing.loss_terms import check_static_weights
from modulus_relobralo.balancing.ranks import agree
from modulus_relobralo.balancing.state import State
from modulus_relobralo.checks import check_count
from modulus_relobralo.options import ALPHA, EPS, RHO, TEMPERATURE


class ReLoBRaLo(State):
    """Relative Loss Balancing with Random Lookback, as an aggregator of a dictionary of loss terms.

    The aggregated loss is sum_i lambda_i(t) L_i(t); :mod:`modulus_relobralo.balancing.equations` states the weights
    lambda_i(t). The first call sums the loss terms (weights 1) and remembers them, the second takes the weights
    against the first, and from the third on the whole equation holds. No gradient flows through the weights.
    A reference of nothing, of which a ratio says nothing, is not taken as the article takes it: the equations say how.

    The weights move once per optimizer step: calls with the `step` of the call before (further micro-batches of
    gradient accumulation, the closures of L-BFGS) share its weights. A call in which a loss term is not finite leaves
    the state as it was. State and weights are of the dtype and on the device of the losses, in float32 at least,
    whatever the module itself is moved to. In data-parallel training all ranks have the same weights, those of the
    mean of their losses.

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
        Static factors by name of loss term, applied before balancing; 1 where a name is missing.
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
        Names of the loss terms, in the order of the buffers; empty before the first call.
    network : list of Tensor
        Parameters that a resumed run must begin with as its checkpoint was saved, or the first call raises. Empty, but
        in a Solver.

    Examples
    --------
    >>> balance = ReLoBRaLo([], num_losses=2)
    >>> float(balance({"pde": torch.tensor(3.0), "walls": torch.tensor(1.0)}))
    4.0
    """

    # TorchScript reads what an empty list holds from the class itself, and calls none but ignored methods of it: those
    # called in Python hand the module on to functions.
    names: List[str]
    weights: Dict[str, float]
    _saved_names: List[str]
    network: List[Tensor]
    _saved_network: List[str]

    def __init__(
        self,
        params: Iterable[Tensor],
        num_losses: int,
        alpha: float = ALPHA.default,
        temperature: float = TEMPERATURE.default,
        rho: float = RHO.default,
        eps: float = EPS.default,
        weights: Optional[Dict[str, float]] = None,
        *,
        tau: Optional[float] = None,
        beta: Optional[float] = None,
    ) -> None:
        super().__init__()
        check_count("num_losses", num_losses)
        self.alpha = ALPHA.check(alpha)
        self.temperature = TEMPERATURE.check(temperature, tau)
        self.rho = RHO.check(rho, beta)
        self.eps = EPS.check(eps)
        self.weights = check_static_weights(weights)
        self.register_state(num_losses)

    def forward(self, losses: Dict[str, Tensor], step: Optional[Union[int, Tensor]] = None) -> Tensor:
        """Return the sum of the weighted loss terms, and move the weights on if `step` is a new one.

        Parameters
        ----------
        losses : dict of str to Tensor
            Loss terms by name, each of shape [] and not negative.
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
            first call, if a loaded checkpoint holds the state of another number of loss terms, or if a loss term is
            negative: in the first call, or at the next look of :mod:`modulus_relobralo.balancing.watch`.
        """
        if len(losses) == 0 or self.names != list(losses.keys()):
            self._start(losses)
        terms = torch.stack(list(losses.values()))
        if terms.dtype != self.lmbda_ema.dtype:
            terms = self._widen(terms)
        if len(self.weights) > 0:
            terms = terms * self._static_weights
        if isinstance(step, int):
            if step == self._seen_step:
                return torch.dot(terms, self.lmbda_ema.clone())
            self._seen_step = step
        with torch.no_grad():
            weights = self._move(terms.detach(), step)
        # A number of Python's that changes in every call would have torch.compile compile anew.
        if torch.jit.is_scripting() or not torch.compiler.is_compiling():
            self._calls += 1
            if self._calls % self._look_every == 0:
                self.inspect()
        return torch.dot(terms, weights)

    def _move(self, losses: Tensor, step: Optional[Union[int, Tensor]]) -> Tensor:
        """Take one step of the balancing and return the weights, both of shape [num_losses]."""
        below = self._below.index_select(0, self._phase)
        keep = draws.draw(self._draws, self._multiplier, self._increment, below)
        if self._ranks > 1:
            losses, keep = agree(losses, keep)
        self._moves.add_(1)
        torch.fmin(self._lowest, losses, out=self._lowest)
        # 0 for finite loss terms that are not negative; NaN, which equals nothing, if one of them is.
        accept = torch.dot(torch.sqrt(losses), self._zeros) == self._zero
        if isinstance(step, Tensor):
            accept = torch.logical_and(accept, step != self._last_step)
            self._last_step.copy_(step)
        initial = torch.where(self._is_first.index_select(0, self._phase), losses, self.init_losses)
        growing = find_growing(self._growing, losses, initial, self._nothing)
        initial = grow_initial(growing, losses, initial)
        previous = fill_previous(losses, self.prev_losses, self._nothing)
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
    def _start(self, losses: Dict[str, Tensor]) -> None:
        start(self, losses)

    @torch.jit.ignore
    def _widen(self, terms: Tensor) -> Tensor:
        return widen(self, terms)

    def extra_repr(self) -> str:
        """Return the hyperparameters, for the module's repr."""
        return describe_options(self)
