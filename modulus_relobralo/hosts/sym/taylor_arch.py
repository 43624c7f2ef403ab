"""A network of the host as one module with derivatives of its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from modulus_relobralo.derivatives.networks import UnsupportedNetworkError, read
from modulus_relobralo.derivatives.partials import Channel, closure
from modulus_relobralo.derivatives.requests import HostModule, HostNode, Namespace, Request, Terms
from modulus_relobralo.hosts.sym import host

_FuncArch: Any = host.load("models.arch").FuncArch
_Node: Any = host.load("node").Node


class TaylorArch(_FuncArch):
    """A network of the host together with derivatives of its outputs.

    The host unwraps its own `FuncArch`, and with it this subclass, when it collects what to save and to optimise: to
    it there is one network, however many of these share it. Checkpoints are the network's own.

    Parameters
    ----------
    arch : Arch
        The network.
    request : Request
        What to compute. Empty: the outputs alone, by the network's own forward pass.
    operators : mapping, optional
        See `taylor_nodes`.
    compiled : bool
        Whether to use ``torch.compile``.

    Raises
    ------
    UnsupportedNetworkError
        If there is no rule for a part of the network.
    """

    def __init__(
        self, arch: HostModule, request: Request, operators: Mapping[str, Terms] | None = None, compiled: bool = True
    ) -> None:
        super().__init__(arch, deriv_keys=[])
        self.name = arch.name  # the host asks for it, unwrapped or not
        self._names = Namespace(arch.input_key_dict, arch.output_key_dict, operators)
        self._request, self._compiled = request, compiled
        if request.derivatives or request.operators:
            self._network = read(arch)
            self._plan()

    def _plan(self) -> None:
        """Turn names into channels: which columns, which derivatives to carry, where each result lies."""
        request, names = self._request, self._names
        terms = sorted(request.derivatives | {name for terms in request.operators.values() for name in terms})
        variables = [v for v in names.inputs if any(v in term.split("__")[1:] for term in terms)]
        detached = [v for v in variables if v in self.arch.detach_key_dict]
        if detached:
            raise UnsupportedNetworkError(f"the network detaches {', '.join(detached)}, which is differentiated")
        partials = {name: names.multi_index(name, variables) for name in sorted(request.derivatives)}
        sums = {name: names.operator(terms, variables) for name, terms in sorted(request.operators.items())}
        zero = (0,) * len(variables)
        wanted: dict[str, Channel] = {**partials, **sums, **dict.fromkeys(sorted(request.values), zero)}
        self._channels = closure(partials.values(), sums.values())
        self._targets = tuple(c for c in self._channels if c in set(wanted.values()))
        outputs, inputs = _columns(self.arch.output_key_dict), _columns(self.arch.input_key_dict)
        self._variables = [inputs[v] for v in variables]
        self._places = {
            name: (self._targets.index(channel), outputs[self._output_of(name)]) for name, channel in wanted.items()
        }

    def _output_of(self, name: str) -> str:
        terms = self._request.operators.get(name)
        return (name if terms is None else next(iter(terms))).split("__")[0]

    def forward(self, in_vars: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the requested derivatives, each [points, 1]; without a request all outputs of the network."""
        if not (self._request.derivatives or self._request.operators):
            return self.arch(in_vars)
        arch = self.arch
        x = arch.concat_input(in_vars, arch.input_key_dict.keys(), detach_dict=arch.detach_key_dict, dim=-1)
        # Half precision has too few digits for high derivatives.
        with torch.autocast(x.device.type, enabled=False):
            x = x.to(torch.promote_types(x.dtype, torch.float32))
            result = self._network.propagate(x, self._variables, self._channels, self._targets, self._compiled)
        return {name: result[i, :, j : j + 1] for name, (i, j) in self._places.items()}

    def setup_deriv_scaler(self, deriv_scalers: object) -> None:
        """Do nothing: the host scales derivatives against underflow in half precision, which is not used here."""

    def make_node(self, name: str, jit: bool = False, optimize: bool = True) -> HostNode:
        """Return the node of the host.

        Parameters
        ----------
        name : str
            Shown by the host in its printed graphs.
        jit : bool
            Without effect, as in the host's `FuncArch`: the rules are compiled otherwise.
        optimize : bool
            Whether the network's parameters are trained.
        """
        del jit
        request, arch = self._request, self.arch
        if not (request.derivatives or request.operators):
            return _Node(arch.input_keys, arch.output_keys, self, name=name, optimize=optimize)
        # Values used by the same equations come out of the pass as well. As inputs they make the host evaluate the
        # network's own node first, whose values these then replace: no second backward pass through the network.
        inputs = [*arch.input_keys, *sorted(request.values)]
        return _Node(inputs, sorted({*request.derivatives, *request.operators}), self, name=name, optimize=optimize)


def _columns(sizes: Mapping[str, int]) -> dict[str, int]:
    """Return where each key starts in the tensor of all keys side by side."""
    starts, start = {}, 0
    for name, size in sizes.items():
        starts[name], start = start, start + size
    return starts
