"""A program of a user of the host: a small problem, trained with what its config says; told to die or to wait.

Its first argument says whose `main` to use.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import modulus.sym
import modulus.sym.models.fully_connected
import torch
from modulus.sym.domain import Domain
from modulus.sym.domain.constraint import PointwiseBoundaryConstraint, PointwiseInteriorConstraint
from modulus.sym.domain.monitor import Monitor
from modulus.sym.eq.pdes.diffusion import Diffusion
from modulus.sym.geometry.primitives_1d import Line1D
from modulus.sym.hydra import instantiate_arch
from modulus.sym.key import Key
from modulus.sym.solver import Solver

from modulus_relobralo.hosts.sym import WeightMonitor, main


class StatePrinter(Monitor):
    """Prints the state of every step, and does what `custom` says at one of them."""

    def __init__(self, solver):
        self.solver = solver

    def save_results(self, name, writer, step, data_dir):
        solver, custom = self.solver, self.solver.cfg.custom
        (group,) = solver.optimizer.param_groups
        options = {key: value for key, value in group.items() if isinstance(value, (bool, int, float, str))}
        state = {"step": step, "options": options, "damping": getattr(solver.optimizer, "damping", None)}
        state["weights"] = getattr(solver.aggregator, "lmbda_ema", torch.zeros(0)).tolist()
        state["gamma"] = solver.scheduler.gamma
        print("FOUND", json.dumps(state), flush=True)
        if step == custom.kill_at:
            die()
        if step == custom.kill_between_saves_at:
            # The network has been saved when the optimizer is asked for its state.
            solver.optimizer.state_dict = die
        if step == custom.wait_at:
            Path("waits").touch()
            while not Path("go on").exists():
                time.sleep(0.02)
        return {}


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def train(cfg):
    torch.manual_seed(0)
    network = instantiate_arch(input_keys=[Key("x")], output_keys=[Key("u")], cfg=cfg.arch.fully_connected)
    nodes = [*Diffusion(T="u", D=1, Q=1, dim=1, time=False).make_nodes(), network.make_node(name="network")]
    line, domain = Line1D(0, 1), Domain()
    sampling = {"nodes": nodes, "geometry": line, "batch_per_epoch": 1, "shuffle": False}
    inside = PointwiseInteriorConstraint(outvar={"diffusion_u": 0}, batch_size=16, **sampling)
    domain.add_constraint(inside, "inside")
    domain.add_constraint(PointwiseBoundaryConstraint(outvar={"u": 0}, batch_size=2, **sampling), "ends")
    solver = Solver(cfg, domain)
    domain.add_monitor(WeightMonitor(solver), "weights")
    domain.add_monitor(StatePrinter(solver), "states")
    solver.solve()


MAINS = {
    "host": modulus.sym.main(config_path="conf", config_name="config")(train),
    "ours": main(config_path="conf", config_name="config")(train),
}


if __name__ == "__main__":
    MAINS[sys.argv.pop(1)]()
