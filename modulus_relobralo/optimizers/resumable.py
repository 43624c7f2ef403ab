"""What an optimizer makes of a checkpoint, of its own kind or another's, where options may have changed since."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from modulus_relobralo.fingerprint import check_same, fingerprint

logger = logging.getLogger(__name__)

NAME = "optimizer"
"""Where a checkpoint says of which optimizer it is."""
OPTIONS = "options"
"""Where it says which options the optimizer was made with, group by group: a scheduler may have changed them since."""
PARAMETERS = "parameters"
"""Where it has the fingerprint of the parameters."""

# Releases of PyTorch differ in these, and schedulers add the first rate.
_NOT_OF_A_METHOD = frozenset(
    {"params", "initial_lr", "capturable", "decoupled_weight_decay", "differentiable", "foreach", "fused", "maximize"}
)
# What a group of parameters holds beside options.
_NO_OPTIONS = frozenset({"params", "param_names", "initial_lr"})


class Resumable(torch.optim.Optimizer):
    """An optimizer that resumes from a checkpoint with the options that it was made with now.

    PyTorch's optimizers take over every option of a checkpoint, even those of another optimizer. This one knows three
    cases:

    - The checkpoint is of its own kind: its state goes on. An option that was set to another value since holds from
      now on, and the log names it with both values. All others stay as they are in the checkpoint, where a scheduler
      or the optimizer itself may have adapted them. A changed `lr` is multiplied by what the scheduler had left of the
      old one. What the state adapts under an option's name, as natural gradients do their damping, begins at the new
      value. Where an option changed that the state is laid out for (`laid_out_for`), the state starts anew, and the log
      says so.
    - The checkpoint is of another optimizer: this one starts anew, and the log says so. The host goes on to load what
      can be kept: the network, the step, the weights of the loss terms and the scheduler's place.
    - The checkpoint is of other parameters, or the network has other values when the first step is taken than it had
      when the checkpoint was saved, by whichever optimizer: an error. A host swallows what is raised while it loads, so
      the first step raises it again. Whoever loads a state for another network on purpose removes its key
      ``"parameters"``.

    To be mixed in before an optimizer of PyTorch or of a library::

        class Adam(Resumable, torch.optim.Adam): ...

    The checkpoint names its optimizer by the class's name; of those that do not, PyTorch's own are told apart by their
    options.
    """

    laid_out_for: frozenset[str] = frozenset()
    """Names of the options that decide what the state consists of."""

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters, and note their options before a scheduler changes them."""
        super().add_param_group(param_group)
        given = {name: _kept(value) for name, value in self.param_groups[-1].items() if name not in _NO_OPTIONS}
        self._given = [*getattr(self, "_given", []), given]

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy consists of."""
        return {**super().__getstate__(), "_given": self._given}

    def state_dict(self) -> dict[str, Any]:
        """Return PyTorch's state, with the optimizer's name, its options and the fingerprint of its parameters."""
        return {
            **super().state_dict(),
            NAME: type(self).__name__,
            OPTIONS: [dict(options) for options in self._given],
            PARAMETERS: fingerprint(self._parameters()),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state of this kind of optimizer; leave everything as it is if the state is of another.

        Raises
        ------
        ValueError
            If the state is of other groups of parameters.
        """
        name, found = type(self).__name__, optimizers_of(state_dict)
        self._expect_network(state_dict)
        if name not in found:
            other = " or ".join(found) or f"an optimizer with the options {', '.join(sorted(_options(state_dict)))}"
            logger.info("The checkpoint is of %s: %s starts without its state.", other, name)
            return
        self._check_sizes(state_dict)
        changes = _changes(state_dict, self._given)
        for line in sorted({_in_words(*change) for group in changes for change in group.items()}):
            logger.info("%s: %s", name, line)
        laid_out_for = sorted(self.laid_out_for.intersection(option for group in changes for option in group))
        state, groups = state_dict["state"], map(_resumed, self.param_groups, state_dict["param_groups"], changes)
        if laid_out_for:
            logger.info("%s starts without its state, which is laid out for another %s.", name, ", ".join(laid_out_for))
            # What a group holds beside options, such as a count of steps, is of the state too.
            state, groups = {}, map(_without_state, groups, self._given)
        super().load_state_dict({**state_dict, "state": state, "param_groups": list(groups)})
        self._adapt(changes)

    def _adapt(self, changes: Sequence[Mapping[str, tuple[Any, Any]]]) -> None:
        """Let what the state keeps under the name of a changed option begin at its new value."""
        for group, changed in zip(self.param_groups, changes, strict=True):
            for parameter in group["params"]:
                for option in changed.keys() & self.state.get(parameter, {}).keys():
                    self.state[parameter][option] = changed[option][1]

    def _expect_network(self, state_dict: Mapping[str, Any]) -> None:
        """Let the first step see whether the parameters are those of a checkpoint, whichever optimizer saved it."""
        self._problem, self._saved, self._saved_by = "", state_dict.get(PARAMETERS, []), state_dict.get(NAME, "")
        if not hasattr(self, "_checked"):
            self._checked = self.register_step_pre_hook(type(self)._check_resumed)

    def _check_sizes(self, state_dict: Mapping[str, Any]) -> None:
        """Raise if the state is of other groups of parameters."""
        groups = state_dict["param_groups"], self.param_groups
        saved, own = ([len(group["params"]) for group in each] for each in groups)
        if saved != own:
            self._problem = (
                f"The checkpoint of {type(self).__name__} is of groups of {saved} parameters, here are {own}. "
                "Resume with the networks that it was written with, or remove it to start at step 0."
            )
            raise ValueError(self._problem)

    def _check_resumed(self, args: Any, options: Any) -> None:
        """Raise before the first step if the checkpoint does not fit: a host swallows what is raised earlier."""
        if self._problem:
            raise ValueError(self._problem)
        check_same(self._parameters(), self._saved, self._saved_by)
        self._saved = []

    def _parameters(self) -> list[Tensor]:
        return [parameter for group in self.param_groups for parameter in group["params"]]


