"""What a step of natural gradients takes, in time and memory, as rows and width grow.

    python -m benchmarks.steps.natural_gradient_step [--networks 3x32 3x64 2x128 6x512] [--rows 300 600 1200 2048]

A plate's equation at two thirds of the rows, w = 0 at the others; one thread, float64, new points in every step.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import statistics
import time
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track

from benchmarks.records import RESULTS, write_rows
from benchmarks.steps.memory import peak_memory
from modulus_relobralo import NaturalGradient, Pointwise
from modulus_relobralo.options import NATURAL_GRADIENT
from modulus_relobralo.taylor import TaylorDerivatives

NETWORKS = ("3x32", "3x64", "2x128", "6x512")
ROWS = (300, 600, 1200, 2048)


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


def measure(network: str, rows: int, steps: int) -> dict[str, object]:
    """Return what a step takes: the median time, and the most memory beyond what is held before."""
    torch.manual_seed(0)
    model = make_network(*map(int, network.split("x")))
    optimizer = NaturalGradient(model.parameters())
    parts = (Equation(model), 2 * rows // 3), (Edge(model), rows - 2 * rows // 3)
    seconds = []

    def step() -> None:
        batches = [
            Pointwise(module, [torch.rand(points, 2)], weights={name: 1 / points})
            for (module, points), name in zip(parts, ("kirchhoff", "w"), strict=True)
        ]
        start = time.perf_counter()
        optimizer.step(batches)
        seconds.append(time.perf_counter() - start)

    megabytes = peak_memory(step, gc.collect)
    for _ in range(steps - 1):
        step()
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return {
        "network": network.replace("x", " x "),
        "parameters": parameters,
        "rows": rows,
        "s per step": float(f"{statistics.median(seconds):.3g}"),
        "GFLOP of J J^T": float(f"{5 / 8 * 2 * rows**2 * parameters / 1e9:.3g}"),
        "peak MB": round(megabytes),
    }


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
