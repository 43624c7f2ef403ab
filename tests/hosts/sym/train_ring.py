"""Trains an advection on a ring, whose speed is unknown, through the host's Solver; run by test_problem_training.py.

Prints the loss terms of the Solver and of a loop, the speed, and the errors against the exact wave before and after.
"""

import json

import numpy as np
import torch
from sympy import Function, symbols

from modulus_relobralo.hosts.sym import Domain, Key, Solver, constraints, equation_nodes, host, main, taylor_nodes
from modulus_relobralo.problems import Interval, Problem
from modulus_relobralo.problems.places import places

x, t, c = symbols("x t c")
u = Function("u")(x, t)
SPEED = 0.7


def exact(x, t):
    return np.sin(np.pi * (x - SPEED * t))


@main(config_path=None, config_name="config")
def run(cfg):
    torch.manual_seed(0)
    np.random.seed(0)
    at = np.random.uniform((-1, 0), (1, 1), (60, 2)).T
    ring = Problem(
        Interval(-1, 1),
        time=(0, 1),
        equations={"advection": u.diff(t) + c * u.diff(x)},
        conditions={},
        initial={"u": None},
        sensors={"x": at[0], "t": at[1], "u": exact(*at)},
        periodic="left, right",
        unknown={"c": 0.2},
    )
    arch = host.load("models.fully_connected").FullyConnectedArch
    keys = [Key("x"), Key("t")], [Key("u")]
    network = arch(*keys, layer_size=16, nr_layers=2, periodicity=ring.periods if cfg.custom.ring else None)
    nodes = equation_nodes(ring, network)
    nodes += taylor_nodes(network, "ring_network", nodes, compiled=False)
    domain = Domain()
    for name, constraint in constraints(ring, nodes, interior=128, edge=1, points="resampled").items():
        domain.add_constraint(constraint, name)
    grid = np.meshgrid(np.linspace(-1, 1, 21), np.linspace(0, 1, 21))

    @torch.no_grad()
    def error():
        like = next(network.parameters())
        points = {name: torch.tensor(axis.reshape(-1, 1)).to(like) for name, axis in zip("xt", grid, strict=True)}
        found = network(points)["u"].cpu().numpy().ravel()
        return float(np.linalg.norm(found - exact(*grid).ravel()) / np.linalg.norm(exact(*grid)))

    before = error()
    Solver(cfg, domain).solve()
    print(
        "FOUND",
        json.dumps(
            {
                "losses": sorted(domain.compute_losses(0)),
                "terms": sorted(name for place in places(ring, 1, 1) for name in place.terms),
                "speed": float(next(node.evaluate.unknown["c"] for node in nodes if hasattr(node.evaluate, "unknown"))),
                "errors": [before, error()],
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    run()
