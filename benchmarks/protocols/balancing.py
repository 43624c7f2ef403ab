"""Does balancing help? Schemes on the problems of the gallery, by Adam and SOAP in a loop, over seeds.

    python -m benchmarks.protocols.balancing --multirun
    python -m benchmarks.protocols.balancing --multirun problem=burgers,wave descent=adam scheme=sum,relobralo

Equal networks, points and steps for all schemes of a problem: a tanh network of 3 x 50, which sees its inputs in
[-1, 1], 1,000 new points inside in every step and a quarter as many on edges and at the first time, mean-square losses,
in float32. The rate falls exponentially. Errors are relative L2 errors against the references of the gallery, the
largest of all fields, after the last step and at ten steps on the way.

Problems at even places of their sorted names are those on which schemes are designed; the others are looked at once a
scheme is frozen. A scheme helps on a problem if the median of its error is at most 0.8 of the sum's and no seed is
worse than the sum's worst; it harms if the median is above 1.25 of the sum's or a seed above 1.5 times the sum's worst;
else it is harmless.

Every scheme has one seed; where one of them comes below 0.5 with it, there are more, for our schemes first. What is
finished is not run again: a row that is there is kept. Runs by natural gradients are those of
benchmarks/protocols/gallery.py with other losses, in float64 and with a smaller network.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import torch
from hydra.utils import to_absolute_path
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from benchmarks.protocols.gallery import FOLDER
from benchmarks.records import KEYS, Row, read_rows, write_rows
from modulus_relobralo.balancing import ReLoBRaLo, ReLoBRaLoGrad, Sum
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.loops import LossTerms, Solution, problem_networks, samples, take_step
from modulus_relobralo.loops.solution import counts
from modulus_relobralo.optimizers import NaturalGradient
from modulus_relobralo.optimizers.soap import SOAP

PROBLEMS = (
    "advection",
    "allen_cahn",
    "beam",
    "burgers",
    "cavity",
    "conductivity",
    "fisher",
    "heat_scales",
    "helmholtz",
    "korteweg_de_vries",
    "poisson_boltzmann",
    "poisson_holes",
    "reynolds",
    "rod",
    "wall",
    "wave",
)
DESIGN = PROBLEMS[::2]
"""The problems on which schemes are designed."""
HISTORY = 10
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"adam": Adam, "soap": SOAP}


class Weighed(nn.Module):
    """A sum with weights that are taken anew every `every` steps, and follow slowly.

    Parameters
    ----------
    measure : callable
        Returns the size of each loss term by name, from the loss terms of the step.
    every : int
        Steps from one measurement to the next.
    momentum : float
        What stays of the weights of before.
    """

    def __init__(
        self, measure: Callable[[Mapping[str, Tensor]], dict[str, Tensor]], every: int, momentum: float
    ) -> None:
        super().__init__()
        self.measure, self.every, self.momentum = measure, every, momentum
        self.weights: dict[str, Tensor] = {}

    def forward(self, losses: dict[str, Tensor], step: int) -> Tensor:
        """Return the weighted sum; each weight is the sum of all sizes by its own."""
        if step % self.every == 0:
            sizes = self.measure(losses)
            total = torch.stack(list(sizes.values())).sum()
            new = {name: (total / size.clamp(min=1e-12)).to(losses[name]) for name, size in sizes.items()}
            keep = self.momentum if self.weights else 0.0
            self.weights = {name: keep * self.weights.get(name, 0.0) + (1 - keep) * new[name] for name in new}
        return torch.stack([self.weights[name] * loss for name, loss in losses.items()]).sum()


class Hosted(nn.Module):
    """A scheme of the host, which takes the step as its Solver gives it: PhysicsNeMo's as a tensor."""

    def __init__(self, scheme: nn.Module) -> None:
        super().__init__()
        self.scheme = scheme

    def forward(self, losses: dict[str, Tensor], step: int) -> Tensor:
        """Return the balanced loss."""
        return self.scheme(losses, torch.tensor(step))


