"""The time of a step of each choice of the README's figure, by short trainings one after the other.

    python -m benchmarks.steps.front

The long trainings, whose errors the figure shows, had others beside them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.launching import ENVIRONMENT
from benchmarks.protocols.schemes import PROBLEMS
from benchmarks.records import ROOT, Row, read_rows, write_rows
from modulus_relobralo.report import read_run

# Of a short training: the median is of compiled steps, which come after 400 others.
STEPS = {"adam": 1000, "soap": 1000, "natural_gradient": 40}


@dataclass(frozen=True)
class Choice:
    """What one writes, and the runs that have its errors: `steps` of a protocol in the article's setting."""

    name: str
    protocol: str
    loss: str
    optimizer: str
    steps: int

    def rows(self, problem: str) -> list[Row]:
        """Return its runs."""
        wanted = {
            "problem": problem,
            "setting": "article",
            "loss": self.loss,
            "parameters": {},
            "optimizer": self.optimizer,
            "max steps": self.steps,
        }
        return [row for row in read_rows(self.protocol) if wanted.items() <= row.items()]


CHOICES = (
    Choice("Adam, sum", "article", "sum", "adam", 8000),
    Choice("Adam, ReLoBRaLo", "article", "relobralo", "adam", 8000),
    Choice("SOAP, ReLoBRaLo", "optimizers", "relobralo", "soap", 4000),
    Choice("natural gradients, ReLoBRaLo", "natural_gradients", "relobralo", "natural_gradient", 300),
)


def measure(problem: str, choice: Choice) -> Row:
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


def main() -> None:
    pairs = [(problem, choice) for problem in PROBLEMS for choice in CHOICES]
    Console().print(write_rows("front", [measure(*pair) for pair in track(pairs, description="the time of a step")]))


if __name__ == "__main__":
    main()
