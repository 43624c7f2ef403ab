"""Steady heat conduction through a wall of two materials, of which one conducts fifty times as well.

Each material has a network of its own. They meet in the middle of the wall with one temperature and one flux.

python examples/reuse/composite_wall.py
"""

import numpy as np
import torch
from sympy import Eq, Or, Symbol, cos, cosh, coth, lambdify, pi, sinh

from modulus_relobralo.hosts.sym import (
    Diffusion,
    DiffusionInterface,
    Domain,
    Key,
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

CONDUCTIVITY = {"T_1": 1.0, "T_2": 0.02}
X, Y, MIDDLE = Symbol("x"), Symbol("y"), 0.5


def exact_temperatures():
    """Return the temperature of each material, where the hot side has 1 + cos(pi y)/2 and the cold side 0."""
    ratio = CONDUCTIVITY["T_2"] / CONDUCTIVITY["T_1"]
    # by one temperature and one flux in the middle, for the mean over y and for the cosine
    drop, wave = 2 / (1 + ratio), 1 / ((1 + ratio) * sinh(pi))
    hot = 1 - ratio * drop * X + (cosh(pi * X) / 2 + (wave - coth(pi / 2) / 2) * sinh(pi * X)) * cos(pi * Y)
    cold = drop * (1 - X) + wave * sinh(pi * (1 - X)) * cos(pi * Y)
    return {"T_1": hot, "T_2": cold}


@main(config_path="conf", config_name="config")
def run(cfg):
    torch.manual_seed(cfg.custom.seed)
    np.random.seed(cfg.custom.seed)
    cfg.cuda_graphs = cfg.cuda_graphs and torch.cuda.is_available()

    # networks and nodes
    nodes = DiffusionInterface("T_1", "T_2", *CONDUCTIVITY.values(), dim=2, time=False).make_nodes()
    for name, conductivity in CONDUCTIVITY.items():
        nodes += Diffusion(T=name, D=conductivity, dim=2, time=False).make_nodes()
        network = instantiate_arch(
            input_keys=[Key("x"), Key("y")], output_keys=[Key(name)], cfg=cfg.arch.fully_connected
        )
        method, flux = cfg.custom.derivatives, f"{name}__y"
        nodes += derivative_nodes(network, f"{name}_network", nodes, method=method, derivatives=[flux])

    # constraints: a temperature on each side, no flux through top and bottom, and the interface
    exact = exact_temperatures()
    layers = {"T_1": Rectangle((0, 0), (MIDDLE, 1)), "T_2": Rectangle((MIDDLE, 0), (1, 1))}
    sides = {"T_1": Eq(X, 0), "T_2": Eq(X, 1)}
    inside, edge = cfg.batch_size.interior, cfg.batch_size.boundary
    constraints = {}
    for name, layer in layers.items():
        side, ends = sides[name], Or(Eq(Y, 0), Eq(Y, 1))
        temperature, flux = {name: exact[name].subs(X, side.rhs)}, {f"{name}__y": 0}
        constraints |= {
            f"inside_{name}": PointwiseInteriorConstraint(nodes, layer, {f"diffusion_{name}": 0}, inside),
            f"side_{name}": PointwiseBoundaryConstraint(nodes, layer, temperature, edge, criteria=side),
            f"ends_{name}": PointwiseBoundaryConstraint(nodes, layer, flux, edge, criteria=ends),
        }
    meet = {f"diffusion_interface_{kind}_T_1_T_2": 0 for kind in ("dirichlet", "neumann")}
    constraints["interface"] = PointwiseBoundaryConstraint(nodes, layers["T_1"], meet, edge, criteria=Eq(X, MIDDLE))
    domain = Domain()
    for name, constraint in constraints.items():
        domain.add_constraint(constraint, name)

    # validators: the exact temperature of each material on a grid
    for name, start in (("T_1", 0.0), ("T_2", MIDDLE)):
        axes = np.meshgrid(np.linspace(start, start + MIDDLE, 41), np.linspace(0, 1, 81))
        points = dict(zip("xy", (axis.reshape(-1, 1) for axis in axes), strict=True))
        truth = {name: lambdify([X, Y], exact[name])(**points)}
        domain.add_validator(PointwiseValidator(nodes, points, truth), f"exact_{name}")

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
