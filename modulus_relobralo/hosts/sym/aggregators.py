"""Our aggregators as the hosts' trainer makes them: an error of a config is the last thing that its user reads.

The trainer wraps whatever goes wrong while it makes an aggregator in an error that says "Failed to initialize loss
aggregator" and nothing else, and Hydra prints that one last, below the frames of the trainer. What is returned here
in place of an aggregator raises the error itself at the next thing that the trainer does with it, which it does at
once: script it, or ask for its parameters.
"""

from typing import Any, Dict, List

import torch
from torch import Tensor, nn

from modulus_relobralo.balancing import ReLoBRaLo, ReLoBRaLoGrad
from modulus_relobralo.balancing.base import warn_nameless
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.dtypes import check_precision
from modulus_relobralo.hosts.sym.equation_detection import find_equations
from modulus_relobralo.hosts.sym.solver import calling_trainer, hold_run

# What the host's aggregators take as a step: TorchScript wants to know.
_Step: Any = int if host.name() == "modulus.sym" else Tensor


class BuiltinRelobralo(nn.Module):
    """The host's own Relobralo behind a door that hands it the loss terms in the order of their names.

    It keeps its state by position, and the host's order of outputs depends on how derivatives are made and on Python's
    hash seed. In a checkpoint its state stands as it always did, with the names in the metadata of the state dict.

    Parameters
    ----------
    own : Aggregator
        The host's.
    """

    _names: List[str]
    _saved_names: List[str]

    def __init__(self, own: nn.Module) -> None:
        super().__init__()
        self.own = own
        self._names = []
        self._saved_names = []
        self._loaded: bool = False
        # The names as the losses of the last call had them; at first those of no dictionary, which has no name twice.
        self._order = ["", ""]

    def forward(self, losses: Dict[str, Tensor], step: _Step) -> Tensor:
        """Return the aggregated loss, shape [], of loss terms by name, each of shape [], in any order.

        Raises
        ------
        ValueError
            If their names change after the first call, or are not those of a checkpoint that was loaded.
        """
        if self._order != list(losses.keys()):
            self._start(losses, [self.own.init_losses, self.own.prev_losses, self.own.lmbda_ema])
        return self.own({name: losses[name] for name in self._names}, step)

    @torch.jit.ignore
    def _start(self, losses: Dict[str, Tensor], state: List[Tensor]) -> None:
        """Take the names of a first call, and bring the state of a checkpoint in their order; in others, the order.

        `state` are the host's buffers: a scripted module has no submodules in a method called from TorchScript.
        """
        names, saved = sorted(losses), self._saved_names or list(losses)
        if self._names and names != self._names:
            raise ValueError(f"The loss terms changed in training: they were {self._names} and now are {names}.")
        if not self._names and self._loaded:
            if sorted(saved) != names:
                raise ValueError(f"The checkpoint holds the balancing of the loss terms {saved}. Found {names}.")
            if not self._saved_names:
                warn_nameless(saved)
            places = [saved.index(name) for name in names]
            for buffer in state:
                buffer.copy_(buffer[places])
        self._names, self._order = names, list(losses)

    @torch.jit.ignore
    def state_dict(self, *args: Any, **options: Any) -> Any:
        """Return the state of the host's aggregator, under its own keys."""
        state = self.own.state_dict(*args, **options)
        metadata = getattr(state, "_metadata", None)
        if metadata is not None:
            prefix = options.get("prefix", "")
            metadata.setdefault(prefix[:-1], {})["names"] = list(self._names or self._saved_names)
        return state

    @torch.jit.ignore
    def load_state_dict(self, state_dict: Any, *args: Any, **options: Any) -> Any:
        """Load the state of the host's aggregator, or of ours; its order is mended by the next call."""
        keys = self.own.load_state_dict(state_dict, *args, **options)
        self._saved_names = list(getattr(state_dict, "_metadata", {}).get("", {}).get("names", []))
        self._names, self._order, self._loaded = [], ["", ""], True
        return keys


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
