"""The article's two experiments by the plain sum, by ReLoBRaLo and by natural gradients, side by side: make demo.

python -m benchmarks.demo [--problems helmholtz kirchhoff] [--steps N] [--jobs 2] [--out outputs/demo]
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from benchmarks.documents.summary import number
from benchmarks.launching import ENVIRONMENT
from benchmarks.records import ROOT
from modulus_relobralo import figure_style as style
from modulus_relobralo.report import Run, read_run
from modulus_relobralo.report.comparison import last_error
from modulus_relobralo.report.fields import Field

TITLES = {"helmholtz": "Helmholtz", "kirchhoff": "plate"}
SUM, RELOBRALO, NATURAL = "Adam, sum", "Adam, ReLoBRaLo", "natural gradients"
# By problem and choice, the longest first. On two idle cores all six took 2 min 16 s (docs/evidence/index.md).
STEPS = {
    ("kirchhoff", SUM): 1500,
    ("kirchhoff", RELOBRALO): 1500,
    ("helmholtz", SUM): 3000,
    ("helmholtz", RELOBRALO): 3000,
    ("helmholtz", NATURAL): 150,
    ("kirchhoff", NATURAL): 80,
}
# Adam in the article's own setting; natural gradients as the examples recommend them, with the article's load.
RECOMMENDED = {"helmholtz": (), "kirchhoff": ("custom.p0=0.15",)}
NEXT = """
Next, in a config of your own, after lengths, fields and losses are scaled to order 1:
  pointwise constraints and a small network   optimizer: natural_gradient   loss: relobralo_grad   cuda_graphs: false
  otherwise                                   optimizer: soap (or adam)     loss: relobralo_grad   cuda_graphs: false
  where CUDA graphs are needed                optimizer: soap (or adam)     loss: relobralo
