"""The state of gradient balancing: fitted to the losses of the first call, and read from a checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from modulus_relobralo.balancing.first_call import admit
from modulus_relobralo.balancing.loss_terms import check_named
from modulus_relobralo.balancing.placement import widest_dtype
from modulus_relobralo.balancing.ranks import is_first_rank
from modulus_relobralo.version import __version__

logger = logging.getLogger(__name__)

STATE = {"log_norms": float("nan"), "init_losses": float("nan"), "lmbda_ema": 1.0}
"""Names of the buffers of a checkpoint, a number for each loss term, and their values before the first call."""


def start(module: Any, losses: Mapping[str, Tensor]) -> None:
    """Check the loss terms of the first call, or the first one of a resumed run, and fit the state to them."""
    names, terms = list(losses), admit(module, losses)
    check_named("equations", module.equations, names)
    if len(names) != module.lmbda_ema.numel():
        # The host miscounts the terms of custom losses; no call has filled the state yet.
        for name, value in STATE.items():
            setattr(module, name, torch.full((len(names),), value))
    module.names = names
    module._static_weights = torch.tensor([module.weights.get(name, 1.0) for name in names])
    module._equations = torch.tensor([name in module.equations for name in names])
    dtype = widest_dtype(terms)
    for name, buffer in list(module.named_buffers()):
        setattr(module, name, buffer.to(terms.device, dtype if buffer.is_floating_point() else buffer.dtype))
    if is_first_rank():
        logger.info(
            f"ReLoBRaLoGrad of modulus_relobralo {__version__}: {describe_options(module)}; terms: {', '.join(names)}"
        )


def describe_options(module: Any) -> str:
    """Return the hyperparameters with their values."""
    names = ("equations", "every", "bound")
    return ", ".join(f"{name}={getattr(module, name)}" for name in names)


def load(module: Any, state_dict: Any, prefix: str, metadata: Any) -> list[str]:
    """Take over the state of a checkpoint, whatever its number of loss terms; return the keys that do not fit.

    The host swallows an exception here and trains on with half of a checkpoint loaded. So what does not fit is logged,
    and raised by the next call of forward.
    """
    if not state_dict:
        logger.warning("The checkpoint's aggregator has no state: ReLoBRaLoGrad starts anew.")
        return []
    found = {name: state_dict.get(prefix + name) for name in (*STATE, "moves")}
    missing = [prefix + name for name, buffer in found.items() if not isinstance(buffer, Tensor)]
    # The next call checks its losses as a first one does, and is a step of its own whatever its label.
    module.names = []
    module._seen_step = -1
    module._problem = ""
    shapes = {name: None if buffer is None else list(buffer.shape) for name, buffer in found.items()}
    if missing or len({str(shapes[name]) for name in STATE}) != 1:
        module._problem = (
            f"The checkpoint's aggregator state does not fit ReLoBRaLoGrad: {', '.join(STATE)} of one shape [number of "
            f"loss terms] are needed, found {shapes}."
        )
        logger.error(module._problem)
        return missing or list(found)
    for name, buffer in found.items():
        # A new tensor: the number of loss terms and the dtype are those of the checkpoint.
        setattr(module, name, buffer.detach().to(getattr(module, name).device, copy=True))
    module._moves = int(module.moves)
    module._saved_names = list(metadata.get("names", []))
    module._saved_network = list(metadata.get("network", []))
    module._resumed = True
    return []
