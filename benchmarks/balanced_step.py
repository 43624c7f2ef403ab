"""What balancing adds to a whole training step of the Kirchhoff example: loss=relobralo against loss=sum.

    python benchmarks/balanced_step.py [--rounds 60] [--out benchmarks/results]

Both aggregators take turns on one domain and one network, step by step; the ratio is the median over the pairs.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from pathlib import Path

import torch
from records import device_name, write_results
from rich.console import Console
from rich.progress import track

from modulus_relobralo import ReLoBRaLo, host
from modulus_relobralo.derivatives import collapse, derivative_nodes
from modulus_relobralo.pdes import KirchhoffPlate
from modulus_relobralo.plates import RectangularPlate

NETWORKS = ((2, 128), (4, 128))


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
    nodes = collapse(KirchhoffPlate(D=20.8333333333, nu=0.2, p=0.015), network).make_nodes()
    nodes += derivative_nodes(network, "plate_network", nodes, method=method)
    domain = host.Domain()
    constraints = RectangularPlate(10.0, 10.0).constraints(nodes, 1024, 64, per_edge, batch_per_epoch=20)
    for name, constraint in constraints.items():
        domain.add_constraint(constraint, name)
    return domain


def measure(depth: int, width: int, per_edge: bool, method: str, rounds: int) -> dict[str, object]:
    """Return the median milliseconds of a step with each aggregator, and the median of their ratios."""
    domain = make_domain(depth, width, per_edge, method)
    model = domain.create_global_optimizer_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5)
    kinds = {"sum": host.load("loss.aggregator").Sum, "relobralo": ReLoBRaLo}
    terms = domain.get_num_losses()
    aggregators = {name: torch.jit.script(kind(model.parameters(), terms)) for name, kind in kinds.items()}

    def step(name: str, number: int) -> float:
        start = time.perf_counter()
        domain.load_data()
        model.zero_grad(set_to_none=True)
        aggregators[name](domain.compute_losses(number), number).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1e6)
        optimizer.step()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return (time.perf_counter() - start) * 1e3

    for number in range(5):
        for name in kinds:
            step(name, number)
    pairs = []
    for number in track(range(5, rounds + 5), description=f"{depth} x {width}, {terms} terms", transient=True):
        # In turns, each first every other time: what a step leaves in the caches is no one's advantage.
        order = list(kinds) if number % 2 else list(kinds)[::-1]
        pairs.append({name: step(name, number) for name in order})
    medians = {f"{name} ms": round(statistics.median(pair[name] for pair in pairs), 2) for name in kinds}
    ratio = statistics.median(pair["relobralo"] / pair["sum"] for pair in pairs)
    return {
        "network": f"{depth} x {width}",
        "derivatives": method,
        "terms": terms,
        **medians,
        "relobralo / sum": round(ratio, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    args = parser.parse_args()
    warnings.simplefilter("ignore", FutureWarning)
    # As the host sets it.
    torch.set_num_threads(1)
    # The host's config default; without a config its own default is True.
    host.load("manager").GraphManager().func_arch = False
    rows = [
        measure(*network, per_edge, method, args.rounds)
        for method in ("taylor", "autodiff")
        for network in NETWORKS
        for per_edge in (False, True)
    ]
    path = write_results(args.out / "balanced_step", "python benchmarks/balanced_step.py", rows)
    Console().print(f"on {device_name()}:", rows, path)


if __name__ == "__main__":
    main()
