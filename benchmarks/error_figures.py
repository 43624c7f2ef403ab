"""The figures of errors in docs/results/, from the published numbers: for a new style of figures, without new runs.

    python benchmarks/error_figures.py [--out docs/results]

The runs come from results/accuracy.jsonl, article.jsonl and optimizers.jsonl. Figures of loss terms, weights and fields
need the runs themselves; relobralo-report draws them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from protocol import ROOT
from records import read_rows
from rich.console import Console

from modulus_relobralo.report import Run, compare, plot_comparison
from modulus_relobralo.report.events import Series
from modulus_relobralo.report.page import folder_name

RESULTS = ROOT / "benchmarks" / "results"
# The folder of each file's figures in docs/results/.
FOLDERS = {"accuracy": "", "article": "article", "optimizers": "optimizers"}
VARIABLES = {"helmholtz": "u", "kirchhoff": "w"}


def published_run(row: dict[str, Any]) -> Run:
    """Return the run of a published row, with its history of errors and nothing else."""
    # In the order of the example's config, which titles follow.
    options = [*sorted(row["overrides"], key=lambda option: option.startswith("custom.")), f"custom.seed={row['seed']}"]
    return Run(
        folder=Path(row["problem"], row["loss"], f"seed-{row['seed']}"),
        problem=row["problem"],
        scheme=row["loss"],
        config=OmegaConf.to_container(OmegaConf.from_dotlist(options)),
        status=row["status"],
        errors={VARIABLES[row["problem"]]: Series(np.array(row["steps"]), np.array(row["errors"]))},
        tuned=bool(row["parameters"]),
    )


def draw(rows: Sequence[dict[str, Any]], folder: Path) -> list[Path]:
    """Draw a figure for each comparison of the runs of `rows`, in a folder of its own in `folder`."""
    comparisons = compare([published_run(row) for row in rows])
    return [path for found in comparisons for path in plot_comparison(found, folder / folder_name(found.title))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "results")
    args = parser.parse_args()
    for name, folder in FOLDERS.items():
        for path in draw(read_rows(RESULTS / name), args.out / folder):
            Console().print(path)


if __name__ == "__main__":
    main()
