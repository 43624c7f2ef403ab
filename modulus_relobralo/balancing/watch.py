"""What is looked at now and then in a balancing: negative loss terms, and one that holds the weight for long.

A look reads numbers back from the device, which in every step would cost more than the balancing. So the device keeps
what a look needs (the lowest value of each term, the number of steps), and steps are looked at in their hundreds. In
a CUDA graph Python does not run: there the looks are those of the monitor and of the checkpoints.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from modulus_relobralo.balancing.loss_terms import check_not_negative

logger = logging.getLogger(__name__)

EVERY = 100
"""Steps from one look to the next."""
SHARE = 0.9
"""What counts as nearly all of the sum of the weights."""
APART = 1e6
"""How many times as large as another a loss term may start before it is said."""
STEPS = 1000
"""For how many steps a term holds it before it is said: for shorter times a slow one may."""


def named_weights(balance: Any) -> dict[str, Tensor]:
    """Return the weights of a balancing by loss term, each of shape [], after a look at it; of anything else none.

    Raises
    ------
    ValueError
        If a loss term was negative; the message names it.
    """
    names = getattr(balance, "names", None)
    if not names:
        return {}
    # What ReLoBRaLo itself looks at every hundred steps, but for those of a CUDA graph.
    if hasattr(balance, "inspect"):
        balance.inspect()
    return dict(zip(names, balance.lmbda_ema.detach().clone(), strict=True))


def look(module: Any) -> None:
    """Look at a ReLoBRaLo that has been called: not while its call is compiled or recorded.

    Raises
    ------
    ValueError
        If a loss term was negative; the message names it.
    """
    if not module.names or torch.compiler.is_compiling() or _is_recording():
        return
    seen = torch.stack([module._lowest, module.lmbda_ema, module.init_losses, module.prev_losses])
    lowest, weights, initial, losses = seen.tolist()
    check_not_negative(module.names, lowest)
    if not module._compared:
        module._compared = True
        warn_if_far_apart(dict(zip(module.names, initial, strict=True)))
    steps = int(module._moves)
    holder = find_holder(weights, initial, losses)
    if holder != module._holder:
        module._holder, module._held_since = holder, steps
    held = steps - module._held_since
    if holder >= 0 and held >= STEPS and not module._warned:
        module._warned = True
        share = weights[holder] / sum(weights)
        logger.warning(describe(module.names[holder], share, initial[holder], losses[holder], held))


def warn_if_far_apart(initial: Mapping[str, float]) -> None:
    """Warn if loss terms start so far apart that units are the likely reason; a zero does not count."""
    sizes = {name: size for name, size in initial.items() if size > 0}
    if sizes and max(sizes.values()) > APART * min(sizes.values()):
        smallest, largest = (choose(sizes, key=sizes.__getitem__) for choose in (min, max))
        logger.warning(
            f"Loss terms start more than {APART:g} times apart: `{smallest}` at {sizes[smallest]:.3g}, `{largest}` at "
            f"{sizes[largest]:.3g}. Units are the likely reason, and a network rarely learns such a problem: bring "
            "inputs, outputs and residuals to order one (`keys` and `scaled=True` of hosts.sym do it for a plate)."
        )


def find_holder(weights: Sequence[float], initial: Sequence[float], losses: Sequence[float]) -> int:
    """Return the index of the term that holds nearly all of the weight and is above its first value, or -1.

    Parameters
    ----------
    weights, initial, losses : sequence of float
        The present weights, the first losses and the present ones. A term that fell below its first value
        has the weight because the others fell further, as it should.
    """
    if len(weights) < 2:
        return -1
    index = max(range(len(weights)), key=weights.__getitem__)
    holds = weights[index] > SHARE * sum(weights) and losses[index] > initial[index]
    return index if holds else -1


def describe(name: str, share: float, initial: float, loss: float, steps: int) -> str:
    """Return the warning: which term it is, how it came about and what to do."""
    return (
        f"Loss term `{name}` has held more than {SHARE:.0%} of the weight for {steps} steps, now {share:.1%}: "
        f"it was {initial:.3g} at the first step and is {loss:.3g}, which ReLoBRaLo takes for lack of progress. "
        "If that first value was small by accident, start anew with another seed or another start of the network, "
        "or with a higher `temperature`; compare with `loss: sum`."
    )


def _is_recording() -> bool:
    return torch.cuda.is_available() and torch.cuda.is_current_stream_capturing()
