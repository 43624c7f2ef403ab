"""Times training steps with Taylor-mode derivatives against the host's autodiff, side by side in one process.

    python -m benchmarks.steps.derivatives [--cases kirchhoff-2x128 ...] [--rounds 7] [--threads 1]

A step is what the host's trainer does, with the plain sum of the losses (trainer_step.py). The methods take turns in
each round, and a ratio is the median over rounds, so that a busy machine slows all of them. Network, points and
parameters are the same for all.

"taylor" is what the examples do: the equation collapsed, so that the biharmonic or the Laplacian is one quantity.

Columns: `ms` of one step; `faster` than the host's autodiff; `memory`, the most that one step takes beyond what is
held between steps; `first`, the first step with everything compiled from scratch (`torch.compile` keeps a cache on
disk, switched off here); `error`, relative, of loss and gradients against autodiff in float64; `floor`, the time of
the derivative pass inside the domain over (channels) x (one forward and backward pass of the plain network).
The network has the host's defaults (SiLU, weight norm) in float32.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "1")

import torch
from rich.console import Console
from torch.utils.benchmark import Timer

from benchmarks.records import RESULTS, write_rows
from benchmarks.steps.differentiated_step import CASES, INTERIOR, METHODS, Run, flat
from benchmarks.steps.memory import peak_memory
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.taylor import kernels

# Steps of a long run are timed: compiled from the first.
kernels.EAGER_CALLS = 0


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
    """Return seconds per call, with the threads that PyTorch has."""
    threads = torch.get_num_threads()
    return Timer("f()", globals={"f": function}, num_threads=threads).timeit(number).mean


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
                "threads": torch.get_num_threads(),
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
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch; the host's Solver has one")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    host.load("distributed").DistributedManager.initialize()
    host.load(
        "manager"
    ).GraphManager().func_arch = False  # the host's config default; without a config its own default is True
    for case in args.cases:
        torch._dynamo.reset()
        rows = measure(case, args.rounds)
        Console().print(rows, write_rows("derivatives", rows, args.out))


if __name__ == "__main__":
    main()