def optimizers_of(state_dict: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the optimizers that the state may be of; none for a kind that PyTorch does not have.

    >>> parameter = torch.nn.Parameter(torch.zeros(1))
    >>> optimizers_of(torch.optim.LBFGS([parameter]).state_dict())
    ('LBFGS',)
    >>> optimizers_of(torch.optim.Adam([parameter]).state_dict())
    ('Adam', 'AdamW')
    """
    if NAME in state_dict:
        return (state_dict[NAME],)
    options = _options(state_dict)
    return tuple(name for name, theirs in _options_of_pytorch().items() if options == theirs)


def _changes(state_dict: Mapping[str, Any], given: Sequence[Mapping[str, Any]]) -> list[dict[str, tuple[Any, Any]]]:
    """Return the options of each group that have changed, with the value in the checkpoint and the present one.

    A checkpoint without a record of its options has those of its groups; of the rate, the one before any scheduler.
    """
    groups = [{**group, "lr": group.get("initial_lr", group["lr"])} for group in state_dict["param_groups"]]
    return [
        {
            option: (before[option], now)
            for option, now in options.items()
            if option in before and not _same(before[option], now)
        }
        for before, options in zip(state_dict.get(OPTIONS, groups), given, strict=True)
    ]


def _resumed(
    group: Mapping[str, Any], saved: Mapping[str, Any], changed: Mapping[str, tuple[Any, Any]]
) -> dict[str, Any]:
    """Return the options of a group that resumes: the checkpoint's, but for those that have changed since."""
    options = {**group, **saved, **{option: now for option, (_, now) in changed.items()}}
    if "lr" in changed:
        before, now = changed["lr"]
        options["lr"] = now * (saved["lr"] / before) if before else now
        if "initial_lr" in options:
            options["initial_lr"] = now
    return options


def _without_state(group: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in group.items() if name in options or name in _NO_OPTIONS}


def _in_words(option: str, values: tuple[Any, Any]) -> str:
    before, now = (list(value) if isinstance(value, tuple) else value for value in values)
    left = ", times what the scheduler has left of it" if option == "lr" else ""
    return f"{option}: {before} in the checkpoint, {now} now{left}."


def _kept(value: Any) -> Any:
    """Return an option as a checkpoint can hold it, apart from the group's: schedulers change a tensor in place."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _same(before: Any, now: Any) -> bool:
    if isinstance(before, Tensor) or isinstance(now, Tensor):
        return float(before) == float(now)
    return _kept(before) == now


def _options(state_dict: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the options of a method, without those that are PyTorch's ways to compute it."""
    return frozenset(state_dict["param_groups"][0]) - _NOT_OF_A_METHOD


def _options_of_pytorch() -> dict[str, frozenset[str]]:
    kinds: dict[str, Any] = {name: kind for name, kind in vars(torch.optim).items() if _is_optimizer(kind)}
    # A matrix, because Muon takes nothing else.
    parameter = torch.nn.Parameter(torch.zeros(1, 1))
    return {name: _options(kinds[name]([parameter]).state_dict()) for name in sorted(kinds)}


def _is_optimizer(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer) and kind is not torch.optim.Optimizer
