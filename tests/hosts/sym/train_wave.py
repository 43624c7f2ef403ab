"""A program of a user of the host: a wave, trained with what its config says; killed where it is told to."""

import functools
import json
import os
import signal
import sys

import modulus.sym
import modulus.sym.models.fully_connected
import numpy as np
import torch
from modulus.sym.domain import Domain
from modulus.sym.domain.monitor import Monitor
from modulus.sym.geometry.primitives_2d import Rectangle
from modulus.sym.hydra import instantiate_arch
from modulus.sym.key import Key
from modulus.sym.loss import PointwiseLossNorm
from modulus.sym.solver import Solver
from sympy import Or, Symbol

from modulus_relobralo.hosts.sym import WeightMonitor, builders, constraints, equation_nodes
from modulus_relobralo.problems import HelmholtzRectangle, standing_wave


class StatePrinter(Monitor):
    def __init__(self, solver):
        self.solver = solver

    def save_results(self, name, writer, step, data_dir):
        aggregator = self.solver.aggregator
        values = {k: v.tolist() for k, v in aggregator.state_dict().items()}
        print("FOUND", json.dumps({"step": step, **values}), flush=True)
        if step == self.solver.cfg.custom.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return {}


class Halves(PointwiseLossNorm):
    def forward(self, *args):
        losses = super().forward(*args)
        return {f"{name}_{half}": loss / 2 for name, loss in losses.items() for half in ("a", "b")}


class Negative(PointwiseLossNorm):
    def forward(self, *args):
        return {name: -loss for name, loss in super().forward(*args).items()}


def of_the_host(shape, *parts, **dense):
    rectangle = Rectangle(shape.lower, shape.upper)
    sides = [Symbol(name) < 0 for name in ("normal_x", "normal_y")]
    sides += [Symbol(name) > 0 for name in ("normal_x", "normal_y")]
    rectangle.sample_boundary = functools.partial(rectangle.sample_boundary, criteria=Or(*sides))
    return rectangle


LOSSES = {"pointwise": PointwiseLossNorm(), "halves": Halves(), "negative": Negative()}


@modulus.sym.main(config_path="conf", config_name="config")
def run(cfg):
    np.random.seed(0)
    torch.manual_seed(0)
    wave = HelmholtzRectangle.with_solution(2, 2, standing_wave(1, 1), k=1, lower=(-1, -1))
    inputs, outputs = [Key("x"), Key("y")], [Key("u")]
    network = instantiate_arch(input_keys=inputs, output_keys=outputs, cfg=cfg.arch.fully_connected)
    nodes = [*equation_nodes(wave), network.make_node(name="network")]
    domain = Domain()
    if cfg.custom.geometry == "host":
        builders.ShapeGeometry = of_the_host
    # One batch is the whole data set, in one order: a resumed run sees what an unbroken one sees.
    sampling = {"batch_per_epoch": 1, "shuffle": False, "loss": LOSSES[cfg.custom.loss]}
    for name, constraint in constraints(wave, nodes, interior=16, edge=4, **sampling).items():
        domain.add_constraint(constraint, name)
    if cfg.custom.hidden:
        # A package that is not installed.
        sys.modules[cfg.custom.hidden] = None
    solver = Solver(cfg, domain)
    domain.add_monitor(WeightMonitor(solver), "weights")
    domain.add_monitor(StatePrinter(solver), "states")
    # As a resumed run would find it: not at the place where the first part stood.
    torch.manual_seed(cfg.custom.seed)
    solver.solve()


if __name__ == "__main__":
    run()
