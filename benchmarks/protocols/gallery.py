"""The problems of examples/gallery by natural gradients in a loop: errors after steps, and the seconds of one core.

    python -m benchmarks.protocols.gallery [PROBLEM ...] [--seeds 0 1 2 3 4] [--steps 250 600]

One recipe for all, that of `loops.solve` with its defaults; `--width` is of the network, `--loss sum --conditions 100`
has weights made by hand in place of the balanced ones. Errors are relative L2 errors against the references of the
gallery, the largest of all fields; unknown coefficients are as they were found. Seconds are those of the process in
training, without evaluation; what else the machine does makes them more, and leaves the errors as they are.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from typing import Any

import torch
from rich.console import Console

from benchmarks.records import ROOT, Row, write_rows
from benchmarks.thumbnails import draw
from modulus_relobralo.loops import Solution, problem_networks, samples, solve
from modulus_relobralo.loops.networks import LAYERS, WIDTH
from modulus_relobralo.problems import Problem

FOLDER = ROOT / "examples" / "gallery"
PROBLEMS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "run")


def train(name: str, seed: int, args: argparse.Namespace) -> tuple[Row, Solution]:
    """Return a row: errors and seconds after some steps, and the largest error of the last fifty; and what was found.

    Parameters
    ----------
    name : str
        Of the problem.
    seed : int
        Of points and networks.
    args : Namespace
        What `parse` returned.
    """
    module, ends = importlib.import_module(name), sorted(args.steps)
    problem, references = module.problem, module.references()
    torch.manual_seed(seed)
    networks = problem_networks(problem, args.width)
    spent, times, errors = 0.0, [], []
    start = time.process_time()

    def note(step: int, solution: Solution) -> None:
        nonlocal spent, start
        spent += time.process_time() - start
        times.append(spent)
        errors.append(max(e for at, values in references for e in solution.error(values, **at).values()))
        start = time.process_time()

    weights = dict.fromkeys(conditions(problem), args.conditions)
    found = solve(problem, networks, (), ends[-1], args.points, args.loss, seed, on_step=note, weights=weights)
    row = {
        "problem": name,
        "network": f"{LAYERS} x {args.width}",
        "points": args.points,
        "loss": args.loss,
        "weight of conditions": args.conditions,
        "steps": ends[-1],
        "seed": seed,
        **{f"after {end} steps": errors[end - 1] for end in ends},
        **{f"seconds of {end}": round(times[end - 1], 1) for end in ends},
        "largest of the last 50": max(errors[-50:]),
        **found.unknown,
    }
    return row, found


def conditions(problem: Problem) -> set[str]:
    """Return the loss terms that are no equations."""
    places = samples(problem, 1, 1, initial=1 if problem.initial else None)
    return {name for place in places.values() for name in place.terms} - set(problem.inside)


def parse(parser: argparse.ArgumentParser, problems: list[str], seeds: list[int], steps: list[int]) -> Any:
    """Return the options of a training, some of its own default and those that a parser has, and make ready for it."""
    parser.add_argument("problems", nargs="*", default=problems, metavar="PROBLEM", help=", ".join(problems))
    parser.add_argument("--seeds", nargs="+", type=int, default=seeds)
    parser.add_argument("--steps", nargs="+", type=int, default=steps)
    parser.add_argument("--loss", default="relobralo_grad")
    parser.add_argument("--conditions", type=float, default=1.0, metavar="WEIGHT", help="static, of each condition")
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--dry", action="store_true", help="print the rows, write none")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.problems) - set(problems))
    if unknown:
        parser.error(f"PROBLEM must be one of {', '.join(problems)}. Found {', '.join(unknown)}.")
    sys.path.insert(0, str(FOLDER))
    torch.set_num_threads(1)
    return arguments


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", action="store_true", help="draw those of the gallery's README")
    arguments = parse(parser, PROBLEMS, seeds=[*range(5)], steps=[400])
    for seed in arguments.seeds:
        for name in arguments.problems:
            row, found = train(name, seed, arguments)
            Console().print(row)
            if arguments.pictures:
                draw(name, found, importlib.import_module(name).references()[0])
            if not arguments.dry:
                write_rows("gallery", [row])


if __name__ == "__main__":
    main()
