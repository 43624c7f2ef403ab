"""The first call of a balancing: its checks, and the fitting of the state to the losses that it is given."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from modulus_relobralo.balancing import loss_terms
from modulus_relobralo.balancing.checkpoint import STATE, check_fits
from modulus_relobralo.balancing.equations import NOTHING
from modulus_relobralo.balancing.placement import widest_dtype
from modulus_relobralo.balancing.ranks import count_ranks, is_first_rank
from modulus_relobralo.fingerprint import check_same
from modulus_relobralo.version import __version__

logger = logging.getLogger(__name__)


def start(module: Any, losses: dict[str, Tensor]) -> None:
    """Check the loss terms of the first call, or the first one of a resumed run, and fit the state to them.

    Raises
    ------
    TypeError, ValueError
        As :meth:`modulus_relobralo.ReLoBRaLo.forward` says.
    """
    names, terms = list(losses), admit(module, losses)
    if len(names) != module.lmbda_ema.numel():
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


def admit(module: Any, losses: Mapping[str, Tensor]) -> Tensor:
    """Check the loss terms of a first call, against a checkpoint too if one was loaded; return them, shape [m]."""
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
    if module.network:
        check_same(module.network, module._saved_network, "the balancing")
    return terms


def widen(module: Any, terms: Tensor) -> Tensor:
    """Return the terms in the dtype of the state, after the state has taken theirs if that is the wider."""
    if torch.promote_types(terms.dtype, module.lmbda_ema.dtype) != module.lmbda_ema.dtype:
        _fit(module, terms)
    return terms.to(module.lmbda_ema.dtype)


def describe_options(module: Any) -> str:
    """Return the hyperparameters with their values."""
    return f"alpha={module.alpha}, temperature={module.temperature}, rho={module.rho}, eps={module.eps}"


def _fit(module: Any, terms: Tensor) -> None:
    """Bring the state to the device of the losses, and to their dtype."""
    dtype = widest_dtype(terms)
    for name, tensor in numbers_of(module, len(module.names), dtype).items():
        setattr(module, name, tensor)
    for name, buffer in list(module.named_buffers()):
        setattr(module, name, buffer.to(terms.device, dtype if buffer.is_floating_point() else buffer.dtype))


def numbers_of(module: Any, number: int, dtype: torch.dtype) -> dict[str, Tensor]:
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
