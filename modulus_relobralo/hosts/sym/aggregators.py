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
from modulus_relobralo.hosts.sym.orders import equations_in_training
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
        return _guarded(ReLoBRaLo(parameters, *args, **options), parameters)
    except (TypeError, ValueError, RuntimeError) as error:
        return Refusal(error)


def relobralo_grad(params: Any, num_losses: int, equations: Any = None, **options: Any) -> ReLoBRaLoGrad | Refusal:
    """Return a ReLoBRaLoGrad, or what raises its error, or that of CUDA graphs, in the trainer.

    Without `equations` they are those of the domain that is trained.
    """
    if torch.cuda.is_available() and host.load("distributed").DistributedManager().cuda_graphs:
        return Refusal(ValueError("`loss: relobralo_grad` needs `cuda_graphs: false`. Found `true`."))
    try:
        equations = equations_in_training() if equations is None else equations
        parameters = list(params)
        return _guarded(ReLoBRaLoGrad(parameters, num_losses, equations, **options), parameters)
    except (TypeError, ValueError, RuntimeError) as error:
        return Refusal(error)


def _guarded(aggregator: Any, parameters: list[Any]) -> Any:
    """Return the aggregator, which from now on tells its checkpoint's network from others, in a folder of its own."""
    aggregator.network = parameters
    trainer = calling_trainer()
    if trainer is not None:
        # For as long as the trainer lives.
        trainer._relobralo_lock = hold_run(trainer.cfg)
    return aggregator
