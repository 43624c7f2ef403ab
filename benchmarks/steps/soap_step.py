"""What a training step of the Kirchhoff example takes with SOAP, against one with Adam.

    python -m benchmarks.steps.soap_step [--rounds 100] [--networks 2x128 4x128 6x512] [--out benchmarks/results]

All take turns on one domain and one network, step by step. Every N-th step of SOAP also brings its eigenvectors up to
date: a ratio is the mean over N steps, of the median ratio of steps without that and the median ratio of steps with it.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console

from benchmarks.records import RESULTS, write_rows
from benchmarks.steps.balanced_step import make_domain
from benchmarks.steps.trainer_step import TrainerStep, take_turns
from modulus_relobralo import SOAP
from modulus_relobralo.hosts.sym import host

NETWORKS = ("2x128", "4x128", "6x512")
FREQUENCIES = (5, 10, 25)
# Steps before the first that counts: compilation, and SOAP's first eigenvectors.
WARMUP = 5


def measure(network: str, rounds: int) -> dict[str, object]:
    """Return the milliseconds of a step with Adam, and the ratio to it of SOAP's at each frequency."""
    depth, width = map(int, network.split("x"))
    domain = make_domain(depth, width, per_edge=False, method="taylor")
    optimizers = {0: torch.optim.Adam}
    optimizers |= {number: functools.partial(SOAP, precondition_frequency=number) for number in FREQUENCIES}
    # So small a rate that the network, which all share, stays as it is.
    steps = {
        number: TrainerStep(domain, rate=1e-9, clip=1e6, optimizer=optimizer)
        for number, optimizer in optimizers.items()
    }
    timings = take_turns(steps, rounds, WARMUP, network)
    adam = [timing[0] for timing in timings]
    return {
        "network": network.replace("x", " x "),
        "adam ms": round(statistics.median(adam), 2),
        **{
            f"soap / adam, every {number}": round(mean_ratio([timing[number] for timing in timings], adam, number), 3)
            for number in FREQUENCIES
        },
    }


def mean_ratio(soap: Sequence[float], adam: Sequence[float], number: int) -> float:
    """Return the mean ratio over `number` steps, of which one brings the eigenvectors up to date."""
    ratios: dict[bool, list[float]] = {True: [], False: []}
    for index, pair in enumerate(zip(soap, adam, strict=True), start=WARMUP):
        # The first step of all has the number 0, and moves nothing.
        ratios[index % number == 0].append(pair[0] / pair[1])
    return (statistics.median(ratios[True]) + (number - 1) * statistics.median(ratios[False])) / number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100, help="at least twice the largest frequency")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, metavar="DEPTHxWIDTH")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    if args.rounds < 2 * max(FREQUENCIES):
        parser.error(f"--rounds must be at least {2 * max(FREQUENCIES)}. Found {args.rounds}.")
    warnings.simplefilter("ignore", FutureWarning)
    # As the host sets it.
    torch.set_num_threads(1)
    # The host's config default; without a config its own default is True.
    host.load("manager").GraphManager().func_arch = False
    rows = [measure(network, args.rounds) for network in args.networks]
    Console().print(rows, write_rows("soap_step", rows, args.out))


if __name__ == "__main__":
    main()
