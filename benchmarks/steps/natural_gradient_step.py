"""What a step of natural gradients takes, in time and memory, as rows and width grow, and what one of SOAP takes there.

    python -m benchmarks.steps.natural_gradient_step [--networks 3x20 3x64 4x128 6x256] [--rows 500 2000 8000]

A plate's equation at two thirds of the rows, w = 0 at the others; one thread, new points in every step, float64 for
natural gradients and float32 for SOAP; seconds are the process's own. A step whose system alone takes more than a
minute is not taken: its time is the one that is predicted.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track

from benchmarks.records import RESULTS, Row, write_rows
from benchmarks.steps.memory import peak_memory
from modulus_relobralo import SOAP, NaturalGradient, Pointwise
from modulus_relobralo.optimizers.cost import LONG, least_seconds
from modulus_relobralo.options import NATURAL_GRADIENT
from modulus_relobralo.taylor import TaylorDerivatives

NETWORKS = ("3x20", "3x64", "4x128", "6x256")
ROWS = (500, 2000, 8000)


class Equation(torch.nn.Module):
    """The residual of a plate with D = 1 under a sinusoidal load."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.derivatives = TaylorDerivatives(network, ["x", "y"], ["w"], ["biharmonic_w"], compiled=False)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the residual at points `x`, [points, 2]."""
        return {"kirchhoff": self.derivatives(x)["biharmonic_w"] - x.sin().prod(dim=1, keepdim=True)}


class Edge(torch.nn.Module):
    """The deflection of an edge."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the deflection at points `x`, [points, 2]."""
        return {"w": self.network(x)}


def make_network(depth: int, width: int) -> torch.nn.Sequential:
    """Return a network from x and y to w."""
    sizes = [2, *(width for _ in range(depth))]
    layers = [
        layer
        for size, following in itertools.pairwise(sizes)
        for layer in (torch.nn.Linear(size, following), torch.nn.Tanh())
    ]
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, 1))


def measure(network: str, rows: int, steps: int) -> Row:
    """Return what steps of both optimizers take: median times, and the most memory beyond what is held before."""
    torch.manual_seed(0)
    model = make_network(*map(int, network.split("x")))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    parts = [(Equation(model), "kirchhoff", 2 * rows // 3), (Edge(model), "w", rows - 2 * rows // 3)]

    def natural_gradients(optimizer: torch.optim.Optimizer) -> None:
        batches = [Pointwise(part, [torch.rand(points, 2)], {name: 1 / points}) for part, name, points in parts]
        optimizer.step(batches)  # type: ignore[arg-type]

    def soap(optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        sum(part(torch.rand(points, 2))[name].square().mean() for part, name, points in parts).backward()  # type: ignore[union-attr]
        optimizer.step()

    predicted = least_seconds(*sorted((rows, parameters)), torch.zeros(1).double())
    took = (f"> {predicted:.0f}", "") if predicted > LONG else timed(natural_gradients, NaturalGradient, model, steps)
    return {
        "network": network.replace("x", " x "),
        "parameters": parameters,
        "rows": rows,
        **dict(zip(("s per step", "peak MB"), took, strict=True)),
        **dict(zip(("SOAP: s per step", "SOAP: peak MB"), timed(soap, SOAP, model, steps), strict=True)),
    }


def timed(
    step: Callable[[torch.optim.Optimizer], None],
    kind: type[torch.optim.Optimizer],
    model: torch.nn.Module,
    steps: int,
) -> tuple[float, int]:
    """Return the median seconds of steps, and the MB of the first."""
    optimizer, seconds = kind(model.parameters()), []

    def one() -> None:
        start = time.process_time()
        step(optimizer)
        seconds.append(time.process_time() - start)

    megabytes = peak_memory(one, gc.collect)
    for _ in range(steps - 1):
        one()
    return float(f"{statistics.median(seconds):.3g}"), round(megabytes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=NETWORKS, metavar="DEPTHxWIDTH")
    parser.add_argument("--rows", nargs="+", type=int, default=ROWS)
    parser.add_argument("--steps", type=int, default=3, help="of each kind; their median counts")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    kinds = [(network, rows) for network in args.networks for rows in args.rows]
    found = [measure(*kind, args.steps) for kind in track(kinds, description="networks and rows")]
    path = write_rows("natural_gradient_step", found, args.out)
    Console().print(f"J held up to {NATURAL_GRADIENT.memory:g} GiB:", found, path)


if __name__ == "__main__":
    main()
