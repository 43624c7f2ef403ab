"""A bar on the terminal while the host trains: steps, time left, the loss and the errors of validators."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from modulus_relobralo.hosts.sym import host

ERROR = "l2_relative_error_"
OPTION = "custom.progress"


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