Always compare with loss: sum. docs/start/modulus.md shows the steps, docs/start/choose.md asks the questions."""


@dataclass
class Training:
    """One of the six: what it is, where it lies, and its process once it has been started."""

    problem: str
    choice: str
    steps: int
    folder: Path
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def name(self) -> str:
        """What is said of it while it trains."""
        return f"{TITLES[self.problem]}, {self.choice}, {self.steps} steps"

    def start(self, in_a_loop: bool) -> None:
        """Start it, with its output in ``output.txt``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        script = f"examples/{'physicsnemo' if in_a_loop else self.problem}/{self.problem}.py"
        command = [sys.executable, "-W", "ignore", script, *self.options(in_a_loop)]
        with (self.folder / "output.txt").open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **ENVIRONMENT}, stdout=output, stderr=subprocess.STDOUT
            )

    def options(self, in_a_loop: bool) -> list[str]:
        """Return what its command has beside the script."""
        often = max(1, self.steps // 20)
        made = [
            f"training.max_steps={self.steps}",
            f"training.rec_validation_freq={often}",
            f"training.rec_monitor_freq={often}",
            f"training.summary_freq={often}",
            f"hydra.run.dir={self.folder.relative_to(ROOT)}",
            *([] if in_a_loop else ["hydra/job_logging=default", "custom.progress=false"]),
        ]
        if self.choice != NATURAL:
            return ["--config-name", "article", f"loss={'sum' if self.choice == SUM else 'relobralo'}", *made]
        return [*made, *RECOMMENDED[self.problem]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", choices=TITLES, default=list(TITLES), help="only these")
    parser.add_argument("--steps", type=int, help="of every training (default: what solves both problems)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="trainings at a time (default: all cores)")
    parser.add_argument("--out", type=Path, default=Path("outputs/demo"), help="folder, relative to the root")
    parser.add_argument("--loops", action="store_true", help="by the loops of PhysicsNeMo, without a Solver")
    args = parser.parse_args()
    # So that whoever ends this ends its trainings too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    trainings = [
        Training(problem, choice, args.steps or steps, ROOT / args.out / problem / choice.replace(", ", "-"))
        for (problem, choice), steps in STEPS.items()
        if problem in args.problems
    ]
    runs = train(trainings, args.jobs or 1, args.loops)
    print("", table(runs).to_string(index=False), "", sep="\n")
    print(draw(runs, ROOT / args.out / "demo.png"), NEXT, sep="\n")


def train(trainings: list[Training], jobs: int, in_a_loop: bool) -> dict[tuple[str, str], Run]:
    """Train, `jobs` at a time, a line for each that starts or ends; return what they left."""
    begin, waiting, going = time.monotonic(), list(trainings), list[Training]()
    runs: dict[tuple[str, str], Run] = {}
    print(
        f"{len(trainings)} trainings, {jobs} at a time; in full, two and a half minutes on two idle cores", flush=True
    )
    try:
        while waiting or going:
            while waiting and len(going) < jobs:
                going.append(waiting.pop(0))
                going[-1].start(in_a_loop)
                print(f"{time.monotonic() - begin:5.0f} s  starts: {going[-1].name}", flush=True)
            time.sleep(0.5)
            for training in [one for one in going if one.process.poll() is not None]:
                going.remove(training)
                run = runs[training.problem, training.choice] = finished(training)
                print(f"{time.monotonic() - begin:5.0f} s  {training.name}: error {error_of(run)}", flush=True)
    finally:
        for training in going:
            training.process.terminate()
    return {(problem, choice): runs[problem, choice] for problem in TITLES for choice in (SUM, RELOBRALO, NATURAL)
            if (problem, choice) in runs}  # fmt: skip


def finished(training: Training) -> Run:
    """Return what a training left, or raise with the end of what it said."""
    output = training.folder / "output.txt"
    if training.process.returncode:
        said = "\n".join(output.read_text(errors="replace").splitlines()[-30:])
        raise RuntimeError(f"{training.name} failed; the end of {output}:\n{said}")
    return read_run(training.folder)


def error_of(run: Run) -> str:
    """Return the relative L2 error of the last step."""
    (variable,) = run.errors
    return number(last_error(run, variable))


def table(runs: dict[tuple[str, str], Run]) -> pd.DataFrame:
    """Return a row for each training: its relative L2 error, and its seconds from the first step to the last."""
    rows = [
        {"problem": TITLES[problem], "by": choice, "relative L2 error": error_of(run), "seconds": f"{run.seconds:.0f}"}
        for (problem, choice), run in runs.items()
    ]
    return pd.DataFrame(rows)


def draw(runs: dict[tuple[str, str], Run], path: Path) -> Path:
    """Draw for each problem the exact field and those of its trainings, and below these their differences to it."""
    problems = list(dict.fromkeys(problem for problem, _ in runs))
    figure = style.new_figure(6.8, 0.4 + 3.9 * len(problems))
    axes = figure.subplots(2 * len(problems), 4, squeeze=False)
    for row, problem in enumerate(problems):
        of = {choice: run for (name, choice), run in runs.items() if name == problem}
        _draw_problem(figure, axes[2 * row : 2 * row + 2], TITLES[problem], of)
    best = ", ".join(f"{TITLES[problem]} {error_of(runs[problem, NATURAL])}" for problem in problems)
    style.set_title(figure, f"Relative L2 error by natural gradients: {best}")
    return style.save(figure, path)


def _draw_problem(figure: Figure, axes: list[list[Axes]], title: str, of: dict[str, Run]) -> None:
    fields = {choice: next(iter(run.fields.values())) for choice, run in of.items()}
    exact = next(iter(fields.values()))
    norm = Normalize(exact.exact.min(), exact.exact.max())
    drawn = _picture(axes[0][0], exact, exact.exact, norm, style.VALUES, f"{title}: exact")
    for column, (choice, found) in enumerate(fields.items(), 1):
        _picture(axes[0][column], found, found.predicted, norm, style.VALUES, f"{choice}\nerror {error_of(of[choice])}")
        difference = found.predicted - found.exact
        largest = abs(difference).max()
        below = axes[1][column]
        shown = _picture(below, found, difference, Normalize(-largest, largest), style.DIFFERENCES, "minus exact")
        bar = figure.colorbar(shown, ax=below, orientation="horizontal", shrink=0.9, ticks=[-largest, 0, largest])
        bar.ax.set_xticklabels([number(-largest), "0", number(largest)], fontsize=style.SMALL - 1)
    axes[1][0].axis("off")
    bar = figure.colorbar(drawn, ax=axes[1][0], orientation="horizontal", shrink=0.9, location="top")
    bar.ax.tick_params(labelsize=style.SMALL - 1)


def _picture(ax: Axes, at: Field, values: object, norm: Normalize, colours: str, title: str) -> object:
    x, y = at.coordinates["x"], at.coordinates["y"]
    drawn = ax.tripcolor(x, y, values, norm=norm, cmap=colours, shading="gouraud", rasterized=True)
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.margins(0)
    ax.spines[:].set_visible(False)
    ax.set_title(title, fontsize=style.SMALL)
    return drawn


if __name__ == "__main__":
    main()
