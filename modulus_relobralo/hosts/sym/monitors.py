"""What is seen of a training while it goes on: weights of loss terms, a bar on the terminal, residuals held out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from omegaconf import OmegaConf
from torch import Tensor

from modulus_relobralo.balancing.diagnostics import named_weights
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.loops.records import WeightsFile

ERROR = "l2_relative_error_"
OPTION = "custom.progress"

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


class Progress(host.Monitor):
    """Shows a bar on stderr while the solver trains; add it as the last monitor.

    It is quiet where stderr is no terminal, as in log files and on clusters, and with ``custom.progress=false``. The
    bar moves at each step, and with CUDA graphs, in which Python does not run, every ``training.rec_monitor_freq``
    steps. Errors are those of the last validation as the host logs them, divided by the exact field's deviation from
    its mean. What the host logs on the terminal stands above the bar.

    Parameters
    ----------
    solver : Solver
        The host's solver.

    Examples
    --------
    One line in any script, after the solver was made::

        solver = Solver(cfg, domain)
        domain.add_monitor(Progress(solver), "progress")
        solver.solve()
    """

    def __init__(self, solver: Any) -> None:
        self.solver = solver
        self._bar: Any = None
        self._loss: Tensor | None = None
        self._open = ExitStack()

    def save_results(self, name: str, writer: Any, step: int, data_dir: str) -> dict[str, Tensor]:
        """Show `step`; nothing is recorded."""
        if self._bar is None and step < self.solver.max_steps and self._is_wanted():
            self._begin(step)
        self._show(step)
        if self._bar is not None and step >= self._bar.total:
            self._end()
        return {}

    def _is_wanted(self) -> bool:
        # In eval mode the host makes no aggregator and takes no step.
        given = OmegaConf.select(self.solver.cfg, OPTION)
        return sys.stderr.isatty() and given is not False and hasattr(self.solver, "aggregator")

    def _begin(self, step: int) -> None:
        # A host brings it.
        from tqdm import tqdm
        from tqdm.contrib.logging import logging_redirect_tqdm

        self._bar = self._open.enter_context(
            tqdm(total=self.solver.max_steps, initial=step, unit="step", dynamic_ncols=True)
        )
        self._open.enter_context(logging_redirect_tqdm())
        # The one place where the host has the loss of each step; an aggregator that it scripted takes no hook.
        compute = self.solver.compute_gradients
        self._open.callback(setattr, self.solver, "compute_gradients", compute)

        def computed(aggregator: Any, model: Any, step: int) -> tuple[Tensor, dict[str, Tensor]]:
            loss, losses = compute(aggregator, model, step)
            self._loss = loss.detach()
            # A CUDA graph that is recorded allows no reading.
            if not (loss.is_cuda and torch.cuda.is_current_stream_capturing()):
                self._show(step)
            # At other last steps the host comes by once more, with the last errors.
            if step >= self.solver.max_steps and step % self.solver.cfg.training.rec_monitor_freq:
                self._end()
            return loss, losses

        self.solver.compute_gradients = computed

    def _show(self, step: int) -> None:
        """Move the bar; numbers are read back from the device only when it is drawn again."""
        if self._bar is not None and (self._bar.update(step - self._bar.n) or step >= self._bar.total):
            self._bar.set_postfix_str(self._numbers())

    def _end(self) -> None:
        self._open.close()
        self._bar = None

    def _numbers(self) -> str:
        numbers = {} if self._loss is None else {"loss": float(self._loss)}
        for key, value in getattr(self.solver, "validator_outvar", {}).items():
            if key.startswith(ERROR):
                numbers[f"error of {key.removeprefix(ERROR)}"] = float(value)
        return ", ".join(f"{name} {number:.2e}" for name, number in numbers.items())


def residual_monitor(nodes: Sequence[Any], points: Mapping[str, ArrayLike], names: Sequence[str]) -> Any:
    """Return a monitor of the host that records the root mean squares of residuals at `points`.

    Without an exact solution, ``relobralo-report`` compares losses by them. Add it under the name ``residuals``.

    Parameters
    ----------
    nodes : sequence of Node
        The equations' and the network's.
    points : mapping of str to array
        The inputs, each of shape [points, 1]; samples of the host's geometry as they are. They are drawn once, and
        are others than those of training if they are drawn for this.
    names : sequence of str
        The residuals: outputs of the equations' nodes that should be 0.

    Examples
    --------
    In any script, with the host's geometry, before the solver trains::

        points = rectangle.sample_interior(1000)
        domain.add_monitor(residual_monitor(nodes, points, ["continuity", "momentum_x"]), "residuals")
    """
    inputs = {name: np.asarray(values) for name, values in points.items() if not name.startswith(host.SAMPLED)}
    return host.load("domain.monitor").PointwiseMonitor(
        inputs,
        output_names=list(names),
        metrics={name: _root_mean_square(name) for name in names},
        nodes=list(nodes),
        requires_grad=True,
    )


def _root_mean_square(name: str) -> Callable[[Mapping[str, Tensor]], Tensor]:
    return lambda outputs: outputs[name].detach().square().mean().sqrt()
