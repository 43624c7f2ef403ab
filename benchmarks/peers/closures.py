"""Puts an optimizer of PyTorch on the clock: every evaluation of its loss asks whether the training is over.

DeepXDE and PINA hand a closure to their optimizers, which L-BFGS calls many times in one step of theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.peers.clock import Clock
from benchmarks.peers.plate import Prediction


class Stop(Exception):
    """The time of this optimizer is over; the only way out of a step of L-BFGS."""


class ClockedClosures:
    """Makes optimizers that raise `Stop` once the training is over, or `until` seconds have passed.

    The first evaluation of the first of them starts the clock.
    """

    def __init__(self, clock: Clock, predict: Prediction) -> None:
        self.clock, self.predict = clock, predict
        self.evaluations = 0

    def optimizer(self, kind: type[torch.optim.Optimizer], until: float = math.inf) -> type[torch.optim.Optimizer]:
        """Return a class of optimizers that is `kind` on the clock."""
        ask = self._ask

        class Clocked(kind):
            def step(self, closure: Callable[[], Any]) -> Any:
                def evaluate() -> Any:
                    ask(until)
                    return closure()

                return super().step(evaluate)

        return Clocked

    def _ask(self, until: float) -> None:
        if not self.clock.running:
            self.clock.start()
        if self.clock.look(self.evaluations, self.predict) or self.clock.seconds >= until:
            raise Stop
        self.evaluations += 1
