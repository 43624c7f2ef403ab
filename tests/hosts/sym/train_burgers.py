"""Trains Burgers' equation, described as a `Problem`, through the host's Solver; run by test_problem_training.py.

Prints the loss terms, and the errors against the exact front before and after.
"""

import json

import numpy as np
import torch
from sympy import Function, lambdify, symbols, tanh

from modulus_relobralo.hosts.sym import Domain, Key, Solver, constraints, equation_nodes, host, main, taylor_nodes
from modulus_relobralo.problems import Interval, Problem

x, t = symbols("x t")
u, nu = Function("u")(x, t), 0.1
FRONT = (1 - tanh((x - t / 2) / (4 * nu))) / 2


@main(config_path=None, config_name="config")
def run(cfg):
    torch.manual_seed(0)
    np.random.seed(0)
    burgers = Problem(
        Interval(-1, 1),
        time=(0, 1),
        equations={"burgers": u.diff(t) + u * u.diff(x) - nu * u.diff(x, 2)},
        conditions={"left": {"u": FRONT}, "right": {"u__x": FRONT.diff(x)}},
        initial={"u": FRONT},
    )
    arch = host.load("models.fully_connected").FullyConnectedArch
    network = arch([Key("x"), Key("t")], [Key("u")], layer_size=16, nr_layers=2)
    nodes = equation_nodes(burgers, network)
    nodes += taylor_nodes(network, "burgers_network", nodes, compiled=False)
    domain = Domain()
    made = constraints(burgers, nodes, interior=256, edge=32, initial=64, points="resampled")
    for name, constraint in made.items():
        domain.add_constraint(constraint, name)
    grid = np.meshgrid(np.linspace(-1, 1, 21), np.linspace(0, 1, 21))
    exact = lambdify([x, t], FRONT)(*grid)

    @torch.no_grad()
    def error():
        device = next(network.parameters()).device
        points = {
            name: torch.tensor(axis.reshape(-1, 1)).float().to(device) for name, axis in zip("xt", grid, strict=True)
        }
        return float(np.linalg.norm(network(points)["u"].cpu().numpy().ravel() - exact.ravel()) / np.linalg.norm(exact))

    before = error()
    solver = Solver(cfg, domain)
    solver.solve()
    losses = sorted(domain.compute_losses(0))
    print("FOUND", json.dumps({"losses": losses, "errors": [before, error()]}), flush=True)


if __name__ == "__main__":
    run()
