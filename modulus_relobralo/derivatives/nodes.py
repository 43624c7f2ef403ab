"""Nodes of the host that compute a network's derivatives in Taylor mode."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import sympy
import torch
from torch import Tensor

from modulus_relobralo import host

from .networks import UnsupportedNetworkError, read
from .partials import Channel, closure
from .requests import Namespace, Request, Terms, group, node_names

# The host has no types to hold on to.
HostModule: TypeAlias = Any
HostNode: TypeAlias = Any
HostKey: TypeAlias = Any

logger = logging.getLogger(__name__)

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


def taylor_nodes(
    net: HostModule,
    name: str,
    nodes: Iterable[HostNode] = (),
    derivatives: Iterable[HostKey] = (),
    operators: Mapping[str, Terms] | None = None,
    optimize: bool = True,
    compiled: bool = True,
) -> list[HostNode]:
    """Make the nodes of a network and its derivatives; they replace ``[net.make_node(name)]``.

    Parameters
    ----------
    net : Arch
        A network of the host.
    name : str
        Unique name of the network, also of its checkpoint.
    nodes : iterable of Node
        The nodes of the equations: the derivatives that they need are found here, order 1 to 4. What they need
        beyond is left to the host's autodiff, which works on top of these nodes.
    derivatives : iterable of str or Key
        Further derivatives, such as ``"w__x__x"``, computed in one pass.
    operators : mapping, optional
        Linear operators with constant coefficients that equations use under one name, such as
        ``{"wave_u": {"u__t__t": 1.0, "u__x__x": -c**2}}``. ``laplacian_<output>`` and ``biharmonic_<output>`` are
        known without.
    optimize : bool
        Whether the parameters of the network are trained.
    compiled : bool
        Whether to use ``torch.compile`` where it works.

    Returns
    -------
    list of Node
        The network itself, then one node for each group of derivatives that occur together. Each graph of the host
        takes those that it needs: where only the network's value is wanted nothing is differentiated.
        For a network without Taylor-mode rules: what `autodiff_nodes` returns, after a warning.

    Raises
    ------
    ValueError
        If `derivatives` or `operators` ask for something that the network cannot give.
    """
    nodes = list(nodes)
    names = Namespace(net.input_key_dict, net.output_key_dict, operators)
    requests = [names.request(node_names(node)) for node in nodes]
    explicit = [str(key) for key in derivatives]
    unknown = [key for key in explicit if not names.knows(key) and key not in names.operators]
    if unknown:
        raise ValueError(
            f"Parameter `derivatives` must name derivatives of order 1 to 4 of outputs {names.outputs} by inputs "
            f"{names.inputs}. Found `{unknown}`."
        )
    net.make_node(name, jit=False)  # gives the network its name and the name of its checkpoint
    try:
        parts = [
            TaylorArch(net, request, operators, compiled) for request in group([*requests, names.request(explicit)])
        ]
    except UnsupportedNetworkError as error:
        logger.warning("Network `%s`: %s. Its derivatives are left to autodiff.", name, error)
        return autodiff_nodes(net, name, nodes, explicit, operators, optimize)
    value = TaylorArch(net, Request()).make_node(f"Taylor Arch: {name}", optimize=optimize)
    return [value, *(part.make_node(f"Taylor derivatives: {name}", optimize=optimize) for part in parts)]


def autodiff_nodes(
    net: HostModule,
    name: str,
    nodes: Iterable[HostNode] = (),
    derivatives: Iterable[HostKey] = (),
    operators: Mapping[str, Terms] | None = None,
    optimize: bool = True,
) -> list[HostNode]:
    """Make the nodes of a network whose derivatives the host's autodiff computes.

    The same parameters as `taylor_nodes`; operators that are asked for become equations of the host.
    """
    names = Namespace(net.input_key_dict, net.output_key_dict, operators)
    asked = {str(key) for key in derivatives}.union(*(node_names(node) for node in nodes))
    used = names.request(asked).operators
    return [
        net.make_node(name, optimize=optimize),
        *(_Node.from_sympy(_expression(terms), operator) for operator, terms in used.items()),
    ]


_METHODS = {"taylor": taylor_nodes, "autodiff": autodiff_nodes}


def derivative_nodes(
    net: HostModule,
    name: str,
    nodes: Iterable[HostNode] = (),
    method: str = "taylor",
    **options: Any,  # noqa: ANN401
) -> list[HostNode]:
    """Make the nodes of a network and its derivatives by the method that a config names.

    Parameters
    ----------
    net, name, nodes
        See `taylor_nodes`.
    method : str
        ``"taylor"`` (`taylor_nodes`) or ``"autodiff"`` (`autodiff_nodes`).
    **options
        Further parameters of these.

    Raises
    ------
    ValueError
        If `method` is neither.
    """
    if method not in _METHODS:
        raise ValueError(f"Parameter `method` must be one of {list(_METHODS)}. Found `method = {method!r}`.")
    return _METHODS[method](net, name, nodes, **options)


def _expression(terms: Terms) -> sympy.Expr:
    """Write an operator as a SymPy expression, from which the host makes a node."""
    result = sympy.Integer(0)
    for term, coefficient in terms.items():
        output, *by = term.split("__")
        variables = [sympy.Symbol(v) for v in sorted({v for t in terms for v in t.split("__")[1:]})]
        result += coefficient * sympy.Function(output)(*variables).diff(*(sympy.Symbol(v) for v in by))
    return result


def _columns(sizes: Mapping[str, int]) -> dict[str, int]:
    """Return where each key starts in the tensor of all keys side by side."""
    starts, start = {}, 0
    for name, size in sizes.items():
        starts[name], start = start, start + size
    return starts
