"""Points of a loop where the residuals of its network are large."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from modulus_relobralo.checks import check_count
from modulus_relobralo.loops.loss_terms import LossTerms, Points
from modulus_relobralo.problems.adaptive import CANDIDATES, EVERY, FRACTION, Candidates, check_fraction


class AdaptivePoints:
    """New points in every step, a fraction of them where the residual of the network in training is large.

    What ``points: adaptive`` is in a Solver. The points are chosen among candidates, see `Candidates`; the loss terms
    stay unbiased estimates of what they are with ``terms.draw(step)``.

    Parameters
    ----------
    terms : LossTerms
        The loss terms.
    fraction : float
        Of the points, how many are drawn in proportion to the residual, in [0, 1).
    every : int
        Steps after which new candidates are drawn and their residuals computed. A run that goes on from a checkpoint
        of such a step sees the points that it would have seen.
    candidates : int
        Candidates per point.

    Examples
    --------
    >>> from modulus_relobralo.loops import samples
    >>> from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave
    >>> wave = HelmholtzRectangle(1, 1, HelmholtzWave(k=1, source=1))
    >>> network = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    >>> terms = LossTerms(wave, samples(wave, interior=64, edge=16), network, compiled=False)
    >>> points = AdaptivePoints(terms)
    >>> list(terms(points.draw(step=0)))
    ['helmholtz', 'u']
    """

    def __init__(
        self, terms: LossTerms, fraction: float = FRACTION, every: int = EVERY, candidates: int = CANDIDATES
    ) -> None:
        check_fraction(fraction)
        check_count("every", every)
        check_count("candidates", candidates)
        self._terms, self._fraction, self._every, self._per_point = terms, fraction, every, candidates
        self._drawn: dict[str, tuple[Points, Candidates | None]] = {}

    def draw(self, step: int) -> dict[str, Points]:
        """Return the points of a step by place, of the dtype and on the device of the network."""
        if not self._drawn or step % self._every == 0:
            drawn = self._terms.draw(step, self._per_point)
            self._drawn = {name: (points, self._candidates(name, points)) for name, points in drawn.items()}
        generator, found = np.random.default_rng([self._terms.seed, step, 1]), {}
        for name, (points, candidates) in self._drawn.items():
            if candidates is None:
                found[name] = points
                continue
            chosen, areas = candidates.draw(self._terms.places[name].count, generator.uniform())
            values = {each: tensor[chosen] for each, tensor in points.values.items()}
            found[name] = Points(values, torch.as_tensor(areas).to(points.areas)[:, None])
        return found

    def _candidates(self, place: str, points: Points) -> Candidates | None:
        """Return candidates of a place; none of sensors, which are where they are."""
        if self._terms.places[place].data:
            return None
        columns = torch.cat([*points.values.values(), points.areas], dim=1).double().cpu().numpy()
        return Candidates(columns[:, :-1], columns[:, -1], self._residuals(place, points).cpu().numpy(), self._fraction)

    @torch.no_grad()
    def _residuals(self, place: str, points: Points) -> Tensor:
        """Return the sizes of the residuals of a place's loss terms together, [points]."""
        residuals, factors = self._terms.residuals[place], self._terms.places[place].factors
        # In parts of as many points as a step has, which what compiles a network for each number of points has seen.
        parts = (points.values[name].split(self._terms.places[place].count) for name in residuals.names)  # type: ignore[union-attr]
        found = [residuals(*part) for part in zip(*parts, strict=True)]
        squares = [sum(factors[name] * residual.square() for name, residual in part.items()) for part in found]
        return torch.cat(squares)[:, 0].sqrt().double()
