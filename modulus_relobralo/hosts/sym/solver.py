"""The host's program and its solver: what holds the folder of a run, and keeps what the last step made."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock
from hydra._internal.utils import get_args_parser
from torch import Tensor

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.dtypes import check_precision, configured_precision
from modulus_relobralo.loops.records import hold


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


def main(config_path: str | None, config_name: str = "config") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function of a config a program of the host, as the host's own ``main`` does.

    A program that trains holds the folder of its run (``network_dir``): a second one in it is refused. With
    ``custom.precision: float64`` in its config everything in it is of float64, see `precision`. Where
    ``--config-name`` names no config in the program's folder, Hydra says so and where it looked; after it come the
    names that are there.

    Parameters
    ----------
    config_path : str
        Folder of the configs, relative to the program's; None if its command says where they are.
    config_name : str
        The config that is used without ``--config-name``.
    """

    def decorate(task: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(task)
        def held(cfg: Any) -> Any:
            lock = hold_run(cfg)
            try:
                with configured_precision(cfg):
                    return task(cfg)
            finally:
                if lock is not None:
                    lock.release()

        program = host.load("hydra.utils").main(config_path=config_path, config_name=config_name)(held)

        @functools.wraps(program)
        def run(*args: Any) -> Any:
            try:
                return program(*args)
            except SystemExit as end:
                if end.code and config_path is not None:
                    _name_configs(Path(inspect.getfile(task)).parent / config_path)
                raise

        return run

    return decorate


def _name_configs(folder: Path) -> None:
    asked = get_args_parser().parse_known_args()[0].config_name
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if asked and asked.removesuffix(".yaml") not in known:
        print(f"--config-name must be one of {', '.join(known)}. Found --config-name {asked}.", file=sys.stderr)


def calling_trainer() -> Any:
    """Return the trainer that is making an aggregator or an optimizer, or None.

    It hands over parameters and numbers, neither itself nor its domain: it is looked up among the callers.
    """
    trainers = tuple(sys.modules[f"{name}.trainer"].Trainer for name in host.HOSTS if f"{name}.trainer" in sys.modules)
    frame = sys._getframe()
    while frame is not None and not isinstance(frame.f_locals.get("self"), trainers):
        frame = frame.f_back  # type: ignore[assignment]
    return None if frame is None else frame.f_locals["self"]


def hold_run(cfg: Any) -> FileLock | None:
    """Hold the folder of a run that is about to train, in the first of its processes.

    Parameters
    ----------
    cfg : DictConfig
        The config of the host's program.

    Raises
    ------
    RuntimeError
        If another process trains there.
    """
    if cfg.run_mode != "train" or host.load("distributed").DistributedManager().rank != 0:
        return None
    return hold(cfg.network_dir)
