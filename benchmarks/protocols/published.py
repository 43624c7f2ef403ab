"""Published problems of physics-informed networks by natural gradients in a loop: errors after seconds of one core.

    python -m benchmarks.protocols.published [PROBLEM ...] [--loss relobralo_grad] [--seeds 0 1 ...] [--steps 600]

One recipe for all, on one core in float64: a tanh network of three layers of 20 (`--width 28` for Allen-Cahn), 2,000
points inside and 250 on the edges and at the first time together, half of them where the residual is large, and the
optimizer's own defaults. `--loss` is the scheme. Errors are relative L2 errors on a grid; seconds are those of the
process in training, without evaluation.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from sympy import Function, Symbol, cos, pi, sin
from torch import Tensor, nn

from benchmarks.records import Row, write_rows
from benchmarks.references import evolution
from modulus_relobralo.balancing import ReLoBRaLoGrad
from modulus_relobralo.balancing.plain_sum import Sum
from modulus_relobralo.loops import AdaptivePoints, LossTerms, samples, take_step
from modulus_relobralo.optimizers import NaturalGradient
from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave, Interval, Problem

X, T = Symbol("x"), Symbol("t")
U = Function("u")(X, T)

BURGERS = Problem(
    Interval(-1, 1),
    time=(0, 1),
    equations={"burgers": U.diff(T) + U * U.diff(X) - 0.01 / pi * U.diff(X, 2)},
    conditions={"left, right": {"u": 0}},
    initial={"u": -sin(pi * X)},
)
# Of period 2 and even, as its start is: so its slope vanishes at both ends.
ALLEN_CAHN = Problem(
    Interval(-1, 1),
    time=(0, 1),
    equations={"allen_cahn": U.diff(T) - 1e-4 * U.diff(X, 2) + 5 * (U**3 - U)},
    conditions={"left, right": {"u__x": 0}},
    initial={"u": X**2 * cos(pi * X)},
)
WAVE = Problem(
    Interval(0, 1),
    time=(0, 1),
    equations={"wave": U.diff(T, 2) - 4 * U.diff(X, 2)},
    conditions={"left, right": {"u": 0}},
    initial={"u": sin(pi * X) + sin(4 * pi * X) / 2, "u__t": 0},
)
HELMHOLTZ = HelmholtzRectangle(
    2, 2, HelmholtzWave(k=1, source=(1 - 17 * pi**2) * sin(pi * X) * sin(4 * pi * Symbol("y"))), lower=(-1, -1)
)

BARS: dict[str, dict[int, float]] = {
    "burgers": {240: 4e-5},
    "allen_cahn": {360: 2e-5},
    "wave": {240: 1.2e-5},
    "helmholtz": {120: 1e-6},
}
"""What the median error should be after some seconds."""

# Points of a grid, by coordinate, and the solution there.
Reference = Callable[[], tuple[np.ndarray, np.ndarray, np.ndarray]]


def grid(function: Callable[..., np.ndarray], low: float, low_other: float) -> Reference:
    """Return points, [2, points], and values of a function of x and t, or x and y, up to 1."""

    def made() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, other = np.meshgrid(np.linspace(low, 1, 101), np.linspace(low_other, 1, 101))
        return x, other, function(x, other)

    return made


def allen_cahn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return some of the points of the spectral solution."""
    x, t, u = evolution.allen_cahn()
    return *np.meshgrid(x[::32], t), u[:, ::32]


# Each with what its residuals are divided by, to be of order one.
PROBLEMS: dict[str, tuple[Problem, dict[str, float], Reference]] = {
    "burgers": (BURGERS, {}, grid(evolution.burgers, -1, 0)),
    "allen_cahn": (ALLEN_CAHN, {}, allen_cahn),
    "wave": (WAVE, {"wave": 10.0, "u__t": 5.0}, grid(evolution.wave, 0, 0)),
    "helmholtz": (
        HELMHOLTZ,
        {"helmholtz": 10.0},
        grid(lambda x, y: np.sin(np.pi * x) * np.sin(4 * np.pi * y), -1, -1),
    ),
}


