"""Balancing in moving time windows: u_t + u_x = 0 on a ring, one training for each window.

    python -m benchmarks.protocols.moving_window --multirun loss=sum,relobralo,relobralo_grad \
        custom.seed=0,1,2,3,4,5,6,7,8,9

Prints the relative L2 error of u over each window, against the exact solution sin(x - t), and writes a row for each run
to moving_window.jsonl in `custom.results`. The host makes a new aggregator in every window
and goes on with the network of the one before, whose end the new window has to start from: that loss term, the
difference of two copies, is exactly 0 at first.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import to_absolute_path
from sympy import Number, Symbol, sin

from benchmarks.records import write_rows
from modulus_relobralo.hosts.sym import (
    Domain,
    Key,
    Line1D,
    Node,
    PointwiseInteriorConstraint,
    host,
    instantiate_arch,
    main,
)

LENGTH, INTERIOR, START = 2 * math.pi, 256, 64


def error_of(network: Any, start: float, size: float) -> float:
    """Return the relative L2 error of u on 64 x 17 points of the window that begins at `start`."""
    t, x = torch.meshgrid(torch.linspace(start, start + size, 17), torch.linspace(0, LENGTH, 64), indexing="ij")
    with torch.no_grad():
        u = network({"x": x.reshape(-1, 1), "t": t.reshape(-1, 1)})["u"]
    exact = torch.sin(x - t).reshape(-1, 1)
    return float((u - exact).norm() / exact.norm())


def make_domains(nodes: list[Any], size: float) -> tuple[Any, Any]:
    """Return the domain of the first window, and that of every later one."""
    x, t = Symbol("x"), Symbol("t")
    line = Line1D(0, LENGTH)
    residual = PointwiseInteriorConstraint(
        nodes, line, {"advection": 0}, INTERIOR, parameterization={t: (0, size)}, batch_per_epoch=100
    )
    domains = []
    for name, condition in (("start", {"u": sin(x)}), ("window", {"u_prev_step_diff": Number(0)})):
        domain = Domain(name)
        at_start = PointwiseInteriorConstraint(
            nodes, line, condition, START, parameterization={t: 0}, batch_per_epoch=100
        )
        domain.add_constraint(at_start, "start")
        domain.add_constraint(residual, "advection")
        domains.append(domain)
    return domains[0], domains[1]


@main(config_path="conf", config_name="moving_window")
def run(cfg: Any) -> None:
    np.random.seed(cfg.custom.seed)
    torch.manual_seed(cfg.custom.seed)
    size, windows = cfg.custom.window_size, cfg.custom.windows
    inputs, outputs = [Key("x"), Key("t")], [Key("u")]
    arch = cfg.arch.fully_connected
    network = instantiate_arch(arch, inputs, outputs, periodicity={"x": (0, LENGTH)})
    moving = host.load("models.moving_time_window").MovingTimeWindowArch(network, size)
    u = {coordinate: Symbol(f"u__{coordinate}") for coordinate in "tx"}
    nodes = [Node.from_sympy(u["t"] + u["x"], "advection"), moving.make_node(name="moving")]
    first, later = make_domains(nodes, size)
    began = time.perf_counter()
    errors: list[float] = []
    seconds: list[float] = []

    def record() -> None:
        device = next(moving.parameters()).device
        errors.append(error_of(moving.arch.to("cpu"), len(errors) * size, size))
        seconds.append(round(time.perf_counter() - began, 1))
        moving.arch.to(device)
        print(f"window {len(errors)}: error {errors[-1]:.3g} after {seconds[-1]} s", flush=True)
        moving.move_window()

    solver = host.load("solver").SequentialSolver(
        cfg, [(1, first), (windows - 1, later)], custom_update_operation=record
    )
    solver.solve()
    row = {
        "loss": HydraConfig.get().runtime.choices["loss"],
        "windows": windows,
        "max steps": cfg.training.max_steps,
        "seed": cfg.custom.seed,
        "errors": errors,
        "seconds": seconds,
    }
    write_rows("moving_window", [row], Path(to_absolute_path(cfg.custom.results)))


if __name__ == "__main__":
    run()
