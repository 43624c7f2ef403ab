"""Cases of PINNacle in a loop: errors against its stored solutions, these against finer ones, and its best as quoted.

    python -m benchmarks.protocols.pinnacle --data FOLDER [PROBLEM ...] [--seeds 0] [--steps 250]

FOLDER has files of `ref` in the public repository i207M/PINNacle, which are not in this one. Errors are relative L2
errors as PINNacle takes them, of all fields together: at its points, against its file; and against the reference of the
gallery there, which says what is the network's. The file's own error is its distance to that reference. Where it stores
nothing the reference is all there is, at the points of the gallery. The best of its eleven methods after 20,000 epochs
is quoted second-hand and was not run here.
"""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.protocols import gallery
from benchmarks.records import Row, write_rows
from benchmarks.references import evolution, flow, laplace, screened
from modulus_relobralo.loops import Solution

Columns = dict[str, NDArray[np.float64]]


class Case(NamedTuple):
    """What PINNacle calls a problem of the gallery, what others quote as its best, its file and a finer solution."""

    name: str
    best: float
    file: str = ""
    finer: Callable[[Columns], Columns] | None = None


def heat_long_time(at: Columns) -> Columns:
    """Return u at the points and times of PINNacle's file, of which each point has all."""
    times = np.unique(at["t"])
    t, solution = evolution.heat_long_time(snapshots=len(times))
    np.testing.assert_allclose(times, t)
    first = at["t"] == times[0]
    return {"u": solution(at["x"][first], at["y"][first]).ravel()}


def of_flow(found: flow.Flow, at: Columns) -> Columns:
    """Return the three fields of a flow at points."""
    return dict(zip("uvp", found(at["x"], at["y"]), strict=True))


HOLES = [(a, b, 0.1) for a in (-0.3, 0.3) for b in (-0.3, 0.3)]
CASES = {
    "burgers": Case("Burgers 1d-C", 1.45e-2, "burgers1d.dat", lambda at: {"u": evolution.burgers(at["x"], at["t"])}),
    "poisson_holes": Case(
        "Poisson 2d-C",
        1.23e-2,
        "poisson1_cg_data.dat",
        lambda at: {"u": laplace.holed_square(1, HOLES)(at["x"], at["y"])},
    ),
    "poisson_boltzmann": Case(
        "Poisson 2d-CG",
        1.43e-2,
        "poisson_boltzmann2d.dat",
        lambda at: {"u": screened.poisson_boltzmann()(at["x"], at["y"])},
    ),
    "cavity": Case("NS 2d-C", 3.60e-2, "lid_driven_a4.dat", lambda at: of_flow(flow.cavity(reynolds=100), at)),
    "back_step": Case("NS 2d-CG", 8.24e-2, "ns_0_obstacle.dat", lambda at: of_flow(flow.back_step(), at)),
    "heat_scales": Case("Heat 2d-MS", 6.21e-2),
    "heat_long_time": Case("Heat 2d-LT", 0.999, "heat_longtime.dat", heat_long_time),
    "wave": Case("Wave 1d-C", 9.79e-2),
    "kuramoto_sivashinsky": Case("KS, to half of its time", 0.957),
    "poisson_inverse": Case("PInv, its source set right", 2.45e-2),
    "heat_inverse": Case("HInv", 5.26e-2),
}


def read(path: Path, fields: int = 1) -> tuple[Columns, Columns]:
    """Return inputs and values of a file that COMSOL exported, in which columns are coordinates and fields, by time.

    Points at which it has no number are left out.
    """
    *_, head = (line for line in path.read_text().splitlines() if line.startswith("%"))
    table, times = np.loadtxt(path, comments="%"), [float(each) for each in re.findall(r"@ t=(\S+)", head)]
    count = table.shape[1] - fields * max(len(times), 1)
    inputs = dict(zip("xy", table[:, :count].T, strict=False))
    if times:
        inputs = {name: np.tile(column, len(times)) for name, column in inputs.items()}
        inputs["t"] = np.repeat(times, len(table))
    values = table[:, count:].T.reshape(-1, fields, len(table)).swapaxes(0, 1).reshape(fields, -1)
    known = np.isfinite(values).all(axis=0)
    return (
        {name: column[known] for name, column in inputs.items()},
        dict(zip("uvp", values[:, known], strict=False)),
    )


def distance(found: Mapping[str, Any], known: Columns) -> float:
    """Return the relative L2 error of all fields together."""
    off = [np.linalg.norm(found[name] - values) for name, values in known.items()]
    return float(np.linalg.norm(off) / np.linalg.norm([np.linalg.norm(values) for values in known.values()]))


def compare(row: Row, found: Solution, folder: Path) -> Row:
    """Return what a training of the gallery comes to where PINNacle looks."""
    name = row["problem"]
    case, module = CASES[name], importlib.import_module(name)
    ((inputs, finer), *_), stored = module.references(), None
    if case.finer:
        inputs, stored = read(folder / case.file, fields=3 if "p" in module.problem.fields else 1)
        finer = case.finer(inputs)
    values = found(**inputs)
    if name == "cavity":
        # Of the pressure a number is free, which PINNacle sets in a corner.
        corner = int(np.hypot(inputs["x"], inputs["y"]).argmin())
        values["p"] += finer["p"][corner] - values["p"][corner]
    return {
        "case": case.name,
        **{key: row[key] for key in ("problem", "network", "points", "loss", "weight of conditions", "steps", "seed")},
        "seconds": row[f"seconds of {row['steps']}"],
        "against its file": None if stored is None else distance(values, stored),
        "against our reference": distance(values, finer),
        "its file against our reference": None if stored is None else distance(stored, finer),
        "best of its methods": case.best,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="with PINNacle's files")
    parser.add_argument("--gallery", action="store_true", help="write the rows of the gallery too")
    arguments = gallery.parse(parser, [*CASES], seeds=[0], steps=[250])
    missing = [CASES[name].file for name in arguments.problems if not (arguments.data / CASES[name].file).exists()]
    if missing:
        parser.error(f"--data must be a folder with {', '.join(missing)}. Found none of them in {arguments.data}.")
    for seed in arguments.seeds:
        for name in arguments.problems:
            row, found = gallery.train(name, seed, arguments)
            compared = compare(row, found, arguments.data)
            Console().print(row, compared)
            if not arguments.dry:
                write_rows("pinnacle", [compared])
                write_rows("gallery", [row] if arguments.gallery else [])


if __name__ == "__main__":
    main()
