"""Gradient balancing as a loss aggregator: its state, and the host's contract with an aggregator."""

from typing import Any, Dict, Iterable, List, Optional, Union

import torch
from torch import Tensor, nn

from modulus_relobralo.balancing.gradient_state import STATE, describe_options, load
from modulus_relobralo.balancing.gradient_steps import take_step
from modulus_relobralo.balancing.loss_terms import check_equations, check_static_weights
from modulus_relobralo.balancing.placement import follow
from modulus_relobralo.checks import check_count
from modulus_relobralo.fingerprint import fingerprint
from modulus_relobralo.options import BOUND, EVERY


class ReLoBRaLoGrad(nn.Module):
    """Gradient balancing of conditions and equations against each other.

    The aggregated loss is sum_i lambda_i(t) L_i(t); :mod:`modulus_relobralo.balancing.gradient_equations` states the
    weights lambda_i(t): conditions that are behind together pull at least as hard as the strongest equation, and an
    equation is raised while it lags behind all of them. No gradient flows through the weights. Every `every` steps each
    term is differentiated by itself, which costs about one backward pass, and the weights move; in the steps between
    they stay. Losses without a network behind them, as natural gradients hand them over, have weights of 1.

    Calls with the `step` of the call before (further micro-batches of gradient accumulation, the closures of L-BFGS)
    share its weights. A loss term that is not finite leaves what is known of its gradient as it was. State and weights
    are of the dtype and on the device of the losses, in float32 at least. In data-parallel training all ranks have the
    same weights, those of the geometric mean of their norms and the mean of their losses.

    Parameters
    ----------
    params : iterable of Tensor
        Parameters of the model; those without ``requires_grad`` do not count.
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
        Static factors by name of loss term, applied before balancing; 1 where a name is missing.

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
        Names of the loss terms, in the order of the buffers; empty before the first call.
    network : list of Tensor
        As in :class:`ReLoBRaLo`.

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
    _saved_names: List[str]
    network: List[Tensor]
    _saved_network: List[str]
    _parameters_of_model: List[Tensor]

    log_norms: Tensor
    init_losses: Tensor
    lmbda_ema: Tensor
    moves: Tensor
    _static_weights: Tensor
    _equations: Tensor

    def __init__(
        self,
        params: Iterable[Tensor],
        num_losses: int,
        equations: Iterable[str],
        every: int = EVERY,
        bound: float = BOUND.default,
        weights: Optional[Dict[str, float]] = None,
    ) -> None:
        super().__init__()
        check_count("num_losses", num_losses)
        check_count("every", every)
        self.equations = check_equations(equations)
        self.every = int(every)
        self.bound = BOUND.check(bound)
        self.weights = check_static_weights(weights)
        self._parameters_of_model = [parameter for parameter in params if parameter.requires_grad]
        if not self._parameters_of_model:
            raise ValueError("Parameter `params` must hold parameters that are trained. Found none.")
        self.names = []
        self._saved_names = []
        self.network = []
        self._saved_network = []
        self._resumed: bool = False
        self._problem: str = ""
        self._seen_step: int = -1
        self._moves: int = 0
        for name, value in STATE.items():
            self.register_buffer(name, torch.full((num_losses,), value))
        self.register_buffer("moves", torch.tensor(0))
        self.register_buffer("_static_weights", torch.ones(1), persistent=False)
        self.register_buffer("_equations", torch.zeros(1, dtype=torch.bool), persistent=False)

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
            first call, if a loaded checkpoint holds the state of other loss terms, or if one of the first is negative.
        RuntimeError
            If the call is recorded in a CUDA graph, which would replay one look at the gradients for ever.
        """
        self._move(losses, step)
        terms = torch.stack(list(losses.values())).to(self.lmbda_ema.dtype) * self._static_weights
        return torch.dot(terms, self.lmbda_ema.clone())

    @torch.jit.ignore
    def _move(self, losses: Dict[str, Tensor], step: Optional[Union[int, Tensor]]) -> None:
        take_step(self, losses, step)

    @torch.jit.ignore
    def _apply(self, fn: Any, recurse: bool = True) -> "ReLoBRaLoGrad":
        """Follow to another device, but not to another dtype."""
        for name, buffer in list(self.named_buffers()):
            setattr(self, name, follow(buffer, fn))
        return self

    @torch.jit.ignore
    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        self.moves.fill_(self._moves)
        for name in (*STATE, "moves"):
            buffer = getattr(self, name)
            destination[prefix + name] = buffer if keep_vars else buffer.detach()
        metadata = getattr(destination, "_metadata", None)
        if metadata is not None:
            metadata.setdefault(prefix[:-1], {}).update(
                names=list(self.names or self._saved_names), network=fingerprint(self.network)
            )

    @torch.jit.ignore
    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *args: Any) -> None:
        _strict, missing_keys, _unexpected_keys, _errors = args
        missing_keys.extend(load(self, state_dict, prefix, local_metadata))

    def extra_repr(self) -> str:
        """Return the hyperparameters, for the module's repr."""
        return describe_options(self)
