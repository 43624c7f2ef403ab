"""Errors of a family of plates: one training for any thickness and load, against the series of each.

    python examples/plates/plates.py --config-name family custom.seed=0 hydra.run.dir=outputs/family
    python -m benchmarks.protocols.family outputs/family

Reads the network of that run. Writes the deviations of the deflection and of M_x in the middle and of the largest
reaction, of 9 x 9 members, to benchmarks/results/family.jsonl, and as a picture to docs/evidence/family.png.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
from hydra.utils import instantiate
from omegaconf import OmegaConf
from rich.console import Console
from rich.progress import track

from benchmarks.records import ROOT, write_rows
from benchmarks.references.bending import Bending
from benchmarks.references.cases import CASES, D, Q
from modulus_relobralo.figure_style import SMALL, TEXT, bare, new_figure, save
from modulus_relobralo.hosts.sym import plate_results
from modulus_relobralo.plates import flexural_rigidity

MEMBERS = 9
QUANTITIES = ("deflection", "M_x", "reaction")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="RUN_FOLDER")
    folder = parser.parse_args().folder
    plate = instantiate(OmegaConf.load(folder / ".hydra" / "config.yaml").custom.plate, _convert_="all")
    h, q = (np.linspace(*plate.ranges[name], MEMBERS) for name in ("h", "q"))
    members = list(itertools.product(h, q))
    reference = CASES["simply_supported_square"].reference()
    found = [deviations(plate, folder, reference, *member) for member in track(members, "members")]
    table = np.array(found).T.reshape(len(QUANTITIES), MEMBERS, MEMBERS)
    rows = [
        {"quantity": name, "median in %": round(np.median(abs(part)), 3), "largest in %": round(abs(part).max(), 3)}
        for name, part in zip(QUANTITIES, table, strict=True)
    ]
    Console().print(rows, write_rows("family", rows), draw(h, q, table))


def deviations(plate: object, folder: Path, reference: Bending, h: float, q: float) -> list[float]:
    """Return the deviations of a member in per cent. Its moments are q times those of a unit load, whatever h is."""
    results = plate_results(plate, folder, {"h": h, "q": q})  # type: ignore[arg-type]
    x, y = results.points["x"], results.points["y"]
    middle = int(np.hypot(x - 2.5, y - 2.5).argmin())
    there = {name: float(part[0]) for name, part in reference.fields(x[[middle]], y[[middle]]).items()}
    edge = results.plate.shape.edges["left"]
    values = {
        "deflection": (results.fields["w"][middle], there["w"] * D / flexural_rigidity(30e9, h, 0.3)),
        "M_x": (results.fields["M_x"][middle], there["M_x"]),
        "reaction": (results.edges["left"]["reaction"].max(), float(reference.reaction(edge, np.array([0.5]))[0])),
    }
    return [100 * float(value / (expected * q / Q) - 1) for value, expected in (values[name] for name in QUANTITIES)]


def draw(h: np.ndarray, q: np.ndarray, table: np.ndarray) -> Path:
    """Draw the sizes of the deviations over the family, on one scale."""
    figure = new_figure(8.4, 3.2)
    axes = figure.subplots(1, len(QUANTITIES), sharey=True)
    for ax, name, part in zip(axes, QUANTITIES, table, strict=True):
        image = ax.pcolormesh(q / 1e3, h, abs(part), cmap="cividis", vmin=0, vmax=abs(table).max())
        ax.set_title({"deflection": "deflection, middle", "M_x": "M_x, middle", "reaction": "largest reaction"}[name])
        ax.title.set_fontsize(TEXT)
        ax.set_xlabel("load q [kN/m²]", fontsize=SMALL)
        bare(ax)
    axes[0].set_ylabel("thickness h [m]", fontsize=SMALL)
    figure.colorbar(image, ax=axes, shrink=0.9).set_label("deviation [%]", fontsize=SMALL)
    return save(figure, ROOT / "docs" / "evidence" / "family.png")


if __name__ == "__main__":
    main()
