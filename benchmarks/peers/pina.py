"""The plate in PINA.

    python -m benchmarks.peers.pina adam --record FILE --limit SECONDS [--scaled]

PINA's PINN and Trainer: Adam at 1e-3, its default, then PyTorch's L-BFGS with a line search, in float64. `--scaled` has
lengths and deflection of order 1.
"""

from __future__ import annotations

import contextlib
import logging
import math

import numpy as np
import torch
from pina import Condition, LabelTensor, Trainer
from pina.domain import CartesianDomain
from pina.equation import Equation, SystemEquation
from pina.equation.zoo import FixedValue
from pina.model import FeedForward
from pina.operator import laplacian
from pina.optim import TorchOptimizer
from pina.problem import SpatialProblem
from pina.solver import PhysicsInformedSingleModelSolver
from pina.weighting import ScalarWeighting

from benchmarks.peers.clock import Clock, arguments
from benchmarks.peers.closures import ClockedClosures, Stop
from benchmarks.peers.plate import ADAM_FRACTION, EDGE, EDGE_WEIGHT, INTERIOR, NU, P0, PDE_WEIGHT, SIDE, STRIP, D

PACKAGES = ("pina-mathlab", "torch", "numpy")
NEVER = 10**9
# By the direction of their normal.
EDGES = {
    "left": ("x", {"x": 0.0, "y": [0.0, SIDE]}),
    "right": ("x", {"x": SIDE, "y": [0.0, SIDE]}),
    "bottom": ("y", {"x": [0.0, SIDE], "y": 0.0}),
    "top": ("y", {"x": [0.0, SIDE], "y": SIDE}),
}


def equilibrium(points: LabelTensor, w: LabelTensor) -> LabelTensor:
    wave = math.pi / SIDE
    load = P0 * torch.sin(wave * points.extract(["x"])) * torch.sin(wave * points.extract(["y"]))
    curvature = laplacian(w, points, components=["w"], d=["x", "y"])
    curvature.labels = ["curvature"]
    return D * laplacian(curvature, points, components=["curvature"], d=["x", "y"]) - load


def moment(normal: str) -> Equation:
    along = "y" if normal == "x" else "x"

    def residual(points: LabelTensor, w: LabelTensor) -> LabelTensor:
        across, other = (laplacian(w, points, components=["w"], d=[d]) for d in (normal, along))
        return -D * (across + NU * other)

    return Equation(residual)


class Plate(SpatialProblem):
    """Equilibrium inside; no deflection and no moment on each edge."""

    output_variables = ["w"]
    spatial_domain = CartesianDomain({"x": [0.0, SIDE], "y": [0.0, SIDE]})
    domains = {"inside": spatial_domain, **{name: CartesianDomain(edge) for name, (_, edge) in EDGES.items()}}
    conditions = {
        "inside": Condition(domain="inside", equation=Equation(equilibrium)),
        **{
            name: Condition(domain=name, equation=SystemEquation([FixedValue(0.0), moment(normal)]))
            for name, (normal, _) in EDGES.items()
        },
    }


class Scaled(torch.nn.Module):
    """A network that sees lengths and gives deflections of order 1."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return self.network(points / (SIDE / 2) - 1) * STRIP


def main() -> None:
    parser = arguments(__doc__, ["adam", "adam-lbfgs"])
    parser.add_argument("--scaled", action="store_true")
    args = parser.parse_args()
    clock = Clock(args, PACKAGES)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.manual_seed(args.seed)
    then_lbfgs = args.optimizer == "adam-lbfgs"
    torch.set_default_dtype(torch.float64 if then_lbfgs else torch.float32)
    problem = Plate()
    problem.discretise_domain(INTERIOR, "random", domains=["inside"])
    problem.discretise_domain(EDGE, "random", domains=list(EDGES))
    network = FeedForward(2, 1, inner_size=64, n_layers=2, func=torch.nn.Tanh)
    model = Scaled(network) if args.scaled else network

    def predict(points: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            inputs = LabelTensor(torch.as_tensor(points, dtype=torch.get_default_dtype()), ["x", "y"])
            return model(inputs).as_subclass(torch.Tensor).numpy()

    closures = ClockedClosures(clock, predict)
    adam = closures.optimizer(torch.optim.Adam, args.limit * ADAM_FRACTION if then_lbfgs else math.inf)
    train(problem, model, TorchOptimizer(adam, lr=1e-3))
    if then_lbfgs and not clock.over:
        # As many iterations in a step as DeepXDE takes, and as much memory; it ends where it no longer moves.
        options = {"max_iter": 1000, "history_size": 100, "line_search_fn": "strong_wolfe"}
        options |= {"tolerance_grad": 1e-8, "tolerance_change": 0}
        train(problem, model, TorchOptimizer(closures.optimizer(torch.optim.LBFGS), **options))
    clock.look(closures.evaluations, predict, at_once=True)
    clock.finish("end of training")


def train(problem: Plate, model: torch.nn.Module, optimizer: TorchOptimizer) -> None:
    """Train by one optimizer until the clock says stop."""
    # A condition's loss is the mean over w and M_n, which count as one term each here.
    weights = ScalarWeighting({"inside": PDE_WEIGHT, **dict.fromkeys(EDGES, 2 * EDGE_WEIGHT / 4)})
    solver = PhysicsInformedSingleModelSolver(problem, model, optimizer=optimizer, weighting=weights)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
    trainer = Trainer(solver, accelerator="cpu", max_epochs=NEVER, enable_model_summary=False, **quiet)
    with contextlib.suppress(Stop):
        trainer.train()


if __name__ == "__main__":
    main()
