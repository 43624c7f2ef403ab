"""What an engineer needs of a plate whose deflection is known: moments, shears, reactions, and a verdict."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from modulus_relobralo.plates.results.combinations import Envelope, combine, envelope
from modulus_relobralo.plates.results.reinforcement import wood_armer
from modulus_relobralo.plates.results.results import Results, results
from modulus_relobralo.plates.results.verdict import Verdict

__all__ = [
    "Envelope",
    "Results",
    "Verdict",
    "combine",
    "envelope",
    "print_results",
    "results",
    "save_results",
    "wood_armer",
]


def print_results(results: Results, title: str = "") -> None:
    """Print extremes, edges, the balance of forces and moments, and the verdict."""
    _module("tables").print_results(results, title)


def save_results(results: Results, folder: Path | str, title: str = "Results") -> list[Path]:
    """Write tables (.md, .csv), figures (.png), a sheet of all (.html) and a file for ParaView (.vtu) to a folder.

    Returns
    -------
    list of Path
        Their paths.
    """
    folder = Path(folder)
    files: list[Path] = _module("tables").write_tables(results, folder, title)
    figures: list[Path] = _module("figures").draw(results, folder)
    sheet = _module("sheet").write_sheet(results, folder / "sheet.html", figures, title)
    return [*files, *figures, sheet, _module("figures").write_vtk(results, folder / "plate.vtu")]


def _module(name: str) -> Any:
    # Tables and figures need rich and matplotlib, which who only computes does without.
    return importlib.import_module(f"{__name__}.{name}")
