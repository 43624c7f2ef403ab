"""Writes the reference solutions of the gallery that have no closed form into examples/gallery/references.

python -m benchmarks.references.gallery [NAME ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.references import evolution

FOLDER = Path(__file__).parents[2] / "examples" / "gallery" / "references"
Columns = dict[str, np.ndarray]


def burgers() -> Columns:
    """Return u on a grid of 101 points along x and t."""
    x, t = np.meshgrid(np.linspace(-1, 1, 101), np.linspace(0, 1, 101))
    return {"x": x, "t": t, "u": evolution.burgers(x, t)}


def allen_cahn() -> Columns:
    """Return u at every 32nd of the points of the spectral solution."""
    x, t, u = evolution.allen_cahn()
    x, t = np.meshgrid(x[::32], t)
    return {"x": x, "t": t, "u": u[:, ::32]}


MADE: dict[str, Callable[[], Columns]] = {"burgers": burgers, "allen_cahn": allen_cahn}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(MADE), metavar="NAME", help=", ".join(MADE))
    for name in parser.parse_args().names:
        FOLDER.mkdir(exist_ok=True)
        np.savez_compressed(FOLDER / f"{name}.npz", **{key: value.ravel() for key, value in MADE[name]().items()})
        print(FOLDER.name, name)


if __name__ == "__main__":
    main()
