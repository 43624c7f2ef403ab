"""A plate's or a wave's training step with its derivatives by one method or another, for derivatives.py."""

from __future__ import annotations

import numpy as np
import sympy
import torch

from benchmarks.steps.trainer_step import TrainerStep
from modulus_relobralo.hosts.sym import TaylorArch, autodiff_nodes, equation_nodes, host, taylor_nodes
from modulus_relobralo.plates import KirchhoffPlate
from modulus_relobralo.problems import HelmholtzWave

FullyConnectedArch = host.load("models.fully_connected").FullyConnectedArch

CASES = {
    f"{equation}-{depth}x{width}": (equation, depth, width)
    for equation, depth, width in (
        ("kirchhoff", 2, 128),
        ("kirchhoff", 4, 128),
        ("kirchhoff", 6, 512),
        ("helmholtz", 2, 128),
        ("helmholtz", 4, 128),
        ("helmholtz", 6, 512),
    )
}
METHODS = ("autodiff", "taylor", "taylor, each partial", "taylor, uncompiled")
INTERIOR, BOUNDARY = 1024, 256


def make_equation(equation: str, load: sympy.Expr) -> tuple[KirchhoffPlate | HelmholtzWave, list[str]]:
    """Return the equations, and the names of the conditions on the boundary."""
    if equation == "kirchhoff":
        return KirchhoffPlate(D=1.5, nu=0.3, p=load), ["w", "M_x"]
    return HelmholtzWave(k=1, source=load, u="w"), ["w"]


class Run:
    """Training of one network by one method."""

    def __init__(self, case: str, method: str) -> None:
        equation, depth, width = CASES[case]
        torch.manual_seed(0)
        keys = [host.Key("x"), host.Key("y")], [host.Key("w")]
        self.net = FullyConnectedArch(*keys, nr_layers=depth, layer_size=width)
        x, y = sympy.symbols("x y")
        pde, conditions = make_equation(equation, sympy.sin(x) * sympy.sin(y))
        partials = method in ("autodiff", "taylor, each partial")
        nodes = equation_nodes(pde, *([] if partials else [self.net]))
        if method == "autodiff":
            self.nodes = autodiff_nodes(self.net, "net", nodes)
        else:
            self.nodes = taylor_nodes(self.net, "net", nodes, compiled="uncompiled" not in method)
        self.domain = host.Domain()
        for number, names in ((INTERIOR, [next(iter(pde.equations))]), (BOUNDARY, conditions)):
            points = np.random.default_rng(0).uniform(-1, 1, (2, number, 1))
            constraint = host.PointwiseConstraint.from_numpy(
                nodes + self.nodes,
                {"x": points[0], "y": points[1]},
                {name: np.zeros((number, 1)) for name in names},
                batch_size=number,
                shuffle=False,  # all methods see the same points first
            )
            self.domain.add_constraint(constraint)
        self.step = TrainerStep(self.domain)

    def loss(self, points: int | None = None, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Return the loss after its backward pass, on all points or the first ones of each constraint."""
        self.domain.load_data()
        if points is not None:
            for constraint in self.domain.constraints.values():
                for name in ("_input_vars", "_target_vars", "_lambda_weighting"):
                    batch = {k: v.detach()[:points].to(dtype) for k, v in getattr(constraint, name).items()}
                    setattr(constraint, name, {k: v.requires_grad_(name == "_input_vars") for k, v in batch.items()})
        return self.step.gradients()

    def interior(self) -> TaylorArch:
        """Return the module that computes the derivatives inside the domain."""
        modules = self.domain.constraints["pointwise_bc"].model.evaluation_order
        return next(m for m in modules if isinstance(m, TaylorArch) and m.request)


def flat(run: Run, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return loss and gradients on a few points as one vector; nested autodiff of all would not fit in memory."""
    loss = run.loss(points=64, dtype=dtype).detach()
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in run.step.model.parameters()]
    return torch.cat([loss.reshape(1), *(g.flatten() for g in gradients)]).double()
