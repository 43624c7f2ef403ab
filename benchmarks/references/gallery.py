"""Writes the reference solutions of the gallery that have no closed form into examples/gallery/references.

python -m benchmarks.references.gallery [NAME ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.references import evolution, flow, laplace

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


def korteweg_de_vries() -> Columns:
    """Return u at every 4th of the points of the spectral solution."""
    x, t, u = evolution.korteweg_de_vries()
    x, t = np.meshgrid(x[::4], t)
    return {"x": x, "t": t, "u": u[:, ::4]}


def kuramoto_sivashinsky() -> Columns:
    """Return u at every 4th of the points of the spectral solution."""
    x, t, u = evolution.kuramoto_sivashinsky()
    x, t = np.meshgrid(x[::4], t)
    return {"x": x, "t": t, "u": u[:, ::4]}


def cavity() -> Columns:
    """Return u and v at the vertices of the finite elements, for a Reynolds number of 100."""
    (x, y), (u, v) = flow.cavity(reynolds=100)
    return {"x": x, "y": y, "u": u, "v": v}


def poisson_holes() -> Columns:
    """Return u at the points of a grid that lie in the square and in none of the holes."""
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 101), np.linspace(-0.5, 0.5, 101))
    holes = [(a, b, 0.1) for a in (-0.3, 0.3) for b in (-0.3, 0.3)]
    there = np.all([np.hypot(x - a, y - b) >= radius for a, b, radius in holes], axis=0)
    return {"x": x[there], "y": y[there], "u": laplace.holed_square(1, holes)(x[there], y[there])}


MADE: dict[str, Callable[[], Columns]] = {
    each.__name__: each
    for each in (burgers, allen_cahn, korteweg_de_vries, kuramoto_sivashinsky, cavity, poisson_holes)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(MADE), metavar="NAME", help=", ".join(MADE))
    for name in parser.parse_args().names:
        FOLDER.mkdir(exist_ok=True)
        np.savez_compressed(FOLDER / f"{name}.npz", **{key: value.ravel() for key, value in MADE[name]().items()})
        print(FOLDER.name, name)


if __name__ == "__main__":
    main()
