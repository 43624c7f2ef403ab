"""What balancing costs: forward and backward of ReLoBRaLo against the host's Sum and Relobralo.

    python -m benchmarks.steps.aggregator [--rounds 30] [--out benchmarks/results]

The three take turns in every round, so that each ratio is of two timings taken one after the other; the table
shows the median of the ratios over the rounds. Each timing is of `CALLS` steps of one aggregator, with scalars
that require gradients as loss terms: the cost of the network is left out.
"""

from __future__ import annotations

import argparse
import statistics
import warnings
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from torch.utils.benchmark import Timer

from benchmarks.records import RESULTS, write_rows
from modulus_relobralo import ReLoBRaLo
from modulus_relobralo.hosts.sym import host

CALLS = 200
TERMS = (2, 3, 9, 50)


class Step:
    """Forward and backward of one aggregator, at a new optimizer step each time."""

    def __init__(self, kind: type, terms: int, scripted: bool, device: str, graph: bool = False) -> None:
        self.leaves = [torch.rand((), device=device).add_(0.1).requires_grad_() for _ in range(terms)]
        self.losses = {f"term_{i}": leaf for i, leaf in enumerate(self.leaves)}
        aggregator = kind(iter(self.leaves), terms)
        self.aggregator = torch.jit.script(aggregator) if scripted else aggregator
        self.step = 0
        for _ in range(50):
            self()
        self.graph = self.capture() if graph else None

    def __call__(self) -> None:
        for leaf in self.leaves:
            leaf.grad = None
        self.aggregator(self.losses, self.step).backward()
        self.step += 1

    def capture(self) -> torch.cuda.CUDAGraph:
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            self()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            self()
        return graph

    def microseconds(self) -> float:
        run = self.graph.replay if self.graph else self
        return Timer("run()", globals={"run": run}).timeit(CALLS).mean * 1e6

    def kernels(self) -> int:
        """Return the number of CUDA kernels of one step."""
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
            self()
            torch.cuda.synchronize()
        return sum(event.count for event in profile.key_averages() if event.device_type.name == "CUDA")


def measure(terms: int, mode: str, device: str, rounds: int) -> dict[str, object]:
    """Return the median microseconds of each aggregator, and the medians of the ratios of ours to the others."""
    builtin = host.load("loss.aggregator")
    kinds = {"sum": builtin.Sum, "relobralo_builtin": builtin.Relobralo, "relobralo": ReLoBRaLo}
    steps = {name: Step(kind, terms, mode == "scripted", device, mode == "graph") for name, kind in kinds.items()}
    timings = {name: [] for name in kinds}
    for _ in track(range(rounds), description=f"{device}, {mode}, {terms} terms", transient=True):
        for name, step in steps.items():
            timings[name].append(step.microseconds())
    row: dict[str, object] = {"on": device, "mode": mode, "terms": terms}
    for name, values in timings.items():
        row[f"{name} us"] = round(statistics.median(values), 1)
    ours = timings["relobralo"]
    row["relobralo / sum"] = round(statistics.median(a / b for a, b in zip(ours, timings["sum"], strict=True)), 2)
    row["builtin / relobralo"] = round(
        statistics.median(a / b for a, b in zip(timings["relobralo_builtin"], ours, strict=True)), 2
    )
    if device == "cuda":
        row.update({f"{name} kernels": step.kernels() for name, step in steps.items()})
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    warnings.simplefilter("ignore", FutureWarning)
    # As the host sets it.
    torch.set_num_threads(1)
    modes = [("cpu", "scripted"), ("cpu", "eager")]
    if torch.cuda.is_available():
        modes += [("cuda", "scripted"), ("cuda", "eager"), ("cuda", "graph")]
    rows = [measure(terms, mode, device, args.rounds) for device, mode in modes for terms in TERMS]
    Console().print(rows, write_rows("aggregator", rows, args.out))


if __name__ == "__main__":
    main()
