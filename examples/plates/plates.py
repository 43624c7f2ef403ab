"""Plates of structural engineering: train one, and print its deflections, moments, shears and reactions.

python examples/plates/plates.py
python examples/plates/plates.py case=clamped_circle custom.seed=1
"""

import sys
from pathlib import Path

import numpy as np
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from sympy import Symbol

from modulus_relobralo.hosts.sym import (
    BestState,
    Domain,
    Parameterization,
    Progress,
    Solver,
    WeightMonitor,
    constraints,
    equation_nodes,
    geometry,
    main,
    plate_network,
    plate_results,
    residual_monitor,
    taylor_nodes,
)
from modulus_relobralo.initialization import draw_features
from modulus_relobralo.plates.results import print_results, save_results
from modulus_relobralo.report import plot_run, print_table, read_run


@main(config_path="conf", config_name="config")
def run(cfg):
    torch.manual_seed(cfg.custom.seed)
    np.random.seed(cfg.custom.seed)

    # the plate, in SI units
    plate = instantiate(cfg.custom.plate, _convert_="all")

    # network and nodes: it takes and gives SI units, is of order one within, and knows what is not smooth in a plate;
    # what is trained of one plate is its last layer, of which all that holds is linear
    network = plate_network(plate, cfg.arch.fully_connected)
    if cfg.custom.reach is not None:
        draw_features(network, cfg.custom.reach)
    nodes = equation_nodes(plate, network)
    nodes += taylor_nodes(network, "plate_network", nodes)

    # constraints: equilibrium inside, and what holds on the edges
    domain = Domain()
    made = constraints(
        plate,
        nodes,
        interior=cfg.batch_size.interior,
        edge=cfg.batch_size.edge,
        reduction="mean",
        scaled=True,
        batch_per_epoch=cfg.custom.batches,
    )
    for name, constraint in made.items():
        domain.add_constraint(constraint, name)

    # the residual of equilibrium at points that training does not use: there is no exact solution to hold it against
    ranges = {Symbol(name): ends for name, ends in plate.ranges.items()}
    points = geometry(plate).sample_interior(cfg.custom.held_out, parameterization=Parameterization(ranges))
    domain.add_monitor(residual_monitor(nodes, points, list(plate.inside)), "residuals")

    # train
    solver = Solver(cfg, domain)
    domain.add_monitor(WeightMonitor(solver), "weights")
    domain.add_monitor(Progress(solver), "progress")
    best = BestState(plate, network)
    domain.add_monitor(best, "best")
    solver.solve()
    print(f"the best state is that of step {best.restore(cfg.network_dir)}")

    # how training went
    result = read_run(cfg.network_dir)
    print_table([result])
    for path in plot_run(result):
        print(path.resolve())

    # what came out, of a family for each member that is asked for: tables, figures, and a file for ParaView
    verdicts = []
    for number, member in enumerate(cfg.custom.get("members", [{}])):
        found = plate_results(plate, network, member)
        print_results(found, " ".join([HydraConfig.get().runtime.choices["case"], *map(str, member.items())]))
        for path in save_results(found, Path(cfg.network_dir) / ("results" if not number else f"results_{number}")):
            print(path.resolve())
        verdicts.append(found.verdict)
    if not all(verdict.is_solution for verdict in verdicts):
        sys.exit(1)


if __name__ == "__main__":
    run()
