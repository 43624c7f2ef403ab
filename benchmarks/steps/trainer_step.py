"""A training step as the host's trainer takes it, to be measured without the trainer's records."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from rich.progress import track

from modulus_relobralo.hosts.sym import Domain

Aggregate = Callable[[Mapping[str, torch.Tensor], int], torch.Tensor]


def plain_sum(losses: Mapping[str, torch.Tensor], step: int) -> torch.Tensor:
    """Return the sum of the loss terms."""
    return sum(losses.values())


class TrainerStep:
    """Loads a batch, computes the losses of all constraints, balances, differentiates and clips them, and takes a step.

    On CUDA it ends when the device has done its work; after :meth:`capture` the gradients are a replayed graph, as in
    the trainer.

    Parameters
    ----------
    domain : Domain
        With its constraints. Several steps may share one, and with it the networks.
    aggregate : callable
        What makes one loss of the loss terms: a module, scripted or not, whose parameters are trained too, as the
        trainer does it (GradNorm's weights are).
    rate, clip : float
        The learning rate, and the largest norm of the gradient.
    optimizer : callable
        Makes the optimizer of the parameters and the keyword `lr`.
    """

    def __init__(
        self,
        domain: Domain,
        aggregate: Aggregate = plain_sum,
        rate: float = 1e-4,
        clip: float = 0.5,
        optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    ) -> None:
        self.domain, self.aggregate, self.clip = domain, aggregate, clip
        self.model = domain.create_global_optimizer_model()
        own = list(aggregate.parameters()) if isinstance(aggregate, torch.nn.Module) else []
        self.optimizer = optimizer([*self.model.parameters(), *own], lr=rate)
        self.number = 0
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        self.domain.load_data(static=self._graph is not None)
        if self._graph is None:
            self.gradients()
        else:
            self._graph.replay()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimizer.step()
        self.number += 1
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    def gradients(self) -> torch.Tensor:
        """Return the loss of the loaded batch, after its backward pass."""
        self.model.zero_grad(set_to_none=True)
        total = self.aggregate(self.domain.compute_losses(self.number), self.number)
        total.backward()
        return total

    def capture(self) -> None:
        """Record the gradients as a CUDA graph, after a warm-up on another stream, as the trainer does."""
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            for _ in range(11):
                self.gradients()
        torch.cuda.synchronize()
        self._graph = torch.cuda.CUDAGraph()
        self.model.zero_grad(set_to_none=True)
        with torch.cuda.graph(self._graph):
            self.gradients()


def take_turns(
    steps: Mapping[Any, Callable[[], object]], rounds: int, warmup: int, title: str
) -> list[dict[Any, float]]:
    """Return the milliseconds of each step in each round, after `warmup` rounds that do not count.

    Each is first every other time: what a step leaves in the caches is no one's advantage.
    """
    timings = []
    for turn in track(range(warmup + rounds), description=title, transient=True):
        timings.append({})
        for name in list(steps) if turn % 2 else list(steps)[::-1]:
            start = time.perf_counter()
            steps[name]()
            timings[-1][name] = (time.perf_counter() - start) * 1e3
    return timings[warmup:]
