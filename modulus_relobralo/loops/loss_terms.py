"""Loss terms of a problem as a module, which a Solver makes of constraints, and a step that trains by them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from sympy import Expr
from torch import Tensor
from torch.nn import Module, ModuleDict, Parameter, ParameterDict
from torch.optim import Optimizer

from modulus_relobralo.balancing.relobralo_grad import due_traces
from modulus_relobralo.loops.residuals import Columns, Residuals, columns_of, fields_in
from modulus_relobralo.optimizers.natural_gradient import NaturalGradient
from modulus_relobralo.optimizers.residuals import Pointwise
from modulus_relobralo.problems import Problem
from modulus_relobralo.problems.periodic import check_periodic
from modulus_relobralo.problems.sampling import Samples
from modulus_relobralo.problems.units import warn_of_units
from modulus_relobralo.taylor import Network, Periodic, read
from modulus_relobralo.taylor.networks import states_jet

Balance = Callable[..., Tensor]
Terms = Callable[[Any], dict[str, Tensor]]


class Points(NamedTuple):
    """Points of one place: coordinates and what else varies, by name, and what they stand for, each [points, 1]."""

    values: dict[str, Tensor]
    areas: Tensor


class LossTerms(Module):
    """The loss terms of a problem, as functions of points, with Taylor-mode derivatives of its networks.

    To train on several devices wrap this module, not the network in it, and give each process a seed of its own;
    natural gradients take it unwrapped.

    Parameters
    ----------
    problem : Problem
        The problem, such as a plate or a wave.
    places : mapping of str to Samples
        What `samples` returned for it.
    network : Module or mapping of str to Module
        Maps the problem's `inputs`, coordinates, time and parameters, in this order, to `outputs`; as of
        `TaylorDerivatives`. Or several, by the names of their outputs: ``{"u": temperature, "k": conductivity}``. Each
        takes those coordinates that its fields have as arguments, k(x), and the parameters.
    outputs : iterable of str, optional
        Names of the columns of one network: dependent variables and fields of the equations. By default the one that
        there is.
    seed : int
        Of the points.
    compiled, reader
        Of `TaylorDerivatives`.

    Attributes
    ----------
    unknown : ParameterDict
        The unknown coefficients of the problem, each of shape []. They are trained by an optimizer of
        ``terms.parameters()``.

    Raises
    ------
    UnsupportedNetworkError
        If there is no rule for a part of the network.
    ValueError
        If the equations hold a field that the network does not give, a derivative above fourth order, or a function
        that PyTorch lacks; or if the problem is periodic and the network is not.

    Warns
    -----
    UserWarning
        If inputs that the network sees as they are, are far from order one.

    Examples
    --------
    >>> from modulus_relobralo.loops import samples
    >>> from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate
    >>> plate = RectangularPlate(1, 1, KirchhoffPlate(D=1, nu=0.3, p=1), "simply_supported")
    >>> network = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    >>> terms = LossTerms(plate, samples(plate, interior=64, edge=16), network, compiled=False)
    >>> losses = terms(terms.draw(step=0))
    >>> list(losses)
    ['kirchhoff', 'w', 'M_n']
    """

    def __init__(
        self,
        problem: Problem,
        places: Mapping[str, Samples],
        network: Module | Mapping[str, Module],
        outputs: Iterable[str] = (),
        seed: int = 0,
        compiled: bool = True,
        reader: Callable[[Module], Network] = read,
    ) -> None:
        super().__init__()
        self.places, self.seed = dict(places), seed
        _check_places(problem, self.places)
        self.network: Module = network if isinstance(network, Module) else _named(network)
        like = next(self.network.parameters())
        self.unknown: Any = ParameterDict(
            {name: Parameter(like.new_tensor(value)) for name, value in problem.unknown.items()}
        )
        residuals = {name: _residuals(problem, place) for name, place in self.places.items()}
        held = [residual for each in residuals.values() for residual in each.values()]
        outputs = list(outputs) or (_only_field(held) if isinstance(network, Module) else [])
        coordinates = list(map(str, problem.coordinates))
        for columns in columns_of(network, held, [*problem.inputs], outputs, coordinates):
            _check_periodic(problem, columns, like)
            warn_of_units(problem, _seen_as_they_are(columns.network, columns.inputs))
        self.residuals = ModuleDict(
            {
                name: Residuals(
                    network, each, problem.inputs, outputs, coordinates, compiled, reader, dict(self.unknown.items())
                )
                for name, each in residuals.items()
            }
        )

    @property
    def names(self) -> list[str]:
        """Names of the loss terms."""
        return list(dict.fromkeys(name for place in self.places.values() for name in place.terms))

    def draw(self, step: int, times: int = 1) -> dict[str, Points]:
        """Return the points of a step by place, `times` as many, of the dtype and on the device of the network.

        Sensors are not multiplied: there are no more of them.

        They are the same whenever a step is drawn, so that a run that goes on from a checkpoint sees the points that it
        would have seen. For fixed points draw one step and keep it.
        """
        generator = np.random.default_rng([self.seed, step])
        like = next(self.network.parameters())
        drawn = {}
        for name, place in self.places.items():
            count = place.count if place.data else times * place.count
            values, areas = replace(place, count=count).draw(generator)
            tensors = torch.as_tensor(np.stack([*values.values(), areas])).to(like.device, like.dtype)[..., None]
            drawn[name] = Points(dict(zip(values, tensors, strict=False)), tensors[-1])
        return drawn

    def forward(self, points: Mapping[str, Points]) -> dict[str, Tensor]:
        """Return the loss terms by name, each of shape []."""
        losses: dict[str, Tensor] = {}
        for place, (values, areas) in points.items():
            residuals: Any = self.residuals[place]
            for name, residual in residuals(*(values[each] for each in residuals.names)).items():
                loss = self.places[place].factors[name] * (areas * residual.square()).sum()
                losses[name] = losses[name] + loss if name in losses else loss
        return losses

    def pointwise(self, points: Mapping[str, Points]) -> list[Pointwise]:
        """Return the residuals at points for `NaturalGradient`."""
        batches = []
        for place, (values, areas) in points.items():
            residuals: Any = self.residuals[place]
            weights = {name: factor * areas for name, factor in self.places[place].factors.items()}
            batches.append(Pointwise(residuals, [values[name] for name in residuals.names], weights))
        return batches


def take_step(
    optimizer: Optimizer, terms: Terms, balance: Balance, points: Any, step: int
) -> tuple[dict[str, Tensor], Tensor]:
    """Let an optimizer take one step, and return the loss terms and the balanced loss before it, each of shape [].

    Parameters
    ----------
    optimizer : Optimizer
        Of the network's parameters: `NaturalGradient`, L-BFGS or any other of PyTorch.
    terms : callable
        ``terms(points) -> losses``: `LossTerms`, in data-parallel training their `DistributedDataParallel`, or a
        function of one's own. Natural gradients take `LossTerms` alone.
    balance : callable
        ``balance(losses, step) -> loss``: `ReLoBRaLo`, `ReLoBRaLoGrad` or `Sum`. Several calls with one step count as
        one.
    points : object
        What `terms` takes: of `LossTerms`, what ``terms.draw(step)`` returns.
    step : int
        Number of the step.

    Raises
    ------
    TypeError
        If natural gradients are given other terms than `LossTerms`.
    """
    seen: list[tuple[dict[str, Tensor], Tensor]] = []

    def note(losses: dict[str, Tensor], *traces: dict[str, Tensor]) -> Tensor:
        loss = balance(losses, step, *traces)
        seen.append(({name: term.detach() for name, term in losses.items()}, loss.detach()))
        return loss

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = note(terms(points))
        loss.backward()
        return loss

    wanted: Any = optimizer
    if isinstance(optimizer, NaturalGradient):
        if not isinstance(terms, LossTerms):
            raise TypeError(
                "Natural gradients need residuals point by point: parameter `terms` must be LossTerms, not wrapped for "
                "several processes, which take their steps together without that. Found "
                f"{type(terms).__name__}. Every other optimizer takes it."
            )
        batches = terms.pointwise(points)
        traces = due_traces(balance, lambda: optimizer.traces(batches))
        wanted.step(batches, lambda losses: note(losses, *traces))
    else:
        wanted.step(closure)
    return seen[0]


def _named(networks: Mapping[str, Module]) -> Module:
    """Return several networks as one module, under names that can be attributes: "u_v" of "u, v"."""
    return ModuleDict({key.replace(" ", "").replace(",", "_"): network for key, network in networks.items()})


def _check_places(problem: Problem, places: Mapping[str, Samples]) -> None:
    found = list(dict.fromkeys(term.output for place in places.values() for term in place.terms.values()))
    if not all(map(problem.knows, found)):
        raise ValueError(
            "Parameter `places` must be what `samples` returned for this problem, with conditions on some of "
            f"{[*problem.equations, *problem.fields]}. Found some on {found}."
        )


def _residuals(problem: Problem, place: Samples) -> dict[str, Expr]:
    """Return what vanishes at a place, by loss term: a quantity less its value."""
    return {name: problem.expression(term.output) - term.target for name, term in place.terms.items()}


def _only_field(residuals: Iterable[Expr]) -> list[str]:
    found = sorted(fields_in(residuals))
    if len(found) != 1:
        raise ValueError(f"Parameter `outputs` must name the network's columns, for the fields {found}. Found none.")
    return found


def _check_periodic(problem: Problem, columns: Columns, like: Tensor) -> None:
    @torch.no_grad()
    def values(points: Mapping[str, Any]) -> Any:
        inputs = torch.as_tensor(np.concatenate([points[name] for name in columns.inputs], axis=1)).to(like)
        return columns.network(inputs).cpu().numpy()

    check_periodic(", ".join(columns.outputs), values, columns.inputs, problem.periods, problem.input_ranges)


def _seen_as_they_are(network: Module, inputs: Sequence[str]) -> Sequence[str]:
    """Return which inputs a network takes in units of their own.

    A first layer that is not trained brings them to others; what a module that states its own jet does is not known.
    """
    if type(network) is Periodic:
        return _seen_as_they_are(network.network, network.others)
    trained = next(network.parameters()).requires_grad
    return inputs if trained and not states_jet(network) else ()
