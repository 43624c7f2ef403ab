"""What lets an optimizer follow another one in one run directory."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch

logger = logging.getLogger(__name__)

NAME = "optimizer"
"""Where a checkpoint says of which optimizer it is."""

# Releases of PyTorch differ in these, and schedulers add the first rate.
_NOT_OF_A_METHOD = frozenset(
    {"params", "initial_lr", "capturable", "decoupled_weight_decay", "differentiable", "foreach", "fused", "maximize"}
)


class Successor(torch.optim.Optimizer):
    """An optimizer that recognises the checkpoint of another one, and then starts its own state anew.

    The host loads the optimizer's state before that of everything else, and PyTorch's optimizers take over the options
    of another one with it: the first step fails, or goes on with numbers that mean something else. A successor leaves
    such a state alone and says which it found, while the host goes on to load what can be kept: the network, the
    step, the weights of the loss terms and the scheduler's place. Its rate begins at the one that is configured, and
    decays from there.

    To be mixed in before an optimizer of PyTorch or of a library::

        class Adam(Successor, torch.optim.Adam): ...

    The checkpoint names its optimizer by the class's name; of those that do not, PyTorch's own are told apart by their
    options.
    """

    def state_dict(self) -> dict[str, Any]:
        """Return PyTorch's state, with the name of the optimizer."""
        return {**super().state_dict(), NAME: type(self).__name__}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state of this kind of optimizer; leave everything as it is if the state is of another."""
        found = optimizers_of(state_dict)
        if type(self).__name__ in found:
            super().load_state_dict(state_dict)
        else:
            other = " or ".join(found) or f"an optimizer with the options {', '.join(sorted(_options(state_dict)))}"
            logger.info("The checkpoint is of %s: %s starts without its state.", other, type(self).__name__)


def optimizers_of(state_dict: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the optimizers that the state may be of; none for a kind that PyTorch does not have.

    >>> parameter = torch.nn.Parameter(torch.zeros(1))
    >>> optimizers_of(torch.optim.LBFGS([parameter]).state_dict())
    ('LBFGS',)
    >>> optimizers_of(torch.optim.Adam([parameter]).state_dict())
    ('Adam', 'AdamW')
    """
    if NAME in state_dict:
        return (state_dict[NAME],)
    options = _options(state_dict)
    return tuple(name for name, theirs in _options_of_pytorch().items() if options == theirs)


def _options(state_dict: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the options of a method, without those that are PyTorch's ways to compute it."""
    return frozenset(state_dict["param_groups"][0]) - _NOT_OF_A_METHOD


def _options_of_pytorch() -> dict[str, frozenset[str]]:
    kinds: dict[str, Any] = {name: kind for name, kind in vars(torch.optim).items() if _is_optimizer(kind)}
    # A matrix, because Muon takes nothing else.
    parameter = torch.nn.Parameter(torch.zeros(1, 1))
    return {name: _options(kinds[name]([parameter]).state_dict()) for name in sorted(kinds)}


def _is_optimizer(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer) and kind is not torch.optim.Optimizer
