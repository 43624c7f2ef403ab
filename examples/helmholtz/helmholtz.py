"""The Helmholtz equation on [-1, 1]^2 with a known solution, with its loss terms balanced by ReLoBRaLo.

python examples/helmholtz/helmholtz.py
python examples/helmholtz/helmholtz.py loss=sum training.max_steps=50 custom.seed=1
python examples/helmholtz/helmholtz.py --config-name first_order optimizer=soap
python examples/helmholtz/helmholtz.py --config-name article
"""

import numpy as np
import torch
from sympy import Symbol, lambdify

from modulus_relobralo.hosts.sym import (
    Domain,
    Key,
    PointwiseValidator,
    Progress,
    Solver,
    WeightMonitor,
    constraints,
    derivative_nodes,
    equation_nodes,
    instantiate_arch,
    main,
)
from modulus_relobralo.initialization import initialize
from modulus_relobralo.problems import HelmholtzRectangle, standing_wave
from modulus_relobralo.report import plot_run, print_table, read_run


@main(config_path="conf", config_name="config")
def run(cfg):
    torch.manual_seed(cfg.custom.seed)
    np.random.seed(cfg.custom.seed)
    cfg.cuda_graphs = cfg.cuda_graphs and torch.cuda.is_available()

    # the problem, made so that a standing wave solves it
    solution = standing_wave(m=cfg.custom.m, n=cfg.custom.n)
    wave = HelmholtzRectangle.with_solution(2, 2, solution, k=cfg.custom.k, lower=(-1, -1))

    # network and nodes: it sees x and y scaled to [-pi, pi], or its first layer would be too smooth for the wave
    scale = (0.0, 1 / np.pi if cfg.custom.scaled else 1.0)
    network = instantiate_arch(
        input_keys=[Key("x", scale=scale), Key("y", scale=scale)],
        output_keys=[Key("u")],
        cfg=cfg.arch.fully_connected,
    )
    initialize(network, cfg.custom.initialization)
    nodes = equation_nodes(wave, network)
    nodes += derivative_nodes(network, "wave_network", nodes, method=cfg.custom.derivatives)

    # constraints: the equation inside, u on the edges
    domain = Domain()
    made = constraints(
        wave,
        nodes,
        interior=cfg.batch_size.interior,
        edge=cfg.batch_size.edge,
        per_edge=cfg.custom.per_edge,
        reduction=cfg.custom.reduction,
        points=cfg.custom.points,
        batch_per_epoch=cfg.custom.batches,
    )
    for name, constraint in made.items():
        domain.add_constraint(constraint, name)

    # validator: the exact solution on a grid
    axis = np.linspace(-1, 1, cfg.custom.grid)
    x, y = (points.reshape(-1, 1) for points in np.meshgrid(axis, axis))
    exact = lambdify([Symbol("x"), Symbol("y")], solution)(x, y)
    domain.add_validator(PointwiseValidator(nodes, {"x": x, "y": y}, {"u": exact}), "exact")

    # train
    solver = Solver(cfg, domain)
    domain.add_monitor(WeightMonitor(solver), "weights")
    domain.add_monitor(Progress(solver), "progress")
    solver.solve()

    # show what came out
    result = read_run(cfg.network_dir)
    print_table([result])
    for path in plot_run(result):
        print(path.resolve())


if __name__ == "__main__":
    run()
