"""A network of the host as one module with derivatives of its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.architectures import read
from modulus_relobralo.hosts.sym.host import HostModule, HostNode
from modulus_relobralo.taylor import TaylorDerivatives, UnsupportedNetworkError
from modulus_relobralo.taylor.names import Request, Terms

_FuncArch: Any = host.load("models.arch").FuncArch


class TaylorArch(_FuncArch):
    """A network of the host together with derivatives of its outputs: `TaylorDerivatives` as the host wants it.

    The host unwraps its own `FuncArch`, and with it this subclass, when it collects what to save and to optimise: to
    it there is one network, however many of these share it. Checkpoints are the network's own.

    Parameters
    ----------
    arch : Arch
        The network.
    request : Request
        What to compute. Nothing to differentiate: the outputs alone, by the network's own forward pass.
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
        self.request = request
        self.taylor: TaylorDerivatives | None = None
        if request:
            names = [*sorted(request.derivatives), *sorted(request.operators), *sorted(request.values)]
            sizes = arch.input_key_dict, arch.output_key_dict
            self.taylor = TaylorDerivatives(arch, *sizes, names, operators, compiled, read)
            self._check_detached(self.taylor)

    def _check_detached(self, taylor: TaylorDerivatives) -> None:
        detached = [name for name in taylor.plan.by if name in self.arch.detach_key_dict]
        if detached:
            raise UnsupportedNetworkError(f"the network detaches {', '.join(detached)}, which is differentiated")

    def forward(self, in_vars: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the requested derivatives, each [points, 1]; without a request all outputs of the network."""
        arch = self.arch
        if self.taylor is None:
            return arch(in_vars)
        self._check_detached(self.taylor)
        return self.taylor(arch.concat_input(in_vars, arch.input_key_dict, detach_dict=arch.detach_key_dict, dim=-1))

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
        request, arch = self.request, self.arch
        if not request:
            return host.Node(arch.input_keys, arch.output_keys, self, name=name, optimize=optimize)
        # Values used by the same equations come out of the pass as well. As inputs they make the host evaluate the
        # network's own node first, whose values these then replace: no second backward pass through the network.
        inputs = [*arch.input_keys, *sorted(request.values)]
        outputs = sorted({*request.derivatives, *request.operators})
        return host.Node(inputs, outputs, self, name=name, optimize=optimize)
