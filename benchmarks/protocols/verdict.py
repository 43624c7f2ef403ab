"""Whether the verdict on a plate tells the truth: errors and their estimates of trained networks, good and bad ones.

    python -m benchmarks.protocols.verdict [CASE ...]

Each plate is trained in a loop by the recipe of examples/plates, with few functions, which is a bad solution, and with
as many as the recipe has. What is printed of it is held against a polynomial of degree 20 of the same equations, which
tests/plates/test_polynomial.py and test_corners.py hold against the book. A verdict is wrong if it calls what is more
than 2 % off in anything printed a solution, or flags what is within 0.5 %. Rows go to benchmarks/results/verdict.jsonl.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from rich.console import Console
from sympy import Symbol, pi, sin
from torch import nn

from benchmarks.records import ROOT, Row, write_rows
from modulus_relobralo import NaturalGradient
from modulus_relobralo.initialization import draw_features
from modulus_relobralo.loops import LossTerms, take_step
from modulus_relobralo.plates import EdgeSupport, KirchhoffPlate, Patch, Plate, RectangularPlate, flexural_rigidity
from modulus_relobralo.plates.polynomial import fit
from modulus_relobralo.plates.results import Results, results
from modulus_relobralo.plates.results.results import deviations
from modulus_relobralo.plates.scaling import PlateNetwork, scales
from modulus_relobralo.plates.values import NetworkDeflection
from modulus_relobralo.problems import Polygon, Rectangle
from modulus_relobralo.problems.sampling import samples

EXAMPLES = ROOT / "examples" / "plates" / "conf"
RECIPE = OmegaConf.load(EXAMPLES / "config.yaml")
WIDTHS = (60, 150, RECIPE.arch.fully_connected.layer_size)
DEGREE = 20
"""Of the polynomial that is taken for the truth."""
WRONG, RIGHT = 0.02, 0.005
"""Beyond which an error has to be flagged, and below which it must not be."""

RIGIDITY = flexural_rigidity(E=30e9, h=0.2, nu=0.3)
CONCRETE = KirchhoffPlate(RIGIDITY, 0.3, 5e3)
COLUMN = Patch.of_resultant(Rectangle(0.3, 0.3, lower=(2.85, 1.85)), 5e8)
WALL = Patch.along((3.0, 0.5), (3.0, 3.5), 0.3, 1e9)


def skew(degrees: float) -> Plate:
    """Return a simply supported rhombus of 5 m."""
    x, y = 5 * math.cos(math.radians(degrees)), 5 * math.sin(math.radians(degrees))
    return Plate(Polygon([(0, 0), (5, 0), (5 + x, y), (x, y)]), CONCRETE, "simply_supported")


def square(load: Any = 5e3, edges: Any = "simply_supported") -> Plate:
    """Return a plate of 5 m."""
    return RectangularPlate(5, 5, CONCRETE.under(load), edges)


def on(support: Patch) -> KirchhoffPlate:
    """Return the same plate on a support inside."""
    return KirchhoffPlate(RIGIDITY, 0.3, 5e3, winkler=support)


def _polygon(*vertices: tuple[float, float]) -> Plate:
    return Plate(Polygon(vertices), CONCRETE, "simply_supported")


Y = Symbol("y")
FURTHER: dict[str, Callable[[], Plate]] = {
    "line_load": lambda: square(Patch.along((2.5, 0), (2.5, 5), 0.2, 2e4)),
    "wheel": lambda: square(Patch.of_resultant(Rectangle(0.2, 0.2, lower=(2.4, 2.4)), 50e3)),
    "skew_60": lambda: skew(60),
    "skew_30": lambda: skew(30),
    "three_edges_clamped": lambda: square(edges={"left, right, bottom": "clamped", "top": "free"}),
    "settlement": lambda: square(
        0.0, {"left": EdgeSupport(w=0.01 * sin(pi * Y / 5) ** 2), "right, bottom, top": "clamped"}
    ),
    "twisting_load": lambda: square(5e3 * (Symbol("x") - 2.5) * (Y - 2.5)),
    "column": lambda: RectangularPlate(6, 4, on(COLUMN), "clamped"),
    "line_support": lambda: RectangularPlate(6, 4, on(WALL), "simply_supported"),
    "t_shape": lambda: _polygon((0, 0), (2, 0), (2, 3), (5, 3), (5, 5), (-3, 5), (-3, 3), (0, 3)),
    "cantilever": lambda: square(edges={"left": "clamped", "right, bottom, top": "free"}),
}


def cases() -> dict[str, Callable[[], Plate]]:
    """Return all plates by name: those of examples/plates without parameters, and further ones."""

    def example(name: str) -> Callable[[], Plate]:
        return lambda: instantiate(OmegaConf.load(EXAMPLES / "case" / f"{name}.yaml").plate, _convert_="all")

    names = sorted(path.stem for path in (EXAMPLES / "case").glob("*.yaml") if path.stem != "family")
    return {**FURTHER, **{name: example(name) for name in names}}


def trained(plate: Plate, functions: int, seed: int) -> tuple[Results, float]:
    """Return the results of a plate that was trained with so many functions, and the seconds of the processor."""
    torch.manual_seed(seed)
    sizes, began = scales(plate), time.process_time()
    layers = nn.Linear(len(sizes.inputs) + 3 * len(sizes.poles), functions), nn.Tanh(), nn.Linear(functions, 1)
    network = PlateNetwork(nn.Sequential(*layers).double(), sizes)
    draw_features(network, RECIPE.custom.reach)
    edge = RECIPE.batch_size.edge * functions // WIDTHS[-1] * len(plate.shape.edges)
    drawn = samples(
        plate,
        RECIPE.batch_size.interior * functions // WIDTHS[-1],
        edge,
        reduction="mean",
        sizes=sizes.outputs,
    )
    terms = LossTerms(plate, drawn, network, [sizes.w], compiled=False)
    free = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer, points = NaturalGradient(free, **RECIPE.optimizer), terms.draw(0)
    for step in range(RECIPE.training.max_steps):
        take_step(optimizer, terms, lambda losses, _, *__: sum(losses.values()), points, step)  # type: ignore[arg-type]
    seconds = time.process_time() - began
    return results(plate, NetworkDeflection(network, [*sizes.inputs], sizes.w)), seconds


def row(name: str, plate: Plate, exact: Results, functions: int, seed: int) -> Row:
    """Return the row of a training: its errors, their estimates, the verdict, and whether that is true."""
    found, seconds = trained(plate, functions, seed)
    off, verdict = deviations(found, exact), found.verdict
    worst = max(off.values())
    lies = worst > WRONG if verdict.is_solution else worst < RIGHT
    return {
        "case": name,
        "functions": functions,
        "seed": seed,
        "off in %": round(100 * worst, 3),
        "estimate in %": round(100 * verdict.within, 3),
        "of the load not explained in %": round(100 * verdict.unexplained, 3),
        "solution": verdict.is_solution,
        "true": not lies,
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Run the plates that are named, or all, and write their rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    for name in args.cases or cases():
        plate = cases()[name]()
        exact = results(plate, fit(plate, {}, DEGREE))
        for functions in WIDTHS:
            made = row(name, plate, exact, functions, args.seed)
            Console().print(", ".join(f"{key}: {value}" for key, value in made.items()), soft_wrap=True)
            write_rows("verdict", [made])


if __name__ == "__main__":
    main()
