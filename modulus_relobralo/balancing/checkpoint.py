"""Reading the balancing's state from a checkpoint: one of ours, or one of the host's own Relobralo.

Both hold the same three buffers. Ours also carries, in the metadata of the state dict, which every other reader
ignores, the phase of the balancing, the state of the draws and the names of the loss terms; for a checkpoint of the
host's class the phase follows from the buffers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

STATE = {"init_losses": 0.0, "prev_losses": 0.0, "lmbda_ema": 1.0}
"""Names of the buffers in a checkpoint, and their values before the first call."""

# The phases of the balancing: the first call sums, the second takes the weights against the first.
FIRST, SECOND, LATER = 0, 1, 2


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
