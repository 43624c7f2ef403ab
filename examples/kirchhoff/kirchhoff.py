"""A simply supported Kirchhoff plate under a sinusoidal or a uniform load, with its loss terms balanced by ReLoBRaLo.

python examples/kirchhoff/kirchhoff.py
python examples/kirchhoff/kirchhoff.py loss=sum custom.load=uniform training.max_steps=50 custom.seed=1
python examples/kirchhoff/kirchhoff.py --config-name first_order optimizer=soap
python examples/kirchhoff/kirchhoff.py --config-name article
"""

import numpy as np
import torch
from sympy import Symbol, lambdify, pi, sin

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
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate, navier_deflection, sinusoidal_deflection
from modulus_relobralo.report import plot_run, print_table, read_run


def load_and_deflection(custom):
    """Return the load p(x, y) and the exact deflection as a function of arrays x and y."""
    a, b, D, p0 = custom.a, custom.b, custom.D, custom.p0
    if custom.load == "uniform":
        return p0, lambda x, y: navier_deflection(x, y, a, b, D, p0)
    if custom.load == "sinusoidal":
        x, y = Symbol("x"), Symbol("y")
        return p0 * sin(pi * x / a) * sin(pi * y / b), lambdify([x, y], sinusoidal_deflection(a, b, D, p0))
    raise ValueError(f"custom.load must be sinusoidal or uniform. Found {custom.load}.")


@main(config_path="conf", config_name="config")
def run(cfg):
    torch.manual_seed(cfg.custom.seed)
    np.random.seed(cfg.custom.seed)
    cfg.cuda_graphs = cfg.cuda_graphs and torch.cuda.is_available()

    # the plate, its load and its exact deflection
    load, exact = load_and_deflection(cfg.custom)
    equation = KirchhoffPlate(D=cfg.custom.D, nu=cfg.custom.nu, p=load)
    plate = RectangularPlate(cfg.custom.a, cfg.custom.b, equation, edges="simply_supported")

    # network and nodes: lengths are scaled to order 1, and w by what a strip of the shorter span deflects
    strip = cfg.custom.p0 * min(plate.shape.a, plate.shape.b) ** 4 / (np.pi**4 * cfg.custom.D)
    scales = {
        "x": (plate.shape.a / 2, plate.shape.a / 2),
        "y": (plate.shape.b / 2, plate.shape.b / 2),
        "w": (0.0, strip),
    }
    keys = {name: Key(name, scale=scale if cfg.custom.scaled else (0.0, 1.0)) for name, scale in scales.items()}
    network = instantiate_arch(input_keys=[keys["x"], keys["y"]], output_keys=[keys["w"]], cfg=cfg.arch.fully_connected)
    initialize(network, cfg.custom.initialization)
    nodes = equation_nodes(plate, network)
    nodes += derivative_nodes(network, "plate_network", nodes, method=cfg.custom.derivatives)

    # constraints: equilibrium inside, no deflection and no moment on the edges
    domain = Domain()
    made = constraints(
        plate,
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

    # validator: the exact deflection on a grid
    axes = np.linspace(0, plate.shape.a, cfg.custom.grid), np.linspace(0, plate.shape.b, cfg.custom.grid)
    x, y = (points.reshape(-1, 1) for points in np.meshgrid(*axes))
    domain.add_validator(PointwiseValidator(nodes, {"x": x, "y": y}, {"w": exact(x, y)}), "exact")

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
