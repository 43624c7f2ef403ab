"""Writes the reference solutions of the gallery that have no closed form into examples/gallery/references.

python -m benchmarks.references.gallery [NAME ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.references import evolution, flow, heat, laplace, screened

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


def heat_long_time() -> Columns:
    """Return u on a grid of 17 points along x and 25 along y, at 51 times."""
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 1, 17), np.linspace(0, 1, 25)))
    t, at = evolution.heat_long_time(snapshots=51)
    shape = len(t), len(x)
    return {"x": np.broadcast_to(x, shape), "y": np.broadcast_to(y, shape), "t": np.repeat(t, len(x)), "u": at(x, y)}


def heat_holes() -> Columns:
    """Return u at those vertices of the finite elements that lie on a grid of width 0.5, at 7 times."""
    places, t, u = heat.heat_holes(size=0.25, around=24, steps=600)
    on_grid = np.isclose(2 * places, np.round(2 * places)).all(axis=0)
    (x, y), shape = places[:, on_grid], (len(t), on_grid.sum())
    return {
        "x": np.broadcast_to(x, shape),
        "y": np.broadcast_to(y, shape),
        "t": np.repeat(t, on_grid.sum()),
        "u": u[:, on_grid],
    }


def cavity() -> Columns:
    """Return u and v at the vertices of the finite elements, for a Reynolds number of 100."""
    found = flow.cavity(reynolds=100)
    (x, y), (u, v) = found.points, found.velocity
    return {"x": x, "y": y, "u": u, "v": v}


def back_step() -> Columns:
    """Return u, v and p at the points of a grid of width 0.05."""
    x, y = np.meshgrid(np.linspace(0, 4, 81), np.linspace(0, 2, 41))
    there = (x >= 2) | (y <= 1)
    u, v, p = flow.back_step()(x[there], y[there])
    return {"x": x[there], "y": y[there], "u": u, "v": v, "p": p}


def poisson_holes() -> Columns:
    """Return u at the points of a grid that lie in the square and in none of the holes."""
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 101), np.linspace(-0.5, 0.5, 101))
    holes = [(a, b, 0.1) for a in (-0.3, 0.3) for b in (-0.3, 0.3)]
    there = np.all([np.hypot(x - a, y - b) >= radius for a, b, radius in holes], axis=0)
    return {"x": x[there], "y": y[there], "u": laplace.holed_square(1, holes)(x[there], y[there])}


def poisson_boltzmann() -> Columns:
    """Return u at the points of a grid that lie in the square and in none of the holes."""
    x, y = np.meshgrid(np.linspace(-1, 1, 101), np.linspace(-1, 1, 101))
    there = np.all([np.hypot(x - a, y - b) >= radius for a, b, radius in screened.HOLES], axis=0)
    return {"x": x[there], "y": y[there], "u": screened.poisson_boltzmann()(x[there], y[there])}


MADE: dict[str, Callable[[], Columns]] = {
    each.__name__: each
    for each in (
        burgers,
        allen_cahn,
        korteweg_de_vries,
        kuramoto_sivashinsky,
        heat_long_time,
        heat_holes,
        cavity,
        back_step,
        poisson_holes,
        poisson_boltzmann,
    )
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
