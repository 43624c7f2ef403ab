"""The problems of examples/gallery by natural gradients in a loop: errors after seconds of one core.

    python -m benchmarks.protocols.gallery [PROBLEM ...] [--seeds 0 1 2 3 4] [--seconds 60 300]

One recipe for all, that of `loops.solve` with its defaults. A training ends with the last of `--seconds`, which are
those of the process in training, without evaluation. Errors are relative L2 errors against the references of the
gallery, the largest of all fields; unknown coefficients are as they were found.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from typing import Any

import numpy as np
import torch
from rich.console import Console

from benchmarks.records import ROOT, Row, write_rows
from modulus_relobralo.loops import Solution, solve

FOLDER = ROOT / "examples" / "gallery"
PROBLEMS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "run")


def train(name: str, seed: int, seconds: list[float], loss: str, points: int) -> Row:
    """Return a row: errors after some seconds of training, and the largest of the last fifty steps."""
    module = importlib.import_module(name)
    references, spent, times, errors = module.references(), 0.0, [], []
    start = time.process_time()

    def note(step: int, solution: Solution) -> bool:
        nonlocal spent, start
        spent += time.process_time() - start
        times.append(spent)
        errors.append(max(e for at, values in references for e in solution.error(values, **at).values()))
        start = time.process_time()
        return spent > seconds[-1]

    found = solve(module.problem, steps=10**6, points=points, loss=loss, seed=seed, on_step=note)
    return {
        "problem": name,
        "loss": loss,
        "points": points,
        "seconds": seconds[-1],
        "seed": seed,
        "steps": len(times),
        **{f"after {limit:g} s": errors[max(np.searchsorted(times, limit, side="right") - 1, 0)] for limit in seconds},
        "largest of the last 50": max(errors[-50:]),
        **found.unknown,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=PROBLEMS, metavar="PROBLEM", help=", ".join(PROBLEMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)))
    parser.add_argument("--seconds", nargs="+", type=float, default=[60.0, 300.0])
    parser.add_argument("--loss", default="relobralo_grad")
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--dry", action="store_true", help="print the rows, write none")
    arguments: Any = parser.parse_args()
    unknown = sorted(set(arguments.problems) - set(PROBLEMS))
    if unknown:
        parser.error(f"PROBLEM must be one of {', '.join(PROBLEMS)}. Found {', '.join(unknown)}.")
    sys.path.insert(0, str(FOLDER))
    torch.set_num_threads(1)
    for seed in arguments.seeds:
        for name in arguments.problems:
            row = train(name, seed, sorted(arguments.seconds), arguments.loss, arguments.points)
            Console().print(row)
            if not arguments.dry:
                write_rows("gallery", [row])


if __name__ == "__main__":
    main()
