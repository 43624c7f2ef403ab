"""The networks of a problem, where a person brings none."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import nn

from modulus_relobralo.checks import check_count
from modulus_relobralo.initialization import initialize
from modulus_relobralo.problems import Problem
from modulus_relobralo.problems.expressions import TIME
from modulus_relobralo.taylor import Periodic

WIDTH, LAYERS = 20, 3
"""Small against the points of a step, which is what natural gradients want."""

Ends = tuple[float, float]


def networks(problem: Problem, width: int = WIDTH, layers: int = LAYERS) -> dict[str, nn.Module]:
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
    >>> made = networks(HelmholtzRectangle(5, 4, HelmholtzWave(k=1, source=1)))
    >>> made["u"](torch.zeros(7, 2, dtype=torch.float64)).shape
    torch.Size([7, 1])
    """
    check_count("width", width)
    check_count("layers", layers)
    unknown = [name for name in problem.parameters if name not in problem.ranges]
    if unknown:
        raise ValueError(
            "The problem's `parameters` must say from where to where each goes, as in "
            f"{{{unknown[0]!r}: (low, high)}}. Found no range of {', '.join(unknown)}."
        )
    together: dict[tuple[object, ...], list[str]] = {}
    for name, field in problem.fields.items():
        regions = tuple(region for region in problem.regions if name in problem.fields_of(region))
        together.setdefault((*field.args, regions), []).append(name)
    return {", ".join(fields): _network(problem, fields, width, layers) for fields in together.values()}


def inputs_of(problem: Problem, field: str) -> list[str]:
    """Return the names of the inputs of a field's network: those coordinates that it has as arguments, parameters."""
    return [*map(str, problem.fields[field].args), *problem.parameters]


def _network(problem: Problem, fields: list[str], width: int, layers: int) -> nn.Module:
    inputs, periods = inputs_of(problem, fields[0]), problem.periods
    ends = _ends(problem, fields[0])
    seen: list[Ends] = [each for name in inputs for each in ([(-1, 1)] * 2 if name in periods else [ends[name]])]
    sizes = [len(seen), *[width] * layers]
    hidden = [part for pair in pairwise(sizes) for part in (nn.Linear(*pair), nn.Tanh())]
    made = initialize(nn.Sequential(*hidden, nn.Linear(width, len(fields))), "glorot_normal")
    made = nn.Sequential(_to_unit(seen), *made).double()
    own = {name: period for name, period in periods.items() if name in inputs}
    return Periodic(made, inputs, own) if own else made


def _ends(problem: Problem, field: str) -> dict[str, Ends]:
    """Return from where to where each input of a field goes: a coordinate over the regions in which the field is."""
    shapes = [shape for region, shape in problem.shape.regions.items() if field in problem.fields_of(region)]
    lower, upper = (list(zip(*corners, strict=True)) for corners in zip(*(s.bounds for s in shapes), strict=True))
    ends = zip(map(min, lower), map(max, upper), strict=True)
    space = dict(zip(map(str, problem.shape.coordinates), ends, strict=True))
    return {**space, **({str(TIME): problem.time} if problem.time else {}), **problem.ranges}


def _to_unit(ends: Iterable[Ends]) -> nn.Linear:
    """Return the map of inputs to [-1, 1], which is not trained."""
    low, high = torch.tensor([*ends], dtype=torch.float64).T
    made = nn.Linear(len(low), len(low), dtype=torch.float64).requires_grad_(False)
    width = torch.where(high > low, high - low, 2.0)
    made.weight.copy_(torch.diag(2 / width))
    made.bias.copy_(-(high + low) / width)
    return made
