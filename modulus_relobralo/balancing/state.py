"""The state of a balancing as buffers: what there is, its start, and its fitting to the losses of the first call."""

from __future__ import annotations

import logging
from typing import Any

import torch
from torch import Tensor, nn

from modulus_relobralo import __version__
from modulus_relobralo.balancing import draws, loss_terms
from modulus_relobralo.balancing.checkpoint import FIRST, LATER, SECOND, STATE, check_fits
from modulus_relobralo.balancing.equations import NOTHING
from modulus_relobralo.balancing.placement import widest_dtype
from modulus_relobralo.balancing.ranks import count_ranks, is_first_rank
from modulus_relobralo.balancing.watch import EVERY

logger = logging.getLogger(__name__)


class State(nn.Module):
    """The buffers of :class:`~modulus_relobralo.ReLoBRaLo`, and what Python keeps beside them."""

    names: list[str]
    weights: dict[str, float]
    alpha: float
    temperature: float
    rho: float
    eps: float
    _saved_names: list[str]

    # In checkpoints: the buffers of the host's own Relobralo.
    init_losses: Tensor
    prev_losses: Tensor
    lmbda_ema: Tensor
    # In the metadata of checkpoints.
    _growing: Tensor
    _phase: Tensor
    _draws: Tensor
    # Of this process.
    _moves: Tensor
    _last_step: Tensor
    _lowest: Tensor
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
    _nothing: Tensor
    _count: Tensor
    _zero: Tensor
    _zeros: Tensor
    _static_weights: Tensor

    def register_state(self, number: int) -> None:
        """Make the state of `number` loss terms; the hyperparameters and the static weights are attributes by now."""
        self.names = []
        self._saved_names = []
        self._resumed: bool = False
        self._problem: str = ""
        self._seen_step: int = -1
        self._ranks: int = 1
        self._calls: int = 0
        self._look_every: int = EVERY
        self._holder: int = -1
        self._held_since: int = 0
        self._warned: bool = False
        for name, value in STATE.items():
            self.register_buffer(name, torch.full((number,), value))
        counters = {
            "_growing": torch.zeros(number, dtype=torch.bool),
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
        for name, tensor in {**counters, **_numbers(self, number, torch.float32)}.items():
            self.register_buffer(name, tensor, persistent=False)


def start(module: State, losses: dict[str, Tensor]) -> None:
    """Check the loss terms of the first call, or the first one of a resumed run, and fit the state to them.

    Raises
    ------
    TypeError, ValueError
        As :meth:`modulus_relobralo.ReLoBRaLo.forward` says.
    """
    names = list(losses)
    if module.names:
        raise ValueError(f"The loss terms changed in training: they were {module.names} and now are {names}.")
    if module._problem:
        raise ValueError(f"{module._problem} Remove the checkpoint to start anew.")
    loss_terms.check_names(names, module.weights)
    loss_terms.check_terms(losses)
    terms = torch.stack([loss.detach() for loss in losses.values()])
    loss_terms.check_not_negative(names, terms.tolist())
    if module._resumed:
        check_fits(names, module._saved_names, module.lmbda_ema.numel())
    elif len(names) != module.lmbda_ema.numel():
        # The host miscounts the terms of custom losses; no call has filled the state yet.
        for name, value in STATE.items():
            setattr(module, name, torch.full((len(names),), value))
        module._growing = torch.zeros(len(names), dtype=torch.bool)
    module._ranks = count_ranks()
    module.names = names
    _fit(module, terms)
    if is_first_rank():
        terms_named = ", ".join(names)
        logger.info(f"ReLoBRaLo of modulus_relobralo {__version__}: {describe_options(module)}; terms: {terms_named}")


def widen(module: State, terms: Tensor) -> Tensor:
    """Return the terms in the dtype of the state, after the state has taken theirs if that is the wider."""
    if torch.promote_types(terms.dtype, module.lmbda_ema.dtype) != module.lmbda_ema.dtype:
        _fit(module, terms)
    return terms.to(module.lmbda_ema.dtype)


def describe_options(module: State) -> str:
    """Return the hyperparameters with their values."""
    return f"alpha={module.alpha}, temperature={module.temperature}, rho={module.rho}, eps={module.eps}"


def _fit(module: State, terms: Tensor) -> None:
    """Bring the state to the device of the losses, and to their dtype."""
    dtype = widest_dtype(terms)
    for name, tensor in _numbers(module, len(module.names), dtype).items():
        setattr(module, name, tensor)
    for name, buffer in list(module.named_buffers()):
        setattr(module, name, buffer.to(terms.device, dtype if buffer.is_floating_point() else buffer.dtype))


def _numbers(module: State, number: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """Return the numbers of the equations as tensors: from Python's, as exact as `dtype` can be."""
    numbers: dict[str, Any] = {
        "_memory": [1.0, 0.0, module.alpha],
        "_temperature": module.temperature,
        "_eps": module.eps,
        "_nothing": NOTHING,
        "_count": float(number),
        "_zero": 0.0,
        "_zeros": [0.0] * number,
        "_lowest": [0.0] * number,
        "_static_weights": [module.weights.get(name, 1.0) for name in module.names] or [1.0],
    }
    return {name: torch.tensor(value, dtype=dtype) for name, value in numbers.items()}
