"""What the balancings share: loss terms by name, and a state in buffers that outlives a call, a device and a run."""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, MethodType
from typing import Any, Dict, List, Optional, Union

import torch
from torch import Tensor, nn

from modulus_relobralo.balancing import diagnostics
from modulus_relobralo.balancing.checks import (
    check_names,
    check_not_negative,
    check_static_weights,
    check_step,
    check_terms,
    find_problem,
)
from modulus_relobralo.checks import check_count
from modulus_relobralo.fingerprint import check_same, fingerprint
from modulus_relobralo.ranks import check_together, count_ranks, is_first_rank
from modulus_relobralo.version import __version__

logger = logging.getLogger(__name__)


class Balancing(nn.Module):
    """Weights of loss terms that are known by name, in sorted order, whatever the order of a dictionary of losses.

    A host's order of outputs depends on how it makes derivatives and on Python's hash seed. So buffers, checkpoints and
    what ranks tell each other go by sorted names; those of checkpoints that are in another order are put in this one.

    State and weights are of the dtype and on the device of the losses, in float32 at least, whatever the module itself
    is moved to: a module is brought to half precision with the network that is trained, and the losses of the past
    would lose their digits by it.

    A class derived from it computes the loss in its ``forward`` and fills in the methods below :meth:`inspect`. All
    methods that TorchScript does not read are ignored ones: those are what a scripted module has of its class.

    Parameters
    ----------
    num_losses : int
        Expected number of loss terms. The dictionary of losses has the last word.
    weights : mapping of str to float, optional
        Static factors by name of loss term, applied before balancing; 1 where a name is missing.

    Attributes
    ----------
    network : list of Tensor
        Parameters that a resumed run must begin with as its checkpoint was saved, or the first call raises. Empty, but
        in a Solver.
    """

    names: List[str]
    weights: Dict[str, float]
    network: List[Tensor]
    _order: List[str]
    _saved_names: List[str]
    _saved_network: List[str]

    init_losses: Tensor
    lmbda_ema: Tensor
    _growing: Tensor
    _lowest: Tensor
    _static_weights: Tensor

    def __init__(self, num_losses: int, weights: Mapping[str, float] | None) -> None:
        super().__init__()
        check_count("num_losses", num_losses)
        self.weights = check_static_weights(weights)
        # What the host multiplies all loss terms by before it hands them over, as for micro-batches.
        self.scale: float = 1.0
        self.names = []
        self.network = []
        self._kind: str = type(self).__name__
        # The names as the losses of the last call had them; at first those of no dictionary, which has no name twice.
        self._order = ["", ""]
        self._ranks: int = 1
        self._seen_step: int = -1
        self._calls: int = 0
        self._inspect_every: int = diagnostics.EVERY
        self._compared: bool = False
        # Of a checkpoint that was loaded: its names, whether it goes by position if it has none, what is wrong with it.
        self._resumed: bool = False
        self._saved_names = []
        self._saved_network = []
        self._by_position: bool = False
        self._problem: str = ""
        # Names of further buffers of a checkpoint, which are of the training as a whole.
        self._counters: tuple[str, ...] = ()
        for name, value in self._state().items():
            self.register_buffer(name, torch.full((num_losses,), value))
        self.register_buffer("_lowest", torch.zeros(num_losses), persistent=False)
        self.register_buffer("_static_weights", torch.ones(num_losses), persistent=False)
        self.register_buffer("_growing", torch.zeros(num_losses, dtype=torch.bool), persistent=False)

    @torch.jit.ignore
    def inspect(self) -> None:
        """Raise if a loss term was negative, and warn of what is unlikely to train.

        It is done every 100 steps, but for those of a CUDA graph, and whenever the weights are read or saved.

        Raises
        ------
        ValueError
            If a loss term was negative; the message names it.
        """
        bind(self)
        if not self.names or torch.compiler.is_compiling() or is_recording():
            return
        lowest, initial = torch.stack([self._lowest, self.init_losses]).tolist()
        check_not_negative(self.names, lowest)
        if not self._compared and not all(map(math.isnan, initial)):
            self._compared = True
            diagnostics.warn_if_far_apart(dict(zip(self.names, initial, strict=True)))
        self._diagnose()

    # ----- what a class fills in

    @torch.jit.ignore
    def _state(self) -> Dict[str, float]:
        """Return the buffers of a checkpoint, a number for each loss term, with their values before the first call."""
        raise NotImplementedError

    @torch.jit.ignore
    def _constants(self, number: int, dtype: torch.dtype) -> Dict[str, Tensor]:
        """Return what the options and the loss terms decide, `number` of them, as further buffers."""
        raise NotImplementedError

    @torch.jit.ignore
    def _describe(self) -> str:
        """Return the hyperparameters with their values."""
        raise NotImplementedError

    @torch.jit.ignore
    def _check_own(self, names: List[str]) -> None:
        """Raise ValueError if an option of the class does not fit the loss terms."""

    @torch.jit.ignore
    def _diagnose(self) -> None:
        """Warn of what is particular to the class."""

    @torch.jit.ignore
    def _metadata(self) -> Dict[str, Any]:
        """Bring the counters up to date, and return what a checkpoint holds beside the buffers."""
        raise NotImplementedError

    @torch.jit.ignore
    def _resume(self, metadata: Mapping[str, Any]) -> None:
        """Take over what `_metadata` gave, each key of which may be missing; the buffers are there already."""
        raise NotImplementedError

    @torch.jit.ignore
    def _rescale(self, factors: Tensor, scale: float) -> None:
        """Bring the state to other units: `factors` of the weighted terms, shape [num_losses], `scale` of all terms."""
        raise NotImplementedError

    # ----- the loss terms of a call

    def _stack(self, losses: Dict[str, Tensor], step: Optional[Union[int, Tensor]]) -> Tensor:
        """Return the loss terms of a call in the order of the names, shape [num_losses], in the dtype of the state."""
        if self._order != list(losses.keys()):
            self._start(losses)
        if torch.jit.is_scripting() and isinstance(step, Tensor) and (step.dim() != 0 or step.is_floating_point()):
            self._refuse(losses, step)
        for loss in losses.values():
            if not isinstance(loss, Tensor) or loss.dim() != 0:
                self._refuse(losses, step)
        terms = torch.stack([losses[name] for name in self.names])
        if terms.dtype != self.lmbda_ema.dtype:
            terms = self._widen(losses, terms)
        return terms

    @torch.jit.ignore
    def _start(self, losses: Dict[str, Tensor]) -> None:
        """Check the loss terms of a first call and fit the state to them; in a later one, note their new order.

        Raises
        ------
        TypeError, ValueError
            As :meth:`modulus_relobralo.ReLoBRaLo.forward` says.
        """
        bind(self)
        names = sorted(losses)
        if self.names:
            if names != self.names:
                raise ValueError(f"The loss terms changed in training: they were {self.names} and now are {names}.")
            self._order = list(losses)
            return
        self._ranks = count_ranks()
        check_together(names, lambda: self._check_first(losses))
        if self._resumed and not self._saved_names:
            self._name_by_guess(list(losses))
        if len(names) != self.lmbda_ema.numel():
            # The host miscounts the terms of custom losses; no call has filled the state yet.
            for name, value in self._state().items():
                setattr(self, name, torch.full((len(names),), value))
            self._growing = torch.zeros(len(names), dtype=torch.bool)
        self.names, self._order = names, list(losses)
        terms = torch.stack([losses[name].detach() for name in names])
        # The temperature times a loss of 1e-4, and eps, are 0 in half precision.
        self._fit(terms.device, torch.promote_types(terms.dtype, torch.float32))
        if is_first_rank():
            logger.info(
                f"{self._kind} of modulus_relobralo {__version__}: {self._describe()}; terms: {', '.join(names)}"
            )

    @torch.jit.ignore
    def _check_first(self, losses: Dict[str, Tensor]) -> None:
        """Check the loss terms of a first call, against a checkpoint too if one was loaded."""
        names, saved = sorted(losses), self._saved_names
        if self._problem:
            raise ValueError(f"{self._problem} Remove the checkpoint to start anew.")
        check_names(names, self.weights)
        self._check_own(names)
        check_terms(losses)
        check_not_negative(names, torch.stack([losses[name].detach() for name in names]).tolist())
        if self._resumed and (names != saved if saved else len(names) != self.lmbda_ema.numel()):
            of = f"the loss terms {saved}" if saved else f"{self.lmbda_ema.numel()} loss terms"
            raise ValueError(
                f"The checkpoint holds the balancing of {of}, but there are {len(names)}: {names}. "
                "Resume with the constraints that it was written with, or remove it."
            )
        if self.network:
            check_same(self.network, self._saved_network, "the balancing")

    @torch.jit.ignore
    def _fit(self, device: torch.device, dtype: torch.dtype) -> None:
        """Bring the state to a device and to a dtype."""
        self._static_weights = torch.tensor([self.weights.get(name, 1.0) for name in self.names], dtype=dtype)
        self._lowest = torch.zeros(len(self.names), dtype=dtype)
        for name, tensor in self._constants(len(self.names), dtype).items():
            setattr(self, name, tensor)
        for name, buffer in list(self.named_buffers()):
            setattr(self, name, buffer.to(device, dtype if buffer.is_floating_point() else buffer.dtype))

    @torch.jit.ignore
    def _widen(self, losses: Dict[str, Tensor], terms: Tensor) -> Tensor:
        """Return the terms in the dtype of the state, after the state has taken theirs if that is the wider."""
        bind(self)
        check_terms(losses)
        dtype = torch.promote_types(terms.dtype, self.lmbda_ema.dtype)
        if dtype != self.lmbda_ema.dtype:
            self._fit(terms.device, dtype)
        return terms.to(dtype)

    @torch.jit.ignore
    def _refuse(self, losses: Dict[str, Tensor], step: Optional[Union[int, Tensor]]) -> None:
        """Raise the error of a call that a quick check found to be wrong."""
        check_terms(losses)
        check_step(step)

    # ----- devices and checkpoints

    @torch.jit.ignore
    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Balancing":
        """Follow to another device, but not to another dtype."""
        for name, buffer in list(self.named_buffers()):
            setattr(self, name, follow(buffer, fn))
        return self

    @torch.jit.ignore
    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Put the buffers into `destination`, and the rest into its metadata, which every other reader ignores.

        PyTorch's own way would, of a scripted module, save the other buffers as well. A plain dictionary has no
        metadata.
        """
        self.inspect()
        own, names = self._metadata(), list(self.names or self._saved_names)
        for name in (*self._state(), *self._counters):
            buffer = getattr(self, name)
            destination[prefix + name] = buffer if keep_vars else buffer.detach()
        metadata = getattr(destination, "_metadata", None)
        if metadata is not None:
            own |= {"names": names, "growing": self._growing.tolist(), "scale": self.scale}
            own["network"] = fingerprint(self.network)
            own["weights"] = [self.weights.get(name, 1.0) for name in names]
            metadata.setdefault(prefix[:-1], {}).update(own)

    @torch.jit.ignore
    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *args: Any) -> None:
        """Take over the state of a checkpoint, whatever its number and order of loss terms.

        The host swallows an exception here and trains on from step 0 with half of a checkpoint loaded. So what does not
        fit is logged, and raised by the next call of forward.
        """
        _strict, missing_keys, _unexpected_keys, _errors = args
        if not state_dict:
            logger.warning(f"The checkpoint's aggregator has no state: {self._kind} starts anew.")
            return
        # The next call checks its losses as a first one does, and is a step of its own whatever its label.
        self.names, self._order, self._seen_step = [], ["", ""], -1
        found = {name: state_dict.get(prefix + name) for name in (*self._state(), *self._counters)}
        self._problem = find_problem(found, self._state(), self._kind)
        if self._problem:
            logger.error(self._problem)
            missing_keys.extend(prefix + name for name in found)
            return
        for name, buffer in found.items():
            # A new tensor: the number of loss terms and the dtype are those of the checkpoint.
            setattr(self, name, buffer.detach().to(getattr(self, name).device, copy=True))
        growing = local_metadata.get("growing", [False] * self.lmbda_ema.numel())
        self._growing = torch.tensor(growing, device=self._growing.device)
        self._resume(local_metadata)
        saved = list(local_metadata.get("names", []))
        # Without names and values it is of before a first call, and its number of loss terms was a guess.
        fresh = all(_is_all(getattr(self, name), value) for name, value in self._state().items())
        self._resumed, self._saved_names = bool(saved) or not fresh, sorted(saved)
        self._saved_network = list(local_metadata.get("network", []))
        # PyTorch numbers the version of what it saves: what has no number is a plain copy, most likely of ours.
        self._by_position = "version" in local_metadata
        self._convert(saved, local_metadata)
        self._permute([saved.index(name) for name in self._saved_names])

    @torch.jit.ignore
    def _convert(self, names: Sequence[str], metadata: Mapping[str, Any]) -> None:
        """Bring losses that were saved in units of other static weights, or of other micro-batches, to those of now."""
        if "weights" not in metadata:
            if self.weights or self.scale != 1:
                logger.info("The checkpoint does not say which static weights its losses had: they count as unchanged.")
            return
        before = [weight * metadata["scale"] for weight in metadata["weights"]]
        now = [self.weights.get(name, 1.0) * self.scale for name in names]
        # A loss that had no weight was saved as nothing; one that has none now is nothing in whatever units.
        factors = [b / a if a and b else 1.0 for a, b in zip(before, now, strict=True)]
        if before != now:
            changed = ", ".join(f"`{n}` by {f:g}" for n, f in zip(names, factors, strict=True) if f != 1)
            logger.info(f"Static weights or micro-batches changed: the saved losses are multiplied, {changed}.")
            on = self.lmbda_ema
            self._rescale(torch.tensor(factors, dtype=on.dtype, device=on.device), self.scale / metadata["scale"])

    @torch.jit.ignore
    def _permute(self, order: List[int]) -> None:
        """Bring the state into another order, by the present indices; none for as it is."""
        if order != sorted(order):
            for name in (*self._state(), "_growing"):
                setattr(self, name, getattr(self, name)[order])

    @torch.jit.ignore
    def _name_by_guess(self, order: List[str]) -> None:
        """Name the state of a checkpoint without names: by the order of the losses, as a host's class has it.

        A plain copy of a state dictionary of ours has lost its names, and is in their sorted order.
        """
        names = order if self._by_position else sorted(order)
        warn_nameless(names)
        self._permute([names.index(name) for name in sorted(order)])


def _is_all(buffer: Tensor, value: float) -> bool:
    return bool((torch.isnan(buffer) if math.isnan(value) else buffer == value).all())


def warn_nameless(names: List[str]) -> None:
    """Warn of a checkpoint that does not say which loss terms it is of: they are taken to be `names`."""
    if len(names) > 1:
        logger.warning(
            f"The checkpoint does not name its loss terms. They are taken to be {names}, in this order. That cannot be "
            "checked: with derivatives made in another way, or under another PYTHONHASHSEED, it may be wrong."
        )


# ----- TorchScript and devices


def bind(module: nn.Module) -> None:
    """Make the ignored methods of a scripted module callable, in one of them that is called from TorchScript.

    TorchScript hands over a module then whose ignored methods are functions (``torch.jit._recursive.lazy_bind``).
    """
    for name, value in list(vars(module).items()):
        if isinstance(value, FunctionType):
            setattr(module, name, MethodType(value, module))


@torch.jit.ignore
def is_recording() -> bool:
    """Return whether a CUDA graph is being recorded, which allows no reading from the device."""
    return torch.cuda.is_available() and torch.cuda.is_current_stream_capturing()


def follow(buffer: Tensor, move: Callable[[Tensor], Tensor]) -> Tensor:
    """Return `buffer` where `move` takes it, in its own dtype.

    Parameters
    ----------
    buffer : Tensor
        A buffer of the aggregator.
    move : callable
        What ``torch.nn.Module._apply`` is given by ``to``, ``half``, ``float``, ``double``, ``cuda`` and their like.
    """
    try:
        moved = move(buffer)
    except TypeError:
        if buffer.dtype != torch.float64:
            raise
        # A device without float64, such as Apple's MPS: losses on it are of float32 at most.
        return follow(buffer.to(torch.float32), move)
    return moved if moved.dtype == buffer.dtype else buffer.to(moved.device)
