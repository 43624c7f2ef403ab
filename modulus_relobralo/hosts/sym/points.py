"""Points of the host's constraints that are new in every step, of a geometry or of where residuals are large."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from modulus_relobralo.checks import check_count
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.problems.adaptive import CANDIDATES, EVERY, FRACTION, Candidates, check_fraction

_IterableDataset: Any = host.load("dataset").IterableDataset
_constraint_utils: Any = host.load("domain.constraint.utils")

Batch = tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]


class ResampledPoints(_IterableDataset):
    """Points that are handed out once, and then drawn anew.

    The host's own ``fixed_dataset=False`` draws every batch by itself. That is slow, because with every draw it
    measures each curve of a boundary by 10,000 points; so here many batches are drawn at once. They are dealt out like
    cards, point i to batch i modulo `batches`: a draw comes sorted by curve, and so every batch has its share of each.

    The points come from a random stream of their own, whose start is drawn from torch's generator: a seed of torch
    decides them, and nothing else that draws numbers changes them. Each rank and each worker of a data loader has a
    stream of its own. A training that is resumed begins the stream again, as it does with the host's own points.

    Parameters
    ----------
    sample : callable
        Draws a number of points from a geometry: coordinates, normals, areas by name, each of shape [points, 1].
    outvar : mapping
        Outputs and their targets: numbers, SymPy expressions or functions of the coordinates.
    batch_size : int
        Points per step.
    batches : int
        Batches that are drawn at once. It changes what drawing costs and the memory that it takes, nothing else.
    lambda_weighting : mapping, optional
        Weights of the points in the loss of an output, like `outvar`; 1 by default.

    Attributes
    ----------
    invar_keys, outvar_keys : list[str]
        Names of the inputs and of the outputs.
    """

    # Properties in the host's class.
    invar_keys: list[str] = []
    outvar_keys: list[str] = []

    def __init__(
        self,
        sample: Callable[[int], dict[str, np.ndarray]],
        outvar: Mapping[str, Any],
        batch_size: int,
        batches: int = 100,
        lambda_weighting: Mapping[str, Any] | None = None,
    ) -> None:
        check_count("batch_size", batch_size)
        check_count("batch_per_epoch", batches)
        self.sample, self.outvar, self.lambda_weighting = sample, dict(outvar), lambda_weighting
        self.batch_size, self.batches = batch_size, batches
        self._seed = int(torch.randint(2**31, ()))
        self.worker_init_fn(0)
        self.invar_keys, self.outvar_keys = [list(part) for part in self._draw()[:2]]
        self.worker_init_fn(0)

    def worker_init_fn(self, iworker: int) -> None:
        """Start the stream of a data loader's worker; the host's method seeds NumPy's global generator, by 0."""
        manager = host.load("distributed").DistributedManager()
        rank = manager.group_rank("data_parallel") if manager.distributed else 0
        # A legacy generator, because the host's geometries draw from NumPy's global one.
        sequence = np.random.SeedSequence([self._seed, rank, iworker])
        self._state = np.random.RandomState(np.random.MT19937(sequence)).get_state()

    def __iter__(self) -> Iterator[Batch]:
        """Yield inputs, targets and weights of the points, each tensor of shape [batch_size, 1], without end."""
        while True:
            piles = [
                {name: value.view(self.batch_size, self.batches).t().contiguous() for name, value in part.items()}
                for part in self._draw()
            ]
            for i in range(self.batches):
                invar, outvar, weights = ({name: pile[i].unsqueeze(1) for name, pile in part.items()} for part in piles)
                yield invar, outvar, weights

    def save_dataset(self, filename: str) -> None:
        """Save nothing: there is no end to the points."""

    def _draw(self) -> Batch:
        with self._own_stream():
            invar = self.sample(self.batch_size * self.batches)
        # The host spreads the measure of the domain over the points of a draw; a batch alone covers all of it.
        invar["area"] = invar["area"] * self.batches
        outvar = _constraint_utils._compute_outvar(invar, self.outvar)
        weights = _constraint_utils._compute_lambda_weighting(invar, outvar, self.lambda_weighting)
        invar, outvar, weights = (self._to_tensor_dict(part) for part in (invar, outvar, weights))
        return invar, outvar, weights

    @contextlib.contextmanager
    def _own_stream(self) -> Iterator[None]:
        outside = np.random.get_state()
        np.random.set_state(self._state)
        try:
            yield
        finally:
            self._state = np.random.get_state()
            np.random.set_state(outside)


class AdaptivePoints(ResampledPoints):
    """New points in every step, a fraction of them where the residual of the network in training is large.

    They are drawn from `batches` times as many candidates, see `Candidates`, of which new ones are drawn, and their
    residuals computed, after a number of steps. A loss stays an unbiased estimate of the integral.

    Parameters
    ----------
    sample, outvar, batch_size, batches, lambda_weighting
        Of `ResampledPoints`; `batches` is the number of candidates per point.
    fraction : float
        Of the points, how many are drawn in proportion to the residual, in [0, 1).
    every : int
        Steps for which the candidates last.

    Attributes
    ----------
    residuals : callable
        Returns the sizes of the residuals, [points], of a batch; whoever makes the constraint sets it.
    """

    residuals: Callable[[Batch], Tensor]

    def __init__(
        self,
        sample: Callable[[int], dict[str, np.ndarray]],
        outvar: Mapping[str, Any],
        batch_size: int,
        batches: int = CANDIDATES,
        lambda_weighting: Mapping[str, Any] | None = None,
        fraction: float = FRACTION,
        every: int = EVERY,
    ) -> None:
        check_fraction(fraction)
        check_count("every", every)
        super().__init__(sample, outvar, batch_size, batches, lambda_weighting)
        self.fraction, self.every = fraction, every

    def __iter__(self) -> Iterator[Batch]:
        """Yield inputs, targets and weights of the points, each tensor of shape [batch_size, 1], without end."""
        while True:
            drawn = self._draw()
            candidates = Candidates(
                torch.cat(
                    [value for name, value in drawn[0].items() if not name.startswith(host.SAMPLED)], dim=1
                ).numpy(),
                drawn[0]["area"][:, 0].numpy() / self.batches,
                torch.cat([self.residuals(batch) for batch in self._parts(drawn)]).cpu().numpy(),
                self.fraction,
            )
            for _ in range(self.every):
                with self._own_stream():
                    chosen, areas = candidates.draw(self.batch_size, np.random.uniform())
                invar, outvar, weights = ({name: value[chosen] for name, value in part.items()} for part in drawn)
                invar["area"] = torch.as_tensor(areas, dtype=invar["area"].dtype)[:, None]
                yield invar, outvar, weights

    def _parts(self, drawn: Batch) -> Iterator[Batch]:
        # In parts of a batch, which what compiles a network for each number of points has seen.
        for start in range(0, self.batch_size * self.batches, self.batch_size):
            part = slice(start, start + self.batch_size)
            invar, outvar, weights = ({name: value[part] for name, value in each.items()} for each in drawn)
            yield invar, outvar, weights
