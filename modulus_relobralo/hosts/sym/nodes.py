"""Nodes of the host: of equations, and of a network with its derivatives, in Taylor mode or by autodiff."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import sympy
import torch
from torch import Tensor
from torch.nn import Parameter, ParameterDict

from modulus_relobralo.checks import check_choice
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.architectures import read
from modulus_relobralo.hosts.sym.host import HostKey, HostModule, HostNode
from modulus_relobralo.problems.expressions import plain_name, without_cases
from modulus_relobralo.taylor import TaylorDerivatives, UnsupportedNetworkError, collapse
from modulus_relobralo.taylor.names import Namespace, Request, Terms

logger = logging.getLogger(__name__)

_Arch: Any = host.load("models.arch").Arch
_FuncArch: Any = host.load("models.arch").FuncArch

UNKNOWN = "unknown_coefficients"
"""Name of the node of a problem's unknown coefficients, and of its checkpoint."""


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


class UnknownArch(_Arch):
    """The unknown coefficients of a problem as the host wants what is trained: numbers that are the same at all points.

    Parameters
    ----------
    unknown : mapping of str to float
        Their first values.
    coordinate : str
        An input of every point, which tells how many there are.
    """

    def __init__(self, unknown: Mapping[str, float], coordinate: str) -> None:
        super().__init__([host.Key(coordinate)], [host.Key(name) for name in unknown])
        self.coordinate = coordinate
        self.unknown = ParameterDict({name: Parameter(torch.tensor(value)) for name, value in unknown.items()})

    def forward(self, in_vars: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the coefficients by name, each [points, 1]."""
        return {name: value.expand_as(in_vars[self.coordinate]) for name, value in self.unknown.items()}


def equation_nodes(pde: Any, *nets: Any) -> list[Any]:
    """Make the nodes of equations.

    Parameters
    ----------
    pde : object
        Whatever has ``equations``, a mapping from names to SymPy expressions: a `Problem` such as `RectangularPlate`,
        an equation such as `KirchhoffPlate`, or a PDE of the host.
    *nets : Arch
        The networks that will give the dependent variables. With them, Laplacians and biharmonics become one quantity
        each (`taylor.collapse`), which `taylor_nodes` computes with one channel instead of one for each partial
        derivative, and `autodiff_nodes` from the partial derivatives. Keys of more than one column are left out.

    Returns
    -------
    list of Node
        One for each equation, and for each derivative that conditions of a `Problem` name: "u_x" of "u__x". The latter
        tell `taylor_nodes` to compute it. Of a `Problem` with unknown coefficients, one more that gives them and is
        trained; its checkpoint is named "unknown_coefficients". Each call makes its own.

    Raises
    ------
    ValueError
        If a Piecewise has a condition that the host cannot compute.
    """
    equations = pde.equations
    for net in nets:
        inputs, outputs = (
            [name for name, size in keys.items() if size == 1] for keys in (net.input_key_dict, net.output_key_dict)
        )
        equations = collapse(equations, inputs, outputs)
    derivatives = {plain_name(name): sympy.Symbol(name) for name in getattr(pde, "derivatives", ())}
    nodes = [host.Node.from_sympy(without_cases(value), name) for name, value in {**equations, **derivatives}.items()]
    if getattr(pde, "unknown", None):
        nodes.append(UnknownArch(pde.unknown, pde.inputs[0]).make_node(UNKNOWN, jit=False))
    return nodes


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
    made = {str(key) for node in nodes for key in node.outputs}
    requests = [names.request(_node_names(node) - made) for node in nodes]
    explicit = [str(key) for key in derivatives]
    names.check(explicit, "derivatives")
    net.make_node(name, jit=False)  # gives the network its name and the name of its checkpoint
    try:
        parts = [
            TaylorArch(net, request, operators, compiled) for request in _group([*requests, names.request(explicit)])
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
    nodes = list(nodes)
    asked = {str(key) for key in derivatives}.union(*(_node_names(node) for node in nodes))
    used = names.request(asked - {str(key) for node in nodes for key in node.outputs}).operators
    return [
        net.make_node(name, optimize=optimize),
        *(host.Node.from_sympy(_expression(terms), operator) for operator, terms in used.items()),
    ]


_METHODS = {"taylor": taylor_nodes, "autodiff": autodiff_nodes}


def derivative_nodes(
    net: HostModule,
    name: str,
    nodes: Iterable[HostNode] = (),
    method: str = "taylor",
    **options: Any,
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
    check_choice("method", method, _METHODS)
    return _METHODS[method](net, name, nodes, **options)


def _node_names(node: HostNode) -> set[str]:
    """Return the names of everything that a node of the host takes in."""
    return {str(key) for key in (*node.inputs, *node.derivatives)}


def _group(requests: Iterable[Request]) -> list[Request]:
    """Merge requests until no two compute the same thing.

    What one equation needs is best computed in one pass; equations that share a derivative share the pass. What is
    left apart, such as a plate's fourth derivatives inside and its moments on the boundary, becomes a node of its
    own, and each of the host's graphs takes just the nodes that it needs.
    """
    groups: list[Request] = []
    for request in requests:
        if not request:
            continue
        apart = [other for other in groups if not other.overlaps(request)]
        for other in groups:
            if other.overlaps(request):
                request = request.merged(other)
        groups = [*apart, request]
    return groups


def _expression(terms: Terms) -> sympy.Expr:
    """Write an operator as a SymPy expression, from which the host makes a node."""
    result = sympy.Integer(0)
    for term, coefficient in terms.items():
        output, *by = term.split("__")
        variables = [sympy.Symbol(v) for v in sorted({v for t in terms for v in t.split("__")[1:]})]
        result += coefficient * sympy.Function(output)(*variables).diff(*(sympy.Symbol(v) for v in by))
    return result
