"""Trains Poisson's equation on an interval through the Solver, for test_precision.py.

Its first arguments are whose `main` is used, and what the network is converted to.
"""

import json
import sys

import numpy as np
import torch
from sympy import Function, lambdify, symbols, tanh

from modulus_relobralo.hosts.sym import (
    Domain,
    Key,
    PointwiseValidator,
    Solver,
    constraints,
    equation_nodes,
    host,
    main,
    residual_monitor,
    taylor_nodes,
)
from modulus_relobralo.problems import Interval, Problem

x = symbols("x")
# What one neuron can be: its error ends with the precision.
u, EXACT = Function("u")(x), tanh(2 * x - 0.5)
POISSON = Problem(Interval(0, 1), {"poisson": u.diff(x, 2) - EXACT.diff(x, 2)}, {"left, right": {"u": EXACT}})


def run(cfg, converted):
    torch.manual_seed(0)
    np.random.seed(0)
    network = host.load("models.fully_connected").FullyConnectedArch(
        [Key("x", scale=(0.5, 1 / 3))],
        [Key("u", scale=(0.0, 0.7))],
        layer_size=cfg.custom.neurons,
        nr_layers=1,
        activation_fn=host.load("models.activation").Activation.TANH,
        weight_norm=False,
    )
    if converted:
        network.to(getattr(torch, converted))
    nodes = equation_nodes(POISSON, network)
    nodes += taylor_nodes(network, "network", nodes, compiled=False)
    domain = Domain()
    # Those of the last batch are not drawn anew where a run is resumed, so that it can be compared.
    order = {"shuffle": False} if cfg.custom.points == "fixed" else {}
    made = constraints(POISSON, nodes, 48, 8, points=cfg.custom.points, batch_per_epoch=1, **order)
    for name, constraint in made.items():
        domain.add_constraint(constraint, name)
    grid = np.linspace(0, 1, 101).reshape(-1, 1)
    exact = lambdify([x], EXACT)(grid)
    domain.add_validator(PointwiseValidator(nodes, {"x": grid}, {"u": exact}), "exact")
    domain.add_monitor(residual_monitor(nodes, {"x": grid}, ["poisson"]), "residuals")
    solver = (host.Solver if cfg.custom.hosts_solver else Solver)(cfg, domain)
    solver.solve()

    interior = domain.constraints["interior"]
    # What natural gradients remember of J^T J is of float64 in any case.
    state = [v for values in solver.optimizer.state.values() for name, v in values.items() if name != "gram"]
    tensors = {
        "parameters": [*network.parameters()],
        "scales": [network.input_scales_tensor, network.output_scales_tensor],
        "points": [*interior._input_vars.values()],
        "targets": [*interior._target_vars.values()],
        "weights": [*interior._lambda_weighting.values()],
        "losses": [*domain.compute_losses(0).values()],
        "balancing": [tensor for tensor in solver.aggregator.state_dict().values() if tensor.is_floating_point()],
        "optimizer": [value for value in state if torch.is_tensor(value) and value.dim()],
        "monitor": [solver.monitor_outvar["poisson"]],
        "validator": [solver.validator_outvar["l2_relative_error_u"]],
    }
    found = {name: sorted({str(tensor.dtype) for tensor in each}) for name, each in tensors.items()}
    print("FOUND", json.dumps(found), flush=True)


if __name__ == "__main__":
    _, whose, converted, *sys.argv[1:] = sys.argv
    decorate = main if whose == "ours" else host.load("hydra.utils").main
    decorate(config_path=None, config_name="config")(lambda cfg: run(cfg, converted))()
