"""What each balancing scheme adds to a whole training step of the Kirchhoff example, against loss=sum.

    python -m benchmarks.steps.balanced_step [--rounds 60] [--derivatives taylor autodiff] [--out benchmarks/results]

All schemes take turns on one domain and one network, step by step; a ratio is the median over the rounds. That of
relobralo_grad is of its usual steps and, in their share, of those that look at the gradients; `looks` is of the latter.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import warnings
from pathlib import Path

import torch
from rich.console import Console

from benchmarks.records import RESULTS, write_rows
from benchmarks.steps.trainer_step import TrainerStep, take_turns
from modulus_relobralo import ReLoBRaLo, ReLoBRaLoGrad
from modulus_relobralo.hosts.sym import constraints, derivative_nodes, equation_nodes, host
from modulus_relobralo.options import EVERY
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate
from modulus_relobralo.taylor import kernels

# Steps of a long run are timed: compiled from the first.
kernels.EAGER_CALLS = 0

# Steps before the first that counts: compilation.
WARMUP = 5
NETWORKS = ((2, 128), (4, 128), (6, 512))
DERIVATIVES = ("taylor", "autodiff")
# The host's classes of the rivals, by the names of their configs.
RIVALS = {
    "relobralo_builtin": "Relobralo",
    "soft_adapt": "SoftAdapt",
    "grad_norm": "GradNorm",
    "lr_annealing": "LRAnnealing",
}


def make_domain(depth: int, width: int, per_edge: bool, method: str) -> object:
    """Return the domain of the example's plate, with its numbers of points."""
    arch = host.load("models.fully_connected").FullyConnectedArch
    activation = host.load("models.activation").Activation.TANH
    network = arch(
        [host.Key("x"), host.Key("y")],
        [host.Key("w")],
        nr_layers=depth,
        layer_size=width,
        activation_fn=activation,
        weight_norm=False,
    )
    plate = RectangularPlate(10.0, 10.0, KirchhoffPlate(D=20.8333333333, nu=0.2, p=0.015), "simply_supported")
    nodes = equation_nodes(plate, network)
    nodes += derivative_nodes(network, "plate_network", nodes, method=method)
    domain = host.Domain()
    for name, constraint in constraints(plate, nodes, 1024, 64, per_edge, batch_per_epoch=20).items():
        domain.add_constraint(constraint, name)
    return domain


def measure(depth: int, width: int, per_edge: bool, method: str, rounds: int) -> dict[str, object]:
    """Return the median milliseconds of a step with the plain sum, and the median ratio to it of every scheme's."""
    domain = make_domain(depth, width, per_edge, method)
    shipped = host.load("loss.aggregator")
    kinds = {"sum": shipped.Sum, "relobralo": ReLoBRaLo}
    # Never again after its first call, and at every one.
    kinds["relobralo_grad"] = functools.partial(ReLoBRaLoGrad, equations=["kirchhoff"], every=10**9)
    kinds["looks"] = functools.partial(ReLoBRaLoGrad, equations=["kirchhoff"], every=1)
    kinds.update({name: getattr(shipped, rival) for name, rival in RIVALS.items()})
    terms, parameters = domain.get_num_losses(), list(domain.create_global_optimizer_model().parameters())
    steps = {
        name: TrainerStep(domain, torch.jit.script(kind(parameters, terms)), rate=1e-5, clip=1e6)
        for name, kind in kinds.items()
    }
    timings = take_turns(steps, rounds, WARMUP, f"{depth} x {width}, {terms} terms")
    ratios = {
        f"{name} / sum": round(statistics.median(timing[name] / timing["sum"] for timing in timings), 3)
        for name in kinds
        if name != "sum"
    }
    usual, look = ratios["relobralo_grad / sum"], ratios["looks / sum"]
    ratios["relobralo_grad / sum"] = round(usual + (look - usual) / EVERY, 3)
    return {
        "network": f"{depth} x {width}",
        "derivatives": method,
        "terms": terms,
        "sum ms": round(statistics.median(timing["sum"] for timing in timings), 2),
        **ratios,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--derivatives", nargs="+", choices=DERIVATIVES, default=DERIVATIVES)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    warnings.simplefilter("ignore", FutureWarning)
    # As the host sets it.
    torch.set_num_threads(1)
    # The host's config default; without a config its own default is True.
    host.load("manager").GraphManager().func_arch = False
    rows = [
        measure(*network, per_edge, method, args.rounds)
        for method in args.derivatives
        for network in NETWORKS
        for per_edge in (False, True)
    ]
    Console().print(rows, write_rows("balanced_step", rows, args.out))


if __name__ == "__main__":
    main()