def norms(terms: LossTerms) -> Callable[[Mapping[str, Tensor]], dict[str, Tensor]]:
    """Return what measures gradient norms, for weights as jaxpi has them (Wang et al., arXiv:2308.08468)."""
    parameters = [parameter for parameter in terms.parameters() if parameter.requires_grad]

    def measure(losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        found = {}
        for name, loss in losses.items():
            parts = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
            found[name] = torch.sqrt(sum(part.square().sum() for part in parts if part is not None))
        return found

    return measure


def traces(terms: LossTerms) -> Callable[[Mapping[str, Tensor]], dict[str, Tensor]]:
    """Return what measures traces of the neural tangent kernel (arXiv:2007.14527), at points of its own."""
    look = NaturalGradient([parameter for parameter in terms.parameters() if parameter.requires_grad])

    def measure(losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return look.traces(terms.pointwise(terms.draw(0)))

    return measure


def make_scheme(name: str, terms: LossTerms, equations: list[str]) -> nn.Module:
    """Return a scheme with the defaults that it was published with."""
    # The host's schemes cannot differentiate by what is not trained.
    trained = [parameter for parameter in terms.parameters() if parameter.requires_grad]
    given, theirs = (trained, len(terms.names)), host.load("loss.aggregator")
    schemes: dict[str, Callable[[], nn.Module]] = {
        "sum": lambda: Sum(*given),
        "relobralo": lambda: ReLoBRaLo(*given),
        "relobralo_t1": lambda: ReLoBRaLo(*given, temperature=1.0),
        "relobralo_grad": lambda: ReLoBRaLoGrad(*given, equations=equations),
        "relobralo_builtin": lambda: Hosted(theirs.Relobralo(*given)),
        "lr_annealing": lambda: Hosted(theirs.LRAnnealing(*given)),
        "grad_norm": lambda: Hosted(theirs.GradNorm(*given)),
        "soft_adapt": lambda: Hosted(theirs.SoftAdapt(*given)),
        "norm_weights": lambda: Weighed(norms(terms), every=1000, momentum=0.9),
        "ntk": lambda: Weighed(traces(terms), every=1000, momentum=0.0),
    }
    if name not in schemes:
        raise ValueError(f"Option `scheme` must be one of {', '.join(schemes)}. Found {name!r}.")
    return schemes[name]()


def train(cfg: Any) -> Row:
    """Return a row without its key: errors on the way, and the milliseconds of a step."""
    sys.path.insert(0, str(FOLDER))
    module = importlib.import_module(cfg.problem)
    problem, references = module.problem, module.references()
    torch.manual_seed(cfg.seed)
    networks = {name: net.float() for name, net in problem_networks(problem, cfg.width, cfg.layers).items()}
    edge, initial = counts(problem, cfg.points)
    places = samples(problem, cfg.points, edge, reduction="mean", initial=initial)
    terms = LossTerms(problem, places, networks, seed=cfg.seed, compiled=False)
    balance = make_scheme(cfg.scheme, terms, list(problem.inside))
    trained = [*terms.parameters(), *(part for part in balance.parameters() if part.requires_grad)]
    optimizer = OPTIMIZERS[cfg.descent]([part for part in trained if part.requires_grad], lr=cfg.rates[cfg.descent])
    scheduler = LambdaLR(optimizer, lambda step: cfg.decay ** (step / cfg.steps))
    solution = Solution(problem, networks, dict(terms.unknown.items()))
    shown = {*np.linspace(0, cfg.steps, HISTORY + 1).astype(int)[1:] - 1}
    errors, spent = [], 0.0
    for step in range(cfg.steps):
        start = time.process_time()
        take_step(optimizer, terms, balance, terms.draw(step), step)
        scheduler.step()
        spent += time.process_time() - start
        if step in shown:
            errors.append(max(e for at, values in references for e in solution.error(values, **at).values()))
    return {"error": errors[-1], "errors": errors, "ms per step": round(1e3 * spent / cfg.steps, 2), **solution.unknown}


@hydra.main(version_base=None, config_path="conf", config_name="balancing")
def main(cfg: Any) -> None:
    torch.set_num_threads(1)
    folder = Path(to_absolute_path(cfg.results))
    key = {name: cfg[name] for name in KEYS["balancing"] if name in cfg} | {"network": f"{cfg.layers} x {cfg.width}"}
    if any(all(row[name] == key[name] for name in KEYS["balancing"]) for row in read_rows("balancing", folder)):
        return
    write_rows("balancing", [{**key, **train(cfg)}], folder)


if __name__ == "__main__":
    main()
