"""Flow in a square cavity whose lid slides over it, at a Reynolds number of 100.

python examples/reuse/cavity.py
"""

import numpy as np
import torch
from sympy import Abs, Eq, Symbol

from modulus_relobralo.hosts.sym import (
    Domain,
    Key,
    NavierStokes,
    PointwiseBoundaryConstraint,
    PointwiseInteriorConstraint,
    PointwiseValidator,
    Progress,
    Rectangle,
    Solver,
    WeightMonitor,
    derivative_nodes,
    instantiate_arch,
    main,
)
from modulus_relobralo.report import plot_run, print_table, read_run

# Velocities along the lines through the middle: U. Ghia, K. N. Ghia and C. T. Shin, "High-Re solutions for
# incompressible flow using the Navier-Stokes equations and a multigrid method", J. Comput. Phys. 48 (1982),
# tables I and II.
U_OVER_Y = {
    0.0547: -0.03717,
    0.0703: -0.04775,
    0.1016: -0.06434,
    0.1719: -0.10150,
    0.2813: -0.15662,
    0.4531: -0.21090,
    0.5: -0.20581,
    0.6172: -0.13641,
    0.7344: 0.00332,
    0.8516: 0.23151,
    0.9531: 0.68717,
    0.9766: 0.84123,
}
V_OVER_X = {
    0.0625: 0.09233,
    0.0781: 0.10890,
    0.0938: 0.12317,
    0.1563: 0.16077,
    0.2266: 0.17507,
    0.2344: 0.17527,
    0.5: 0.05454,
    0.8047: -0.24533,
    0.8594: -0.22445,
    0.9063: -0.16914,
    0.9453: -0.10313,
    0.9609: -0.07391,
}


def column(values):
    return np.array(list(values), dtype=float).reshape(-1, 1)


@main(config_path="conf", config_name="config")
def run(cfg):
    torch.manual_seed(cfg.custom.seed)
    np.random.seed(cfg.custom.seed)
    cfg.cuda_graphs = cfg.cuda_graphs and torch.cuda.is_available()

    # network and nodes
    network = instantiate_arch(
        input_keys=[Key("x"), Key("y")],
        output_keys=[Key("u"), Key("v"), Key("p")],
        cfg=cfg.arch.fully_connected,
    )
    equations = NavierStokes(nu=0.01, rho=1.0, dim=2, time=False)
    nodes = equations.make_nodes()
    nodes += derivative_nodes(network, "flow_network", nodes, method=cfg.custom.derivatives)

    # constraints: no flow through the walls, and along them only under the lid
    cavity, x, y = Rectangle((0, 0), (1, 1)), Symbol("x"), Symbol("y")
    domain = Domain()
    interior = {"continuity": 0, "momentum_x": 0, "momentum_y": 0}
    points = cfg.batch_size.interior
    domain.add_constraint(PointwiseInteriorConstraint(nodes, cavity, interior, points), "interior")
    points = cfg.batch_size.boundary
    # The velocity jumps in the corners: there the lid's condition is left to the walls.
    weighting = {"u": 1 - Abs(2 * x - 1), "v": 1}
    lid = PointwiseBoundaryConstraint(
        nodes, cavity, {"u": 1, "v": 0}, points, criteria=Eq(y, 1), lambda_weighting=weighting
    )
    walls = PointwiseBoundaryConstraint(nodes, cavity, {"u": 0, "v": 0}, points, criteria=y < 1)
    domain.add_constraint(lid, "lid")
    domain.add_constraint(walls, "walls")

    # validators: the two lines through the middle
    for name, table in (("u", U_OVER_Y), ("v", V_OVER_X)):
        along, middle = column(table), np.full((len(table), 1), 0.5)
        points = {"x": middle, "y": along} if name == "u" else {"x": along, "y": middle}
        domain.add_validator(PointwiseValidator(nodes, points, {name: column(table.values())}), f"middle_{name}")

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
