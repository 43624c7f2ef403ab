"""The balancing's state in a checkpoint, ours or one of the host's own Relobralo.

Both hold the same three buffers. Ours also carries, in the metadata of the state dict, which every other reader
ignores, what a restart needs beyond them: the phase of the balancing, the state of the draws, which terms began with
nothing and the names of the loss terms. A state dict that was copied into a plain dictionary has lost it, and one of
the host's class never had it; there the phase follows from the buffers, and the draws start anew.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

import torch
from torch import Tensor

from modulus_relobralo.fingerprint import fingerprint

logger = logging.getLogger(__name__)

STATE = {"init_losses": 0.0, "prev_losses": 0.0, "lmbda_ema": 1.0}
"""Names of the buffers in a checkpoint, and their values before the first call."""

# The phases of the balancing: the first call sums, the second takes the weights against the first.
FIRST, SECOND, LATER = 0, 1, 2


def save(module: Any, destination: MutableMapping[str, Any], prefix: str, keep_vars: bool) -> None:
    """Put the buffers that the host's Relobralo has too into `destination`, and the rest into its metadata.

    The parameters are those of ``torch.nn.Module._save_to_state_dict``, whose own way would, of a scripted module,
    save the non-persistent buffers as well. A plain dictionary has no metadata.
    """
    for name in STATE:
        buffer = getattr(module, name)
        destination[prefix + name] = buffer if keep_vars else buffer.detach()
    metadata = getattr(destination, "_metadata", None)
    if metadata is not None:
        metadata.setdefault(prefix[:-1], {}).update(
            phase=int(module._phase),
            draws=int(module._draws),
            growing=module._growing.tolist(),
            names=list(module.names or module._saved_names),
            network=fingerprint(module.network),
        )


def load(module: Any, state_dict: Mapping[str, Any], prefix: str, metadata: Mapping[str, Any]) -> list[str]:
    """Take over the state of a checkpoint, whatever its number of loss terms; return the keys that do not fit.

    The host swallows an exception here and trains on from step 0 with half of a checkpoint loaded. So what
    does not fit is logged, and raised by the next call of forward.
    """
    if not state_dict:
        logger.warning("The checkpoint's aggregator has no state: ReLoBRaLo starts with weights of 1.")
        return []
    # The next call checks its losses as a first one does, and is a step of its own whatever its label.
    module.names = []
    module._seen_step = -1
    module._last_step.fill_(-1)
    state: dict[str, Any] = {name: state_dict.get(prefix + name) for name in STATE}
    module._problem = find_problem(state)
    if module._problem:
        logger.error(module._problem)
        return [prefix + name for name in STATE]
    for name, buffer in state.items():
        # A new tensor: the number of loss terms and the dtype are those of the checkpoint.
        setattr(module, name, buffer.detach().to(getattr(module, name).device, copy=True))
    module._phase.fill_(metadata.get("phase", infer_phase(state)))
    if "draws" in metadata:
        module._draws.fill_(metadata["draws"])
    growing = metadata.get("growing", [False] * module.lmbda_ema.numel())
    module._growing = torch.tensor(growing, device=module._growing.device)
    module._saved_names = list(metadata.get("names", []))
    module._saved_network = list(metadata.get("network", []))
    module._resumed = True
    return []


def find_problem(state: Mapping[str, Any]) -> str:
    """Return what is wrong with the buffers of a checkpoint, or an empty string.

    Parameters
    ----------
    state : mapping of str to Tensor or None
        What the checkpoint holds under the names in :data:`STATE`.
    """
    shapes = {name: list(buffer.shape) if isinstance(buffer, Tensor) else None for name, buffer in state.items()}
    expected = "three tensors of one shape [number of loss terms] with finite numbers"
    if None in shapes.values() or len({tuple(s) for s in shapes.values() if s is not None}) != 1:
        return f"The checkpoint's aggregator state does not fit ReLoBRaLo: {expected} are needed, found {shapes}."
    damaged = [name for name, buffer in state.items() if buffer.dim() != 1 or not bool(torch.isfinite(buffer).all())]
    if damaged:
        return f"The checkpoint's aggregator state is damaged: {expected} are needed, but not so are {damaged}."
    return ""


def check_fits(names: list[str], saved_names: list[str], number: int) -> None:
    """Raise ValueError if a checkpoint's balancing is not of the loss terms `names`.

    Parameters
    ----------
    names : list of str
        The loss terms of the run that resumes.
    saved_names : list of str
        Those of the checkpoint; empty for one of the host's class, which does not save them.
    number : int
        Number of loss terms in the checkpoint.
    """
    if saved_names and names != saved_names:
        found = f"holds the balancing of the loss terms {saved_names}"
    elif len(names) != number:
        found = f"holds the balancing of {number} loss terms"
    else:
        return
    raise ValueError(
        f"The checkpoint {found}, but there are {len(names)}: {names}. "
        "Resume with the constraints that it was written with, or remove it."
    )


def infer_phase(state: Mapping[str, Tensor]) -> int:
    """Return the phase that the buffers of the host's Relobralo are in."""
    initial, previous, weights = (state[name] for name in STATE)
    if not bool(initial.any()) and not bool(previous.any()):
        return FIRST
    return SECOND if torch.equal(initial, previous) and bool((weights == 1).all()) else LATER
