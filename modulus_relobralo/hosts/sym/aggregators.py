"""Our aggregators as the hosts' trainer makes them: an error of a config is the last thing that its user reads.

The trainer wraps whatever goes wrong while it makes an aggregator in an error that says "Failed to initialize loss
aggregator" and nothing else, and Hydra prints that one last, below the frames of the trainer. What is returned here
in place of an aggregator raises the error itself at the next thing that the trainer does with it, which it does at
once: script it, or ask for its parameters.
"""

from __future__ import annotations

import sys
from typing import Any

import torch

from modulus_relobralo.balancing import ReLoBRaLo, ReLoBRaLoGrad
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.builtin import BuiltinRelobralo
from modulus_relobralo.hosts.sym.equation_detection import find_equations


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


def relobralo(*args: Any, **options: Any) -> ReLoBRaLo | Refusal:
    """Return ``ReLoBRaLo(*args, **options)``, or what raises its error in the trainer."""
    try:
        aggregator = ReLoBRaLo(*args, **options)
    except (TypeError, ValueError) as error:
        return Refusal(error)
    aggregator.scale = _scale(_trainer())
    return aggregator


def relobralo_builtin(*args: Any, **options: Any) -> BuiltinRelobralo:
    """Return the host's own Relobralo, with its loss terms by name."""
    return BuiltinRelobralo(host.load("loss.aggregator").Relobralo(*args, **options))


def relobralo_grad(params: Any, num_losses: int, equations: Any = None, **options: Any) -> ReLoBRaLoGrad | Refusal:
    """Return a ReLoBRaLoGrad, or what raises its error, or that of CUDA graphs, in the trainer.

    Without `equations` they are those of the domain that is trained.
    """
    if torch.cuda.is_available() and host.load("distributed").DistributedManager().cuda_graphs:
        return Refusal(ValueError("`loss: relobralo_grad` needs `cuda_graphs: false`. Found `true`."))
    trainer = _trainer()
    try:
        if equations is None and trainer is None:
            raise ValueError(
                "Parameter `equations` must be given where no Solver makes the aggregator: the names of the loss terms "
                "that are residuals of the differential equation. Found none."
            )
        found = find_equations(trainer.domain.constraints.values()) if equations is None else equations
        aggregator = ReLoBRaLoGrad(params, num_losses, found, **options)
    except (TypeError, ValueError) as error:
        return Refusal(error)
    aggregator.equations_were_found = equations is None
    aggregator.scale = _scale(trainer)
    return aggregator


def _trainer() -> Any:
    """Return the host's trainer that is making its aggregator, or None.

    It hands over the parameters and a number, not its domain or its options: it is looked up among the callers.
    """
    trainer, frame = host.load("trainer").Trainer, sys._getframe()
    while frame is not None and not isinstance(frame.f_locals.get("self"), trainer):
        frame = frame.f_back  # type: ignore[assignment]
    return None if frame is None else frame.f_locals["self"]


def _scale(trainer: Any) -> float:
    """Return what the host multiplies the loss terms by: it divides those of each micro-batch by their number."""
    # L-BFGS takes whole batches, whatever the config says, and divides nothing.
    whole = trainer is None or trainer.compute_gradients.__name__.startswith("bfgs")
    return 1.0 if whole else 1.0 / trainer.grad_agg_freq