def network(problem: Problem, width: int) -> nn.Sequential:
    """Return a tanh network of three layers, which sees each coordinate in [-1, 1]."""
    (lower, upper), time_range = problem.shape.bounds, problem.time
    ends = [*zip(lower, upper, strict=True), *([time_range] if time_range else [])]
    first = nn.Linear(2, 2)
    with torch.no_grad():
        first.weight.copy_(torch.diag(torch.tensor([2 / (high - low) for low, high in ends])))
        first.bias.copy_(torch.tensor([-(high + low) / (high - low) for low, high in ends]))
    first.requires_grad_(False)
    layers = [first, nn.Linear(2, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, width)]
    made = nn.Sequential(*layers, nn.Tanh(), nn.Linear(width, 1)).double()
    for layer in made[1:]:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return made


def train(name: str, loss: str, seed: int, steps: int, points: int, width: int) -> Row:
    """Return a row: errors after some seconds of training, after all steps, and the largest of the last fifty."""
    torch.manual_seed(seed)
    problem, sizes, reference = PROBLEMS[name]
    *places, exact = reference()
    at, values = torch.tensor(np.stack([place.ravel() for place in places], axis=1)), torch.tensor(exact.ravel())
    net = network(problem, width)
    initial = points // 8 if problem.time else None
    terms = LossTerms(
        problem,
        samples(problem, points, points // 16, reduction="mean", sizes=sizes, initial=initial),
        net,
        seed=seed,
        compiled=False,
    )
    drawn, optimizer = AdaptivePoints(terms), NaturalGradient(net.parameters())
    balance = balancing(loss, problem, net, len(terms.names))
    spent, errors, times = 0.0, [], []
    for step in track(range(steps), f"{name}, seed {seed}", console=Console(stderr=True)):
        start = time.process_time()
        take_step(optimizer, terms, balance, drawn.draw(step), step)
        spent += time.process_time() - start
        errors.append(error(net, at, values))
        times.append(spent)
    return {
        "problem": name,
        "network": f"3 x {width}",
        "points": points,
        "loss": loss,
        "steps": steps,
        "seed": seed,
        **{f"after {limit} s": errors[max(np.searchsorted(times, limit, side="right") - 1, 0)] for limit in BARS[name]},
        "at the end": errors[-1],
        "largest of the last 50": max(errors[-50:]),
        "seconds": round(spent, 1),
    }


def balancing(loss: str, problem: Problem, net: nn.Module, terms: int) -> nn.Module:
    """Return a scheme by its name."""
    if loss == "sum":
        return Sum(net.parameters(), terms)
    return ReLoBRaLoGrad(net.parameters(), terms, equations=list(problem.equations))


@torch.no_grad()
def error(net: nn.Module, at: Tensor, values: Tensor) -> float:
    """Return the relative L2 error on a grid."""
    return float((net(at)[:, 0] - values).norm() / values.norm())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=list(PROBLEMS), metavar="PROBLEM")
    parser.add_argument("--loss", choices=("sum", "relobralo_grad"), default="sum")
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(10)))
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--width", type=int, default=20)
    parser.add_argument("--dry", action="store_true", help="print the rows, write none")
    arguments: Any = parser.parse_args()
    unknown = sorted(set(arguments.problems) - set(PROBLEMS))
    if unknown:
        parser.error(f"PROBLEM must be one of {', '.join(PROBLEMS)}. Found {', '.join(unknown)}.")
    torch.set_num_threads(1)
    for seed in arguments.seeds:
        for name in arguments.problems:
            row = train(name, arguments.loss, seed, arguments.steps, arguments.points, arguments.width)
            Console().print(row)
            if not arguments.dry:
                write_rows("published", [row])


if __name__ == "__main__":
    main()
