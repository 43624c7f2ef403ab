"""The figure of the first page: what each choice reaches in the article's setting, by the time that it takes.

    python benchmarks/front.py [--measure] [--out docs/results/front.png]

The errors are those of results/article.jsonl, optimizers.jsonl and natural_gradients.jsonl: medians and quartiles over
the seeds. Their times are numbers of steps times the time of a step in results/front.jsonl, which --measure takes anew
by short trainings, one after the other, because the long ones had others beside them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from protocol import PROBLEMS, ROOT
from records import read_rows, write_rows
from rich.console import Console
from rich.progress import track
from sweep import ENVIRONMENT

from modulus_relobralo.figure_style import BASELINE, COLOURS, WIDTH, finish_axes, label_lines, new_figure, save
from modulus_relobralo.report import read_run

RESULTS = ROOT / "benchmarks" / "results"
TITLES = {"helmholtz": "Helmholtz equation", "kirchhoff": "Kirchhoff plate"}
# Of a short training: the median is of compiled steps, which come after 400 others.
STEPS = {"adam": 1000, "soap": 1000, "natural_gradient": 40}


@dataclass(frozen=True)
class Choice:
    """What one writes, and which rows of which file have its errors."""

    name: str
    file: str
    loss: str
    optimizer: str
    steps: int
    colour: str

    def rows(self, problem: str) -> list[dict[str, Any]]:
        """Return its runs in the article's setting; those of the scaled one name how their boundary is counted."""
        return [
            row
            for row in read_rows(RESULTS / self.file)
            if (row["problem"], row["loss"], row["last step"], row["parameters"])
            == (problem, self.loss, self.steps, {})
            and (self.optimizer == "adam" or f"optimizer={self.optimizer}" in row["overrides"])
            and not any(override.startswith("custom.per_edge") for override in row["overrides"])
        ]


CHOICES = (
    Choice("Adam, sum", "article", "sum", "adam", 8000, BASELINE),
    Choice("Adam, ReLoBRaLo", "article", "relobralo", "adam", 8000, COLOURS[0]),
    Choice("SOAP, ReLoBRaLo", "optimizers", "relobralo", "soap", 4000, COLOURS[1]),
    Choice("natural gradients, ReLoBRaLo", "natural_gradients", "relobralo", "natural_gradient", 300, COLOURS[2]),
)


def measure(problem: str, choice: Choice) -> dict[str, object]:
    """Return the time of a step, by a short training with the options of the recorded ones."""
    steps = STEPS[choice.optimizer]
    folder = Path("outputs") / "front" / problem / f"{choice.loss}-{choice.optimizer}"
    records = ("summary_freq", "rec_monitor_freq", "rec_validation_freq")
    short = [f"training.max_steps={steps}", *(f"training.{name}={steps // 20}" for name in records)]
    kept = [part for part in choice.rows(problem)[0]["overrides"] if not part.startswith("training.")]
    script = f"examples/{problem}/{problem}.py"
    command = [sys.executable, script, "--config-name", "article", f"loss={choice.loss}", *kept, *short]
    environment = {**os.environ, **ENVIRONMENT}
    subprocess.run([*command, f"hydra.run.dir={folder}"], cwd=ROOT, env=environment, check=True, capture_output=True)
    seconds = read_run(ROOT / folder).step_seconds
    return {"problem": problem, "choice": choice.name, "ms per step": round(seconds * 1e3, 2)}


def draw(path: Path) -> Path:
    """Draw the errors over the seconds, a panel for each problem."""
    times = {(row["problem"], row["choice"]): row["ms per step"] / 1e3 for row in read_rows(RESULTS / "front")}
    figure = new_figure(WIDTH, 3.4)
    axes = figure.subplots(1, len(PROBLEMS))
    for ax, problem in zip(axes, PROBLEMS, strict=True):
        for choice in CHOICES:
            rows = choice.rows(problem)
            seconds = np.array(rows[0]["steps"]) * times[problem, choice.name]
            low, middle, high = np.percentile([row["errors"] for row in rows], [25, 50, 75], axis=0)
            ax.plot(seconds, middle, label=choice.name, color=choice.colour, linewidth=1.8)
            ax.fill_between(seconds, low, high, color=choice.colour, alpha=0.15, linewidth=0)
        finish_axes(ax, "relative L2 error", TITLES[problem])
        ax.set_xlabel("seconds on one core")
        label_lines(ax)
    return save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="measure the times of a step first, a few minutes")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "results" / "front.png")
    args = parser.parse_args()
    if args.measure:
        pairs = [(problem, choice) for problem in PROBLEMS for choice in CHOICES]
        write_rows(RESULTS / "front", [measure(*pair) for pair in track(pairs, description="the time of a step")])
    Console().print(draw(args.out))


if __name__ == "__main__":
    main()
