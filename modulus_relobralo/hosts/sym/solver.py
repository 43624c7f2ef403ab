"""The host's solver, which also shows and keeps what the last step made."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.dtypes import check_precision


class Solver(host.Solver):
    """The host's ``Solver``, whose last step is recorded and saved whatever its number is.

    The host records losses, validators, inferencers and monitors and saves its network at the multiples of
    ``training.summary_freq``, ``rec_validation_freq`` and so on. A training of 300 steps with
    ``rec_validation_freq=1000`` so shows the error of step 0, and the network of step 0 is what a later run finds. This
    one does at its last step what the host leaves out there, be it that ``training.max_steps`` is reached, that the
    stop criterion is met, or that L-BFGS is done. A loss that is not finite has no last step.

    ``run_mode=eval`` works with monitors: the host looks there for the sizes of gradients, and there are none.

    Parameters
    ----------
    cfg : DictConfig
        The host's config.
    domain : Domain
        With constraints, validators, inferencers and monitors.
    """

    def solve(self, sigterm_handler: Any = None) -> None:
        """Train, or evaluate; first of all refuse networks and points of different precision, see `precision`."""
        check_precision(self)
        super().solve(sigterm_handler)

    def _check_stopping_criterion(self, loss: Tensor, losses: dict[str, Tensor], step: int) -> Any:
        # The host asks at the end of each step, when it has recorded and saved what it does by itself.
        stops = super()._check_stopping_criterion(loss, losses, step)
        if stops or step >= self.max_steps:
            self._finish(loss, losses, step)
        return stops

    def _finish(self, loss: Tensor, losses: dict[str, Tensor], step: int) -> None:
        """Record and save a last step where the host did not."""
        often = self.cfg.training
        if step % self.summary_freq and self.manager.rank == 0:
            for name, value in {**losses, "aggregated": loss}.items():
                self.writer.add_scalar(f"Train/loss_{name}", value, step, new_style=True)
        if step % often.rec_validation_freq and self.has_validators:
            self._record_validators(step)
        if step % often.rec_inference_freq and self.has_inferencers:
            self._record_inferencers(step)
        if step % often.rec_monitor_freq:
            self._record_monitors(step)
        rank = self.manager.group_rank("data_parallel") if self.manager.distributed else 0
        if step % self.save_network_freq and rank == 0:
            self.save_checkpoint(step)

    def _eval(self) -> None:
        self.monitor_grad_clip = False
        super()._eval()
