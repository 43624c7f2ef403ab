"""The state of a balancing as buffers, and what the host and PyTorch do with it: move, save, load."""

from typing import Any

import torch
from torch import Tensor, nn

from modulus_relobralo.balancing import checkpoint, draws
from modulus_relobralo.balancing.checkpoint import FIRST, LATER, SECOND, STATE
from modulus_relobralo.balancing.first_call import numbers_of
from modulus_relobralo.balancing.placement import follow
from modulus_relobralo.balancing.watch import EVERY, look


class State(nn.Module):
    """The buffers of :class:`~modulus_relobralo.ReLoBRaLo`, and what Python keeps beside them."""

    names: list[str]
    weights: dict[str, float]
    alpha: float
    temperature: float
    rho: float
    eps: float
    _saved_names: list[str]
    network: list[Tensor]
    _saved_network: list[str]

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
        self.network = []
        self._saved_network = []
        self._resumed: bool = False
        self._problem: str = ""
        self._seen_step: int = -1
        self._ranks: int = 1
        self._calls: int = 0
        self._look_every: int = EVERY
        self._holder: int = -1
        self._held_since: int = 0
        self._warned: bool = False
        self._compared: bool = False
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
        for name, tensor in {**counters, **numbers_of(self, number, torch.float32)}.items():
            self.register_buffer(name, tensor, persistent=False)

    @torch.jit.ignore
    def inspect(self) -> None:
        """Raise if a loss term was negative, and warn if one has held nearly all of the weight for long.

        It is done every 100 steps, but for those of a CUDA graph, and whenever the state is saved.

        Raises
        ------
        ValueError
            If a loss term was negative; the message names it.
        """
        look(self)

    @torch.jit.ignore
    def _apply(self, fn: Any, recurse: bool = True) -> "State":
        """Follow to another device, but not to another dtype."""
        for name, buffer in list(self.named_buffers()):
            setattr(self, name, follow(buffer, fn))
        return self

    @torch.jit.ignore
    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        look(self)
        checkpoint.save(self, destination, prefix, keep_vars)

    @torch.jit.ignore
    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *args: Any) -> None:
        _strict, missing_keys, _unexpected_keys, _errors = args
        missing_keys.extend(checkpoint.load(self, state_dict, prefix, local_metadata))
