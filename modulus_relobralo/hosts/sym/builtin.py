"""The host's own Relobralo, with its loss terms by name: ``loss: relobralo_builtin``."""

from typing import Any, Dict, List

import torch
from torch import Tensor, nn

from modulus_relobralo.balancing.base import warn_nameless
from modulus_relobralo.hosts.sym import host

# What the host's aggregators take as a step: TorchScript wants to know.
_Step: Any = int if host.name() == "modulus.sym" else Tensor


class BuiltinRelobralo(nn.Module):
    """The host's own Relobralo behind a door that hands it the loss terms in the order of their names.

    It keeps its state by position, and the host's order of outputs depends on how derivatives are made and on Python's
    hash seed. In a checkpoint its state stands as it always did, with the names in the metadata of the state dict.

    Parameters
    ----------
    own : Aggregator
        The host's.
    """

    _names: List[str]
    _saved_names: List[str]

    def __init__(self, own: nn.Module) -> None:
        super().__init__()
        self.own = own
        self._names = []
        self._saved_names = []
        self._loaded: bool = False
        # The names as the losses of the last call had them; at first those of no dictionary, which has no name twice.
        self._order = ["", ""]

    def forward(self, losses: Dict[str, Tensor], step: _Step) -> Tensor:
        """Return the aggregated loss, shape [], of loss terms by name, each of shape [], in any order.

        Raises
        ------
        ValueError
            If their names change after the first call, or are not those of a checkpoint that was loaded.
        """
        if self._order != list(losses.keys()):
            self._start(losses, [self.own.init_losses, self.own.prev_losses, self.own.lmbda_ema])
        return self.own({name: losses[name] for name in self._names}, step)

    @torch.jit.ignore
    def _start(self, losses: Dict[str, Tensor], state: List[Tensor]) -> None:
        """Take the names of a first call, and bring the state of a checkpoint in their order; in others, the order.

        `state` are the host's buffers: a scripted module has no submodules in a method called from TorchScript.
        """
        names, saved = sorted(losses), self._saved_names or list(losses)
        if self._names and names != self._names:
            raise ValueError(f"The loss terms changed in training: they were {self._names} and now are {names}.")
        if not self._names and self._loaded:
            if sorted(saved) != names:
                raise ValueError(f"The checkpoint holds the balancing of the loss terms {saved}. Found {names}.")
            if not self._saved_names:
                warn_nameless(saved)
            places = [saved.index(name) for name in names]
            for buffer in state:
                buffer.copy_(buffer[places])
        self._names, self._order = names, list(losses)

    @torch.jit.ignore
    def state_dict(self, *args: Any, **options: Any) -> Any:
        """Return the state of the host's aggregator, under its own keys."""
        state = self.own.state_dict(*args, **options)
        metadata = getattr(state, "_metadata", None)
        if metadata is not None:
            prefix = options.get("prefix", "")
            metadata.setdefault(prefix[:-1], {})["names"] = list(self._names or self._saved_names)
        return state

    @torch.jit.ignore
    def load_state_dict(self, state_dict: Any, *args: Any, **options: Any) -> Any:
        """Load the state of the host's aggregator, or of ours; its order is mended by the next call."""
        keys = self.own.load_state_dict(state_dict, *args, **options)
        self._saved_names = list(getattr(state_dict, "_metadata", {}).get("", {}).get("names", []))
        self._names, self._order, self._loaded = [], ["", ""], True
        return keys
