"""Times training steps with Taylor-mode derivatives against the host's autodiff, side by side in one process.

    python benchmarks/derivatives.py [--cases kirchhoff-2x128 ...] [--rounds 7] [--output benchmarks/results]

A step is what the host's trainer does, with the plain sum of the losses (trainer_step.py). The methods take turns in
each round, and a ratio is the median over rounds, so that a busy machine slows all of them. Network, points and
parameters are the same for all.

"taylor" is what the examples do: the equation collapsed, so that the biharmonic or the Laplacian is one quantity.

Columns: `ms` of one step; `faster` than the host's autodiff; `memory`, the most that one step takes beyond what is
held between steps; `first`, the first step with everything compiled from scratch (`torch.compile` keeps a cache on
disk, switched off here); `error`, relative, of loss and gradients against autodiff in float64; `floor`, the time of
the derivative pass inside the domain over (channels) x (one forward and backward pass of the plain network).
The network has the host's defaults (SiLU, weight norm) in float32; the host's one thread.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "1")

import numpy as np
import sympy
import torch
from memory import peak_memory
from records import write_results
from torch.utils.benchmark import Timer
from trainer_step import TrainerStep

from modulus_relobralo.derivatives import kernels
from modulus_relobralo.hosts.sym import autodiff_nodes, equation_nodes, host, taylor_nodes
from modulus_relobralo.hosts.sym.taylor_arch import TaylorArch
from modulus_relobralo.plates import KirchhoffPlate
from modulus_relobralo.waves import HelmholtzWave

# Steps of a long run are timed: compiled from the first.
kernels.EAGER_CALLS = 0

DistributedManager, GraphManager = host.load("distributed").DistributedManager, host.load("manager").GraphManager
FullyConnectedArch = host.load("models.fully_connected").FullyConnectedArch
PointwiseConstraint = host.load("domain.constraint").PointwiseConstraint

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
        nodes = equation_nodes(pde, None if partials else self.net)
        if method == "autodiff":
            self.nodes = autodiff_nodes(self.net, "net", nodes)
        else:
            self.nodes = taylor_nodes(self.net, "net", nodes, compiled="uncompiled" not in method)
        self.domain = host.Domain()
        for number, names in ((INTERIOR, [next(iter(pde.equations))]), (BOUNDARY, conditions)):
            points = np.random.default_rng(0).uniform(-1, 1, (2, number, 1))
            constraint = PointwiseConstraint.from_numpy(
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


def measure_floor(run: Run, rounds: int) -> float:
    """Return time of the derivative pass / (channels * time of the plain network), forward and backward."""
    arch = run.interior()
    device = next(arch.parameters()).device
    points = {name: torch.rand(INTERIOR, 1, device=device) for name in "xy"}

    def derivatives() -> None:
        sum(v.square().mean() for v in arch(points).values()).backward()

    def plain() -> None:
        sum(v.square().mean() for v in arch.arch(points).values()).backward()

    derivatives()
    numbers = {f: repetitions(f) for f in (derivatives, plain)}
    ratios = []
    for _ in range(rounds):
        one, other = (timed(f, number) for f, number in numbers.items())
        ratios.append(one / other / len(arch.taylor.plan.channels))
    return statistics.median(ratios)


def timed(function: Callable[[], object], number: int) -> float:
    """Return seconds per call."""
    return Timer("f()", globals={"f": function}, num_threads=1).timeit(number).mean


def repetitions(function: Callable[[], object]) -> int:
    """Return how many calls take about a third of a second."""
    return max(1, int(0.3 / timed(function, 1)))


def measure(case: str, rounds: int) -> list[dict]:
    """Return one row per method."""
    runs = {method: Run(case, method) for method in METHODS}
    oracle = Run(case, "autodiff")
    oracle.net.double()
    truth = flat(oracle, torch.float64)
    errors, first = {}, {}
    for method, run in runs.items():
        begin = time.perf_counter()
        found = flat(run)
        first[method] = time.perf_counter() - begin
        errors[method] = float((found - truth).norm() / truth.norm())
    memory = {method: peak_memory(run.step, run.step.model.zero_grad) for method, run in runs.items()}
    times = {method: [] for method in METHODS}
    if torch.cuda.is_available():
        for run in runs.values():
            run.step.capture()
    number = {method: repetitions(run.step) for method, run in runs.items()}
    for _ in range(rounds):
        for method, run in runs.items():
            times[method].append(timed(run.step, number[method]))
    rows = []
    for method, run in runs.items():
        ratios = [a / b for a, b in zip(times["autodiff"], times[method], strict=True)]
        rows.append(
            {
                "case": case,
                "method": method,
                "ms": round(1e3 * statistics.median(times[method]), 1),
                "faster": round(statistics.median(ratios), 2),
                "memory MB": round(memory[method]),
                "first s": round(first[method], 1),
                "error": f"{errors[method]:.0e}",
                "channels": len(run.interior().taylor.plan.channels) if method != "autodiff" else "",
                "floor": round(measure_floor(run, rounds), 2) if method != "autodiff" else "",
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    args = parser.parse_args()
    torch.set_num_threads(1)  # as modulus.sym.main does
    DistributedManager.initialize()
    GraphManager().func_arch = False  # the host's config default; without a config its own default is True
    rows = []
    for case in args.cases:
        torch._dynamo.reset()
        rows += measure(case, args.rounds)
        path = write_results(args.output / "derivatives", rows)
        print(path.read_text(), flush=True)


if __name__ == "__main__":
    main()
