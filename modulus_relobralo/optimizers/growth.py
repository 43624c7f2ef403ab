"""A warning of a loss term that grows by powers of ten while the loss falls: the others are met at its cost."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from torch import Tensor

logger = logging.getLogger(__name__)

TIMES = 100.0
"""How many times its first value a term has to be."""
STEPS = 100
"""For how many on end: an equation that a flat field satisfies grows for some tens, until the conditions are met."""
NEGLIGIBLE = 1e-6
"""Of what a term is now: a first value below it says nothing, as that of an equation that is met exactly at first."""


class Growth:
    """Watches the loss terms of a training, from the first step that it sees, and says once which one has grown."""

    def __init__(self) -> None:
        self._first: dict[str, float] = {}
        self._steps: dict[str, int] = {}
        self._told = False

    def note(self, losses: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> None:
        """Look at the loss terms of a step and their weights, by name and each of shape [].

        The loss has fallen if it is smaller than that of the first losses with the same weights.
        """
        if self._told:
            return
        now, factors = ({name: float(value) for name, value in given.items()} for given in (losses, weights))
        self._first = self._first or now
        first, loss = (sum(factors[name] * each[name] for name in now) for each in (self._first, now))
        for name, value in now.items():
            grown = loss < first and TIMES * self._first[name] < value < self._first[name] / NEGLIGIBLE
            self._steps[name] = self._steps.get(name, 0) + 1 if grown else 0
            if self._steps[name] == STEPS:
                self._told = True
                logger.warning(
                    "Loss term `%s` has been more than %g times its first value for %d steps, now %.3g after %.3g, "
                    "while the loss has fallen from %.3g to %.3g: the other terms are met at its cost. Give it more "
                    "weight, by `loss.weights` or, if it is a condition, by `loss: relobralo_grad`.",
                    *(name, TIMES, STEPS, value, self._first[name], first, loss),
                )
                return
