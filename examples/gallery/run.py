"""What the problems of the gallery share: a training in the Solver or in a loop, and a table and a picture of it."""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import hydra
import numpy as np
import torch
from hydra.core.hydra_config import HydraConfig
from sympy import lambdify

from modulus_relobralo.initialization import initialize
from modulus_relobralo.loops import Records, solve, solve_in_windows
from modulus_relobralo.report import plot_run, print_table, read_run

HERE = Path(__file__).parent
CONF, STORED = str(HERE / "conf"), HERE / "references"


class Reference(NamedTuple):
    """A solution at points: coordinates and variables by name, each [points]."""

    inputs: dict[str, np.ndarray]
    values: dict[str, np.ndarray]


def exact(problem, n=101, times=101, region=None, **solution):
    """Return a solution in closed form, at n points along each coordinate and at some times, perhaps of one region."""
    shape = problem.shape if region is None else problem.shape.regions[region]
    places = np.array(shape.points(n, closed=True))
    if problem.time is not None:
        when = np.linspace(*problem.time, times)
        places = np.column_stack([np.tile(places, (times, 1)), np.repeat(when, len(places))])
    columns = places.T
    values = {name: lambdify(problem.coordinates, value)(*columns) for name, value in solution.items()}
    return Reference(dict(zip(problem.inputs, columns, strict=True)), values)


def stored(name):
    """Return a solution that benchmarks/references computed."""
    with np.load(STORED / f"{name}.npz") as file:
        columns = {key: file[key].astype(float) for key in file}
    inputs = {key: columns.pop(key) for key in ("x", "y", "t") if key in columns}
    return Reference(inputs, columns)


def run(problem, *references):
    """Train in the host's Solver, or with --loop in a loop of PyTorch; what follows are overrides of the config."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--loop", action="store_true")
    chosen, sys.argv[1:] = parser.parse_known_args()
    sys.argv.append(f"hydra.job.name={Path(sys.argv[0]).stem}")
    (in_loop if chosen.loop else in_solver)(problem, references)


def in_loop(problem, references):
    @hydra.main(version_base=None, config_path=CONF, config_name="loop")
    def train(cfg):
        folder, last = HydraConfig.get().runtime.output_dir, cfg.training.max_steps
        records = Records(folder, cfg)

        def record(step, part, solution):
            records.losses(step, part.losses[-1], part.loss[-1])
            for number, (inputs, values) in enumerate(references):
                records.fields(step, inputs, values, solution(**inputs), f"reference_{number}")

        def look(step, solution):
            if step % cfg.training.rec_validation_freq == 0 or step == last:
                record(step, solution, solution)

        loss, seed = HydraConfig.get().runtime.choices["loss"], cfg.custom.seed
        options = {"steps": last + 1, "points": cfg.batch_size.interior, "loss": loss, "seed": seed}
        if cfg.custom.windows == 1:
            unknown = solve(problem, on_step=look, **options).unknown
        else:
            found, unknown = solve_in_windows(problem, cfg.custom.windows, **options), {}
            record(last, found.parts[-1], found)
        records.close()
        show(folder, unknown)

    train()


def in_solver(problem, references):
    from modulus_relobralo.hosts.sym import (
        Domain,
        PointwiseValidator,
        Progress,
        Solver,
        WeightMonitor,
        constraints,
        equation_nodes,
        main,
        problem_networks,
        taylor_nodes,
    )

    @main(config_path=CONF, config_name="config")
    def train(cfg):
        torch.manual_seed(cfg.custom.seed)
        np.random.seed(cfg.custom.seed)

        # networks and nodes
        nets = problem_networks(problem, cfg.arch.fully_connected)
        for net in nets:
            initialize(net, cfg.custom.initialization)
        nodes = equation_nodes(problem, *nets)
        for number, net in enumerate(nets):
            nodes += taylor_nodes(net, f"network_{number}", nodes, compiled=False)

        # constraints, and validators: the references
        domain = Domain()
        points = {**cfg.batch_size, "initial": cfg.batch_size.initial if problem.initial else None}
        for name, made in constraints(problem, nodes, **points, reduction="mean", points="adaptive").items():
            domain.add_constraint(made, name)
        for number, reference in enumerate(references):
            inputs, values = ({name: column[:, None] for name, column in part.items()} for part in reference)
            domain.add_validator(PointwiseValidator(nodes, inputs, values), f"reference_{number}")

        # train, and show what came out
        solver = Solver(cfg, domain)
        domain.add_monitor(WeightMonitor(solver), "weights")
        domain.add_monitor(Progress(solver), "progress")
        solver.solve()
        unknown = next((node.evaluate.unknown for node in nodes if hasattr(node.evaluate, "unknown")), {})
        show(cfg.network_dir, {name: float(value) for name, value in unknown.items()})

    train()


def show(folder, unknown):
    result = read_run(folder)
    print_table([result])
    for name, value in unknown.items():
        print(f"{name} = {value:.6g}")
    for path in plot_run(result):
        print(path.resolve())
