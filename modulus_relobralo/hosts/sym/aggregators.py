"""Our aggregators as the hosts' trainer makes them: an error of a config is the last thing that its user reads.

The trainer wraps whatever goes wrong while it makes an aggregator in an error that says "Failed to initialize loss
aggregator" and nothing else, and Hydra prints that one last, below the frames of the trainer. What is returned here
in place of an aggregator raises the error itself at the next thing that the trainer does with it, which it does at
once: script it, or ask for its parameters.
"""

from __future__ import annotations

from typing import Any

import torch

from modulus_relobralo.balancing import ReLoBRaLo, ReLoBRaLoGrad
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.builtin import BuiltinRelobralo
from modulus_relobralo.hosts.sym.dtypes import check_precision
from modulus_relobralo.hosts.sym.equation_detection import find_equations
from modulus_relobralo.hosts.sym.trainer import calling_trainer, hold_run


class Refusal:
    """Stands for an aggregator that could not be made, and raises the reason when anything is done with it.

    Parameters
    ----------
    error : Exception
        The reason.
    """

    def __init__(self, error: Exception) -> None:
        self.__dict__["_error"] = error

    def __getattr__(self, name: str) -> Any:
        # Hydra asks what it made for special names, and means no harm.
        raise AttributeError(name) if name.startswith("__") else self._error

    def __prepare_scriptable__(self) -> Any:
        """Raise the reason: ``torch.jit.script`` asks an object for this first."""
        raise self._error

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Raise the reason."""
        raise self._error

    def __repr__(self) -> str:
        return f"Refusal({self._error})"


def relobralo(params: Any, *args: Any, **options: Any) -> ReLoBRaLo | Refusal:
    """Return ``ReLoBRaLo(params, *args, **options)``, or what raises its error in the trainer."""
    try:
        parameters = list(params)
        return _in_training(ReLoBRaLo(parameters, *args, **options), parameters)
    except (TypeError, ValueError, RuntimeError) as error:
        return Refusal(error)


def relobralo_builtin(*args: Any, **options: Any) -> BuiltinRelobralo:
    """Return the host's own Relobralo, with its loss terms by name."""
    return BuiltinRelobralo(host.load("loss.aggregator").Relobralo(*args, **options))


def relobralo_grad(params: Any, num_losses: int, equations: Any = None, **options: Any) -> ReLoBRaLoGrad | Refusal:
    """Return a ReLoBRaLoGrad, or what raises its error, or that of CUDA graphs, in the trainer.

    Without `equations` they are those of the domain that is trained.
    """
    if torch.cuda.is_available() and host.load("distributed").DistributedManager().cuda_graphs:
        return Refusal(ValueError("`loss: relobralo_grad` needs `cuda_graphs: false`. Found `true`."))
    trainer = calling_trainer()
    try:
        if equations is None and trainer is None:
            raise ValueError(
                "Parameter `equations` must be given where no Solver makes the aggregator: the names of the loss terms "
                "that are residuals of the differential equation. Found none."
            )
        found = find_equations(trainer.domain.constraints.values()) if equations is None else equations
        parameters = list(params)
        aggregator = ReLoBRaLoGrad(parameters, num_losses, found, **options)
        aggregator.equations_were_found = equations is None
        return _in_training(aggregator, parameters)
    except (TypeError, ValueError, RuntimeError) as error:
        return Refusal(error)


def _in_training(aggregator: Any, parameters: list[Any]) -> Any:
    """Return the aggregator with what it is to know of the training that it is made for.

    That is the network, which it tells from another one when it resumes, and what the host multiplies losses by. The
    folder of the run is held for as long as the trainer lives.
    """
    aggregator.network = parameters
    trainer = calling_trainer()
    if trainer is not None:
        check_precision(trainer)
        aggregator.scale = _scale(trainer)
        trainer._relobralo_lock = hold_run(trainer.cfg)
    return aggregator


def _scale(trainer: Any) -> float:
    """Return what the host multiplies the loss terms by: it divides those of each micro-batch by their number."""
    # L-BFGS takes whole batches, whatever the config says, and divides nothing.
    whole = trainer.compute_gradients.__name__.startswith("bfgs")
    return 1.0 if whole else 1.0 / trainer.grad_agg_freq
