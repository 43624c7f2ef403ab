"""An inverse problem: how well a bar conducts heat along its length, from measured temperatures.

The temperature u solves -(k u')' = q with a known source q. It is measured, with noise, at 40 points; the conductivity
k is not known anywhere, and is found by a second network.

python examples/reuse/conductivity.py
"""

import numpy as np
import torch
from sympy import Symbol, lambdify, pi, sin

from modulus_relobralo.hosts.sym import (
    Diffusion,
    Domain,
    Key,
    Line1D,
    PointwiseConstraint,
    PointwiseInteriorConstraint,
    PointwiseValidator,
    Progress,
    Solver,
    WeightMonitor,
    derivative_nodes,
    instantiate_arch,
    main,
)
from modulus_relobralo.report import plot_run, print_table, read_run

SENSORS, NOISE = 40, 1e-3


@main(config_path="conf", config_name="conductivity")
def run(cfg):
    torch.manual_seed(cfg.custom.seed)
    np.random.seed(cfg.custom.seed)
    cfg.cuda_graphs = cfg.cuda_graphs and torch.cuda.is_available()

    # what is to be found, and the source that belongs to it
    x = Symbol("x")
    exact_u, exact_k = sin(pi * x), 1 + sin(2 * pi * x) / 2
    source = -(exact_k * exact_u.diff(x)).diff(x)

    # networks and nodes
    nodes = Diffusion(T="u", D="k", Q=source, dim=1, time=False).make_nodes()
    for name in ("u", "k"):
        network = instantiate_arch(input_keys=[Key("x")], output_keys=[Key(name)], cfg=cfg.arch.fully_connected)
        nodes += derivative_nodes(network, f"{name}_network", nodes, method=cfg.custom.derivatives)

    # constraints: the equation inside, u at the sensors
    domain = Domain()
    equation = PointwiseInteriorConstraint(nodes, Line1D(0, 1), {"diffusion_u": 0}, cfg.batch_size.interior)
    domain.add_constraint(equation, "interior")
    sensors = np.linspace(0, 1, SENSORS).reshape(-1, 1)
    measured = lambdify(x, exact_u)(sensors) + NOISE * np.random.normal(size=sensors.shape)
    data = PointwiseConstraint.from_numpy(nodes, {"x": sensors}, {"u": measured}, batch_size=SENSORS)
    domain.add_constraint(data, "sensors")

    # validator: both fields
    grid = np.linspace(0, 1, 101).reshape(-1, 1)
    exact = {"u": lambdify(x, exact_u)(grid), "k": lambdify(x, exact_k)(grid)}
    domain.add_validator(PointwiseValidator(nodes, {"x": grid}, exact), "exact")

    # train, and show what came out
    solver = Solver(cfg, domain)
    domain.add_monitor(WeightMonitor(solver), "weights")
    domain.add_monitor(Progress(solver), "progress")
    solver.solve()
    result = read_run(cfg.network_dir)
    print_table([result])
    for path in plot_run(result):
        print(path.resolve())


if __name__ == "__main__":
    run()
