"""Trains a flow, or a Poisson problem with derivatives of its residual, through the host's Solver, for test_names.py.

Prints the order of the loss terms that the host hands over, and after each step the state of the aggregator by name.
"""

import json

import numpy as np
import sympy
import torch

from modulus_relobralo.hosts.sym import Domain, Key, Node, Solver, WeightMonitor, derivative_nodes, host, main

FullyConnectedArch = host.load("models.fully_connected").FullyConnectedArch
NavierStokes = host.load("eq.pdes.navier_stokes").NavierStokes
Pointwise = host.load("domain.constraint").PointwiseConstraint
x, y = sympy.symbols("x y")
u = sympy.Function("u")(x, y)
PROBLEMS = {
    "flow": (
        lambda: NavierStokes(nu=0.1, rho=1.0, dim=2, time=False).make_nodes(),
        ("u", "v", "p"),
        ("continuity", "momentum_x", "momentum_y"),
    ),
    "poisson": (
        lambda: [Node.from_sympy(u.diff(x, 2) + u.diff(y, 2) + 1, "poisson")],
        ("u",),
        ("poisson", "poisson__x", "poisson__y"),
    ),
}


class StatePrinter(host.Monitor):
    """Prints what the aggregator holds."""

    def __init__(self, solver):
        self.solver = solver

    def save_results(self, name, writer, step, data_dir):
        state = self.solver.aggregator.state_dict()
        names = getattr(state, "_metadata", {}).get("", {}).get("names", [])
        values = {key: value.tolist() for key, value in state.items() if value.dim()}
        print("FOUND", json.dumps({"step": step, "order": self.solver.order, "names": names, **values}), flush=True)
        return {}


class Ordered(Solver):
    """Remembers in which order the host has the loss terms."""

    def compute_losses(self, step):
        losses = super().compute_losses(step)
        self.order = list(losses)
        return losses


@main(config_path=None, config_name="config")
def run(cfg):
    torch.manual_seed(7)
    equations, outputs, residuals = PROBLEMS[cfg.custom.problem]
    nodes = equations()
    net = FullyConnectedArch([Key("x"), Key("y")], [Key(name) for name in outputs], layer_size=8, nr_layers=1)
    nodes += derivative_nodes(net, "network", nodes, cfg.custom.derivatives)
    domain = Domain()
    for number, names in ((16, residuals), (8, (cfg.custom.value,))):
        points = np.random.default_rng(number).uniform(-1, 1, (2, number, 1))
        invar, zeros = {"x": points[0], "y": points[1]}, {name: np.zeros((number, 1)) for name in names}
        domain.add_constraint(Pointwise.from_numpy(nodes, invar, zeros, batch_size=number, shuffle=False))
    solver = Ordered(cfg, domain)
    domain.add_monitor(WeightMonitor(solver), "weights")
    domain.add_monitor(StatePrinter(solver), "states")
    solver.solve()


if __name__ == "__main__":
    run()
