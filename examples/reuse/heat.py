"""A hot rod that cools: one end is kept cold, the other is insulated.

python examples/reuse/heat.py
"""

import numpy as np
import torch
from sympy import Eq, Symbol, exp, lambdify, pi, sin

from modulus_relobralo.hosts.sym import (
    Diffusion,
    Domain,
    Key,
    Line1D,
    Parameterization,
    PointwiseBoundaryConstraint,
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

DIFFUSIVITY = 0.1


@main(config_path="conf", config_name="config")
def run(cfg):
    torch.manual_seed(cfg.custom.seed)
    np.random.seed(cfg.custom.seed)
    cfg.cuda_graphs = cfg.cuda_graphs and torch.cuda.is_available()

    # the exact temperature: two modes, each of which decays at a rate of its own
    x, t = Symbol("x"), Symbol("t")
    modes = [(1.0, pi / 2), (0.5, 5 * pi / 2)]
    exact = sum(size * sin(k * x) * exp(-DIFFUSIVITY * k**2 * t) for size, k in modes)

    # network and nodes
    network = instantiate_arch(input_keys=[Key("x"), Key("t")], output_keys=[Key("T")], cfg=cfg.arch.fully_connected)
    equation = Diffusion(T="T", D=DIFFUSIVITY, dim=1, time=True)
    nodes = equation.make_nodes()
    nodes += derivative_nodes(network, "heat_network", nodes, method=cfg.custom.derivatives, derivatives=["T__x"])

    # constraints: T is both the initial temperature and that of the cold end, T__x the flux through the insulated one
    rod, always, start = Line1D(0, 1), Parameterization({t: (0, 1)}), Parameterization({t: 0})
    inside, ends = cfg.batch_size.interior, cfg.batch_size.boundary
    constraints = {
        "interior": PointwiseInteriorConstraint(nodes, rod, {"diffusion_T": 0}, inside, parameterization=always),
        "initial": PointwiseInteriorConstraint(nodes, rod, {"T": exact.subs(t, 0)}, ends, parameterization=start),
        "cold": PointwiseBoundaryConstraint(nodes, rod, {"T": 0}, ends, criteria=Eq(x, 0), parameterization=always),
        "insulated": PointwiseBoundaryConstraint(
            nodes, rod, {"T__x": 0}, ends, criteria=Eq(x, 1), parameterization=always
        ),
    }
    domain = Domain()
    for name, constraint in constraints.items():
        domain.add_constraint(constraint, name)

    # validator: the exact temperature on a grid
    points = dict(zip("xt", (axis.reshape(-1, 1) for axis in np.meshgrid(*(np.linspace(0, 1, 51),) * 2)), strict=True))
    domain.add_validator(PointwiseValidator(nodes, points, {"T": lambdify([x, t], exact)(**points)}), "exact")

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
