"""The weights of the loss terms, written to TensorBoard and to CSV while the host trains."""

from __future__ import annotations

import csv
import logging
from pathlib import Path
from typing import Any

from torch import Tensor

from modulus_relobralo.hosts.sym import host

logger = logging.getLogger(__name__)


class WeightMonitor(host.Monitor):
    """Writes the weight of every loss term, each ``training.rec_monitor_freq`` steps.

    In TensorBoard they are ``Monitors/<name of the monitor>/<loss term>``, in the run's folder the columns of
    ``monitors/<name of the monitor>.csv``. A resumed run continues that file from the step it resumed at.

    Parameters
    ----------
    solver : Solver
        The host's solver. It makes its aggregator when it starts to train; the monitor asks for it then. With an
        aggregator other than ReLoBRaLo nothing is written, and the log says so once.

    Examples
    --------
    One line in any script, after the solver was made::

        solver = Solver(cfg, domain)
        domain.add_monitor(WeightMonitor(solver), "weights")
        solver.solve()
    """

    def __init__(self, solver: Any) -> None:
        self.solver = solver
        # A SequentialSolver gives each of its trainings a folder of its own.
        self._started: set[Path] = set()

    def save_results(self, name: str, writer: Any, step: int, data_dir: str) -> dict[str, Tensor]:
        """Write the weights of `step`, and return them by name for the host's stop criterion."""
        aggregator: Any = getattr(self.solver, "aggregator", None)
        names = getattr(aggregator, "names", [])
        path = Path(data_dir) / f"{name}.csv"
        if not names:
            if not self._started:
                logger.info(f"{path.name}: not written, the aggregator has no weights of ReLoBRaLo")
            self._started.add(path)
            return {}
        weights = dict(zip(names, aggregator.lmbda_ema.detach().clone(), strict=True))
        for term, weight in weights.items():
            writer.add_scalar(f"Monitors/{name}/{term}", weight, step, new_style=True)
        if path not in self._started:
            _start_file(path, ["step", *names], step)
            self._started.add(path)
        with path.open("a", newline="") as file:
            csv.writer(file).writerow([step, *(f"{float(weight):.9g}" for weight in weights.values())])
        return {f"weight_{term}": weight for term, weight in weights.items()}


def _start_file(path: Path, header: list[str], step: int) -> None:
    """Write the header; keep the rows of an earlier part of the run, or its file if it had other loss terms."""
    rows: list[list[str]] = []
    if path.exists():
        with path.open(newline="") as file:
            old_header, *old_rows = list(csv.reader(file)) or [[]]
        if old_header == header:
            rows = [row for row in old_rows if len(row) == len(header) and int(row[0]) < step]
        else:
            path.replace(path.with_suffix(".old.csv"))
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
