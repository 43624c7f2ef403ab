"""What a balancing says of a training that is unlikely to succeed, and its weights by name.

Reading numbers back from the device would cost more, in every step, than the balancing. So the device keeps what is
needed (the lowest value of each term, the number of steps), and every :data:`EVERY` steps it is read. In a CUDA graph
Python does not run: there it is read by the monitor and with the checkpoints.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from modulus_relobralo.options import NEARLY_ALL

logger = logging.getLogger(__name__)

EVERY = 100
"""Steps from one inspection to the next."""
APART = 1e6
"""How many times as large as another a loss term may start before it is said."""
STEPS = 1000
"""For how many steps a term holds it before it is said: for shorter times a slow one may."""


def named_weights(balance: Any) -> dict[str, Tensor]:
    """Return the weights of a balancing by loss term, each of shape [], after an inspection; of anything else none.

    Raises
    ------
    ValueError
        If a loss term was negative; the message names it.
    """
    names = getattr(balance, "names", None)
    if not names:
        return {}
    # What a balancing does itself every hundred steps, but for those of a CUDA graph.
    if hasattr(balance, "inspect"):
        balance.inspect()
    return dict(zip(names, balance.lmbda_ema.detach().clone(), strict=True))


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
    holds = weights[index] > NEARLY_ALL * sum(weights) and losses[index] > initial[index]
    return index if holds else -1


def warn_of_holder(name: str, fraction: float, initial: float, loss: float, steps: int) -> None:
    """Warn of a term that holds nearly all of the weight: which it is, how it came about and what to do."""
    logger.warning(
        f"Loss term `{name}` has held more than {NEARLY_ALL:.0%} of the weight for {steps} steps, now {fraction:.1%}: "
        f"it was {initial:.3g} at the first step and is {loss:.3g}, which ReLoBRaLo takes for lack of progress. "
        "If that first value was small by accident, start anew with another seed or another start of the network, "
        "or with a higher `temperature`, or take `loss: relobralo_grad`; compare with `loss: sum`."
    )
