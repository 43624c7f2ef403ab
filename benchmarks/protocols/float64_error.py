"""Errors of trained plates in float64: where natural gradients end, the arithmetic of a validator is what it shows.

    python -m benchmarks.protocols.float64_error FOLDER ...

Takes the runs of examples/kirchhoff with the sinusoidal load in or below the folders. A validator of the host evaluates
the network in float32; the same network, converted to float64, is evaluated here at the same points.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import OmegaConf
from rich.console import Console
from sympy import Symbol, lambdify

from benchmarks.records import write_rows
from modulus_relobralo.hosts.sym import Key, instantiate_arch
from modulus_relobralo.plates import sinusoidal_deflection
from modulus_relobralo.report import read_run
from modulus_relobralo.report.comparison import last_error

NETWORK = "plate_network.0.pth"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    found = sorted(path.parent for folder in arguments.folders for path in folder.rglob(NETWORK))
    if not found:
        parser.error(f"no {NETWORK} in or below {', '.join(map(str, arguments.folders))}")
    Console().print(write_rows("float64_error", map(make_row, found)))


def make_row(folder: Path) -> dict[str, Any]:
    """Return the last relative L2 error of a run, as its validator and as float64 have it."""
    run, custom = read_run(folder), OmegaConf.load(folder / ".hydra" / "config.yaml").custom
    deflection = sinusoidal_deflection(custom.a, custom.b, custom.D, custom.p0)
    network, exact = trained(folder).double(), lambdify([Symbol("x"), Symbol("y")], deflection)
    axes = np.linspace(0, custom.a, custom.grid), np.linspace(0, custom.b, custom.grid)
    x, y = (points.reshape(-1, 1) for points in np.meshgrid(*axes))
    with torch.no_grad():
        w = network({"x": torch.from_numpy(x), "y": torch.from_numpy(y)})["w"].numpy()
    error = np.linalg.norm(w - exact(x, y)) / np.linalg.norm(exact(x, y))
    return {
        "loss": run.scheme,
        "setting": "scaled" if custom.scaled else "as it is",
        "terms": 9 if custom.per_edge else 3,
        "steps": run.last_step,
        "seed": custom.seed,
        "validator": last_error(run, "w"),
        "float64": error,
    }


def trained(folder: Path) -> torch.nn.Module:
    """Return the network of a run, as examples/kirchhoff makes it, with its trained parameters."""
    config = OmegaConf.load(folder / ".hydra" / "config.yaml")
    custom = config.custom
    strip = custom.p0 * min(custom.a, custom.b) ** 4 / (math.pi**4 * custom.D)
    scales = {"x": (custom.a / 2, custom.a / 2), "y": (custom.b / 2, custom.b / 2), "w": (0.0, strip)}
    keys = {name: Key(name, scale=scale if custom.scaled else (0.0, 1.0)) for name, scale in scales.items()}
    network = instantiate_arch(
        input_keys=[keys["x"], keys["y"]], output_keys=[keys["w"]], cfg=config.arch.fully_connected
    )
    network.load_state_dict(torch.load(folder / NETWORK, map_location="cpu"))
    return network


if __name__ == "__main__":
    main()
