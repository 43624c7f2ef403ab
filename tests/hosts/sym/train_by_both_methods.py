"""Trains one small plate by Taylor mode and by autodiff through the host's Solver; run by test_taylor_training.py.

Writes the losses of all steps to ``losses.json``.
"""

import json

import numpy as np
import sympy
import torch

from modulus_relobralo.hosts.sym import Domain, Key, Node, PointwiseValidator, Solver, derivative_nodes, host, main
from modulus_relobralo.taylor import kernels

FullyConnectedArch = host.load("models.fully_connected").FullyConnectedArch
PointwiseConstraint = host.load("domain.constraint").PointwiseConstraint
# Through compiled rules from the first step.
kernels.EAGER_CALLS = 0


class RecordingSolver(Solver):
    """Keeps the losses of every step."""

    def compute_losses(self, step):
        losses = super().compute_losses(step)
        self.recorded.append([int(step), *(float(losses[name]) for name in sorted(losses))])
        return losses


def build_domain(method):
    torch.manual_seed(7)
    x, y = sympy.symbols("x y")
    w = sympy.Function("w")(x, y)
    pde = [
        Node.from_sympy(w.diff(x, 4) + 2 * w.diff(x, 2, y, 2) + w.diff(y, 4) - 1, "kirchhoff"),
        Node.from_sympy(w.diff(x, 2) + 0.3 * w.diff(y, 2), "moment"),
    ]
    net = FullyConnectedArch([Key("x"), Key("y")], [Key("w")], layer_size=10, nr_layers=1)
    nodes = pde + derivative_nodes(net, "plate", pde, method)
    domain = Domain()
    for number, names in ((40, ["kirchhoff"]), (20, ["moment", "w"])):
        points = np.random.default_rng(number).uniform(-1, 1, (2, number, 1))
        invar, zeros = {"x": points[0], "y": points[1]}, {name: np.zeros((number, 1)) for name in names}
        constraint = PointwiseConstraint.from_numpy(nodes, dict(invar), zeros, batch_size=number, shuffle=False)
        domain.add_constraint(constraint)
    domain.add_validator(PointwiseValidator(nodes=nodes, invar=invar, true_outvar={"w": np.zeros((number, 1))}))
    return domain


@main(config_path=None, config_name="config")
def run(cfg):
    losses = {}
    for name, method, folder, steps in (
        ("autodiff", "autodiff", "first", 10),
        ("autodiff, then taylor", "taylor", "first", 20),
        ("taylor", "taylor", "second", 10),
        ("taylor, then autodiff", "autodiff", "second", 20),
    ):
        cfg.network_dir, cfg.training.max_steps = folder, steps
        solver = RecordingSolver(cfg, build_domain(method))
        solver.recorded = losses[name] = []
        solver.solve()
    with open("losses.json", "w") as file:
        json.dump(losses, file)


if __name__ == "__main__":
    run()
