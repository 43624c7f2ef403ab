"""A problem solved by one call: natural gradients, points where the residual is large, conditions first, in float64."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import Module

from modulus_relobralo.balancing import ReLoBRaLo, ReLoBRaLoGrad
from modulus_relobralo.balancing.plain_sum import Sum
from modulus_relobralo.checks import check_choice, check_count, needed
from modulus_relobralo.loops.adaptive_points import AdaptivePoints
from modulus_relobralo.loops.loss_terms import LossTerms, take_step
from modulus_relobralo.loops.networks import problem_networks
from modulus_relobralo.optimizers.natural_gradient import NaturalGradient
from modulus_relobralo.problems import Problem
from modulus_relobralo.problems.sampling import samples
from modulus_relobralo.taylor import TaylorDerivatives

with needed("`loops.solve`"):
    from rich.console import Console
    from rich.progress import Progress

_LOSSES: dict[str, Callable[..., Module]] = {
    "relobralo_grad": lambda problem, terms, weights: ReLoBRaLoGrad(
        terms.parameters(), len(terms.names), equations=list(problem.inside), weights=weights
    ),
    "relobralo": lambda problem, terms, weights: ReLoBRaLo(terms.parameters(), len(terms.names), weights=weights),
    "sum": lambda problem, terms, weights: Sum(terms.parameters(), len(terms.names), weights),
}


class Found(ABC):
    """Fields of a problem as functions of its inputs."""

    @abstractmethod
    def __call__(self, *names: str, **inputs: ArrayLike) -> dict[str, NDArray[np.float64]]:
        """Return fields and derivatives by name, see `Solution`."""

    def error(self, reference: Mapping[str, ArrayLike], **inputs: ArrayLike) -> dict[str, float]:
        """Return the relative L2 error of each quantity in `reference`, which are values at `inputs`."""
        found = self(*reference, **inputs)
        return {
            name: float(np.linalg.norm(found[name] - np.asarray(exact)) / np.linalg.norm(exact))
            for name, exact in reference.items()
        }


class Solution(Found):
    """The fields of a problem, as networks give them, and how they were found.

    Parameters
    ----------
    problem : Problem
        The problem.
    networks : mapping of str to Module
        By the names of their outputs, as `LossTerms` takes them.
    unknown : mapping of str to Tensor
        The unknown coefficients, each of shape [].

    Attributes
    ----------
    losses, loss : list
        The loss terms before each step, by name, and the balanced loss; each of shape [].
    """

    def __init__(self, problem: Problem, networks: Mapping[str, Module], unknown: Mapping[str, Tensor]) -> None:
        self.problem, self.networks, self._unknown = problem, dict(networks), unknown
        self.losses: list[dict[str, Tensor]] = []
        self.loss: list[Tensor] = []

    @property
    def unknown(self) -> dict[str, float]:
        """The unknown coefficients by name."""
        return {name: value.item() for name, value in self._unknown.items()}

    @torch.no_grad()
    def __call__(self, *names: str, **inputs: ArrayLike) -> dict[str, NDArray[np.float64]]:
        """Return fields and derivatives by name.

        Parameters
        ----------
        *names : str
            Fields and their derivatives up to the fourth order, such as "u__x"; by default all fields.
        **inputs : array_like
            Coordinates, time and parameters by name; of shapes that NumPy broadcasts against each other, which is the
            shape of the result. A field of a `Composite` has a meaning in its own regions alone.

        Raises
        ------
        TypeError
            If the inputs are not those of the problem.
        ValueError
            If there is no such field.
        """
        if set(inputs) != set(self.problem.inputs):
            raise TypeError(f"A solution is a function of {', '.join(self.problem.inputs)}. Found {', '.join(inputs)}.")
        arrays = np.broadcast_arrays(*(np.asarray(inputs[name], dtype=float) for name in self.problem.inputs))
        places = dict(zip(self.problem.inputs, arrays, strict=True))
        outputs = {key: key.split(", ") for key in self.networks}
        fields = tuple(name for given in outputs.values() for name in given)
        names = names or fields
        found: dict[str, NDArray[np.float64]] = {}
        for key, network in self.networks.items():
            wanted = [name for name in names if name.split("__")[0] in outputs[key]]
            if wanted:
                taken = {*map(str, self.problem.fields[outputs[key][0]].args), *self.problem.parameters}
                columns = [name for name in self.problem.inputs if name in taken]
                points = torch.as_tensor(np.stack([places[name].ravel() for name in columns], axis=1))
                derive = TaylorDerivatives(network, columns, outputs[key], wanted, compiled=False)
                values = derive(points.to(next(network.parameters())))
                found |= {name: value.double().cpu().numpy().reshape(arrays[0].shape) for name, value in values.items()}
        if set(names) - set(found):
            raise ValueError(
                f"A solution has the fields {', '.join(fields)} and their derivatives. "
                f"Found {', '.join(sorted(set(names) - set(found)))}."
            )
        return found


def solve(
    problem: Problem,
    network: Module | Mapping[str, Module] | None = None,
    outputs: Iterable[str] = (),
    steps: int = 400,
    points: int = 2000,
    loss: str = "relobralo_grad",
    seed: int = 0,
    on_step: Callable[[int, Solution], object] | None = None,
    weights: Mapping[str, float] | None = None,
    sizes: Mapping[str, float] | None = None,
) -> Solution:
    """
    Solve a problem by natural gradients.

    A step takes new points, half of them where the residual is large, and weights by which conditions come first. 400
    steps with the network that is made by default take one or two minutes of a core.

    Parameters
    ----------
    problem : Problem
        The problem.
    network : Module or mapping of str to Module, optional
        As of `LossTerms`. It is trained where it is, and in its own dtype: float64 reaches smaller errors. By default
        `loops.problem_networks` makes some.
    outputs : iterable of str
        Names of the columns of one network; by default the problem's fields, sorted by name.
    steps, points : int
        Steps, and points inside in each; a quarter as many lie on all edges and at the first time together.
    loss : {"relobralo_grad", "relobralo", "sum"}
        How the loss terms are balanced.
    seed : int
        Of the points and of the networks that are made by default.
    on_step : callable, optional
        ``on_step(step, solution)`` after each step, as to print an error or to save the network. If it returns
        something true, that was the last step.
    weights : mapping of str to float, optional
        Static factors by name of loss term, applied before balancing; 1 where a name is missing.
    sizes : mapping of str to float, optional
        Sizes of quantities by name, as of `samples`: residuals are divided by them, so that loss terms are of order
        one. Of a plate they are `plates.scaling.scales(plate).outputs`.

    Returns
    -------
    Solution
        The fields as functions of the inputs, and the loss terms of all steps.

    Examples
    --------
    >>> from sympy import Function, Symbol
    >>> from modulus_relobralo.problems import Interval
    >>> x = Symbol("x")
    >>> u = Function("u")(x)
    >>> ends = {"left": {"u": 1}, "right": {"u": 0}}
    >>> solution = solve(Problem(Interval(0, 2), {"flat": u.diff(x, 2)}, ends), steps=20, points=32)
    >>> solution(x=[0.0, 1.0, 2.0])["u"].round(3) + 0.0
    array([1. , 0.5, 0. ])
    """
    for name, number in (("steps", steps), ("points", points)):
        check_count(name, number)
    check_choice("loss", loss, _LOSSES)
    held = _by_outputs(problem, network, outputs, seed)
    edge, initial = counts(problem, points)
    places = samples(problem, points, edge, reduction="mean", initial=initial, sizes=sizes)
    terms = LossTerms(problem, places, held, seed=seed, compiled=False)
    drawn, balance = AdaptivePoints(terms), _LOSSES[loss](problem, terms, weights)
    optimizer = NaturalGradient(terms.parameters())
    solution = Solution(problem, held, dict(terms.unknown.items()))
    with Progress(console=Console(stderr=True)) as progress:
        shown = progress.add_task("loss -", total=steps)
        for step in range(steps):
            losses, balanced = take_step(optimizer, terms, balance, drawn.draw(step), step)
            solution.losses.append(losses)
            solution.loss.append(balanced)
            progress.update(shown, advance=1, description=f"loss {float(balanced):.1e}")
            if on_step is not None and on_step(step, solution):
                break
    return solution


def _by_outputs(
    problem: Problem, network: Module | Mapping[str, Module] | None, outputs: Iterable[str], seed: int
) -> dict[str, Module]:
    if isinstance(network, Module):
        return {", ".join(outputs) or ", ".join(problem.fields): network}
    if network is not None:
        return dict(network)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return problem_networks(problem)


def counts(problem: Problem, points: int) -> tuple[int, int | None]:
    """Return how many points lie on each edge, and at the first time: a quarter of `points` in all."""
    edges = sum(map(bool, problem.conditions.values()))
    share = max(points // (8 if problem.initial and edges else 4), 1)
    return max(share // max(edges, 1), 1), share if problem.initial else None
