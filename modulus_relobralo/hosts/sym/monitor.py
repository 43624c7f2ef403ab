"""The weights of the loss terms, written to TensorBoard and to CSV while the host trains."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from torch import Tensor

from modulus_relobralo.balancing.diagnostics import named_weights
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.loops.weights_file import WeightsFile

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
        self._files: dict[Path, WeightsFile | None] = {}

    def save_results(self, name: str, writer: Any, step: int, data_dir: str) -> dict[str, Tensor]:
        """Write the weights of `step`, and return them by name for the host's stop criterion.

        Raises
        ------
        ValueError
            If a loss term was negative; the message names it.
        """
        aggregator: Any = getattr(self.solver, "aggregator", None)
        weights = named_weights(aggregator)
        path = Path(data_dir) / f"{name}.csv"
        if not weights:
            if not self._files:
                logger.info(f"{path.name}: not written, the aggregator has no weights of ReLoBRaLo")
            self._files.setdefault(path, None)
            return {}
        for term, weight in weights.items():
            writer.add_scalar(f"Monitors/{name}/{term}", weight, step, new_style=True)
        file = self._files.get(path) or WeightsFile(path)
        self._files[path] = file
        file.write(step, weights)
        return {f"weight_{term}": weight for term, weight in weights.items()}
