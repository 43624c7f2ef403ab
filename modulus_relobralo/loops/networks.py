"""The networks of a problem, where a person brings none."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import nn

from modulus_relobralo.checks import check_count
from modulus_relobralo.initialization import initialize
from modulus_relobralo.problems import Problem
from modulus_relobralo.problems.fields import Ends, Fields, fields_together
from modulus_relobralo.taylor import Periodic

WIDTH, LAYERS = 20, 3
"""Small against the points of a step, which is what natural gradients want."""


def problem_networks(problem: Problem, width: int = WIDTH, layers: int = LAYERS) -> dict[str, nn.Module]:
    """Return tanh networks in float64, which see each coordinate and parameter of a problem in [-1, 1].

    Fields of the same arguments and the same regions share one. Linear layers start as Glorot and Bengio (2010) have
    it. Where the problem is periodic the networks are.

    Parameters
    ----------
    problem : Problem
        The problem, with the range of each of its parameters.
    width, layers : int
        Of the hidden layers, > 0.

    Returns
    -------
    dict of str to Module
        By the names of their outputs, as `LossTerms` takes them.

    Raises
    ------
    ValueError
        If the range of a parameter is not known.

    Examples
    --------
    >>> from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave
    >>> made = problem_networks(HelmholtzRectangle(5, 4, HelmholtzWave(k=1, source=1)))
    >>> made["u"](torch.zeros(7, 2, dtype=torch.float64)).shape
    torch.Size([7, 1])
    """
    check_count("width", width)
    check_count("layers", layers)
    return {", ".join(each.names): _network(problem, each, width, layers) for each in fields_together(problem)}


def _network(problem: Problem, fields: Fields, width: int, layers: int) -> nn.Module:
    periods = {name: period for name, period in problem.periods.items() if name in fields.inputs}
    # Sine and cosine in place of what is periodic.
    seen = [e for name, ends in fields.inputs.items() for e in ([(-1.0, 1.0)] * 2 if name in periods else [ends])]
    sizes = [len(seen), *[width] * layers]
    hidden = [part for pair in pairwise(sizes) for part in (nn.Linear(*pair), nn.Tanh())]
    made = initialize(nn.Sequential(*hidden, nn.Linear(width, len(fields.names))), "glorot_normal")
    made = nn.Sequential(_to_unit(seen), *made).double()
    return Periodic(made, fields.inputs, periods) if periods else made


def _to_unit(ends: Iterable[Ends]) -> nn.Linear:
    """Return the map of inputs to [-1, 1], which is not trained."""
    low, high = torch.tensor([*ends], dtype=torch.float64).T
    made = nn.Linear(len(low), len(low), dtype=torch.float64).requires_grad_(False)
    width = torch.where(high > low, high - low, 2.0)
    made.weight.copy_(torch.diag(2 / width))
    made.bias.copy_(-(high + low) / width)
    return made
