"""Reads plain torch networks: which modules can be trusted, their layers, and their activation functions.

The operations that an activation function runs tell which one it is. Values tell too little: a function that equals
tanh wherever it was tried may differ elsewhere, and one with a factor that is 1 at the start may have another later. So
a function is run once under a tracer, which writes down every operation with all numbers that enter; what it wrote must
be, line by line, what it writes for one of the functions in `activations`. A tensor of the function's own, trained or
not, shows up there and never matches.

What a function was told to be holds as long as it is the same function: the same code and the same objects behind
the names that it uses.
"""

from __future__ import annotations

import dis
import functools
import re
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn import Module
from torch.nn.utils.parametrize import is_parametrized

from modulus_relobralo.taylor.jets import UnsupportedNetworkError
from modulus_relobralo.taylor.networks import Activation, Layer, Network, StatesJet, states_jet


def _squareplus(z: Tensor) -> Tensor:
    return 0.5 * (z + torch.sqrt(z * z + 4))


def _gelu_hendrycks(z: Tensor) -> Tensor:
    return 0.5 * z * (1.0 + torch.tanh(z * 0.7978845608 * (1.0 + 0.044715 * z * z)))


# Every way of writing a function that is known, by its name in `activations`.
_WRITTEN: dict[str, tuple[Callable[[Tensor], Tensor], ...]] = {
    "tanh": (torch.tanh,),
    "silu": (F.silu, functools.partial(F.silu, inplace=True), lambda z: z * torch.sigmoid(z)),
    "sin": (torch.sin,),
    "cos": (torch.cos,),
    "sigmoid": (torch.sigmoid,),
    "softplus": (F.softplus, lambda z: F.softplus(z, 1.0, 20.0)),
    "squareplus": (_squareplus,),
    "gelu": (F.gelu,),
    "gelu_tanh": (functools.partial(F.gelu, approximate="tanh"),),
    "gelu_hendrycks": (_gelu_hendrycks,),
    "mish": (F.mish, functools.partial(F.mish, inplace=True)),
    "logsigmoid": (F.logsigmoid,),
    "tanhshrink": (F.tanhshrink,),
    "identity": (lambda z: z,),
}
_KNOWN: dict[Any, str | None] = {}
_PLAIN = (types.NoneType, bool, int, float, str)


def read(network: Module) -> Network:
    """Return what a plain torch network computes.

    Parameters
    ----------
    network : Module
        ``torch.nn.Sequential`` of ``torch.nn.Linear``, activation functions that `recognise` knows, modules that state
        their own jet, and further ``Sequential``.

    Raises
    ------
    UnsupportedNetworkError
        If it has a part without a rule.
    """
    if type(network) not in (torch.nn.Sequential, torch.nn.Linear) and not is_parametrized(network):
        raise UnsupportedNetworkError(
            f"the network {type(network).__name__} has no Taylor-mode rule (known: torch.nn.Sequential of Linear "
            "layers and smooth activation functions, classes with a `propagate_jet` of their own, and, by reader="
            "modulus_relobralo.hosts.physicsnemo.read, PhysicsNeMo's FullyConnected; no class that derives from one)"
        )
    layers: list[StatesJet] = []
    pending: tuple[Tensor, Tensor] | None = None
    for module in _chain(network):
        if pending is not None and (isinstance(module, torch.nn.Linear) or states_jet(module)):
            layers.append(Layer(pending, Activation("identity")))
            pending = None
        if states_jet(module):
            layers.append(module)
        elif isinstance(module, torch.nn.Linear):
            pending = affine(module)
        else:
            layers.append(Layer(pending, recognise(module)))
            pending = None
    return Network(tuple(layers), pending)


def _chain(module: Module) -> Iterator[Module]:
    """Yield the modules of nested ``Sequential`` in order."""
    if type(module) is not torch.nn.Sequential:
        yield module
        return
    for child in module:
        yield from _chain(child)


def class_name(module: Module) -> str:
    """Return the full name of a module's class, for a scripted one that of the class it was scripted from.

    Examples
    --------
    >>> class_name(torch.nn.Tanh())
    'torch.nn.modules.activation.Tanh'
    """
    if isinstance(module, torch.jit.ScriptModule):
        name = module._c._type().qualified_name()
        return re.sub(r"\.___torch_mangle_\d+", "", name).removeprefix("__torch__.")
    return f"{type(module).__module__}.{type(module).__qualname__}"


def check_intact(network: Module) -> None:
    """Raise an `UnsupportedNetworkError` if a module of the network computes something else than its class says.

    A forward hook, as also `torch.nn.utils.spectral_norm` and pruning are, may change what a module returns, and one
    on the backward pass its gradients; Taylor mode calls neither the module nor its hooks. Nor has it rules for
    parameters with fewer digits than its derivatives need.
    """
    # The private dictionaries, because this runs at every step: `named_parameters` takes ten times as long.
    for module in network.modules():
        if module._forward_pre_hooks or module._forward_hooks or module._backward_pre_hooks or module._backward_hooks:
            raise UnsupportedNetworkError(f"the module `{_place(module, network)}` has hooks")
        if "forward" in module.__dict__ and not isinstance(module, torch.jit.ScriptModule):
            raise UnsupportedNetworkError(f"the forward pass of `{_place(module, network)}` was replaced")
        for name, parameter in module._parameters.items():
            if parameter is not None and parameter.dtype not in (torch.float32, torch.float64):
                raise UnsupportedNetworkError(
                    f"the parameter {name} of `{_place(module, network)}` must be of torch.float32 or torch.float64 "
                    f"(found {parameter.dtype})"
                )


def _place(module: Module, network: Module) -> str:
    name = next(name for name, other in network.named_modules() if other is module)
    return f"{name} ({type(module).__name__})".lstrip()


def affine(linear: Any) -> tuple[Tensor, Tensor]:
    """Return weight and bias of a ``torch.nn.Linear`` as its forward pass uses them, a missing bias as zeros.

    Among parametrizations, ``torch.nn.utils.parametrizations.weight_norm`` of the weight is known. Others, such as
    spectral_norm, may change their state with every use of the weight.

    Raises
    ------
    UnsupportedNetworkError
        If it is anything else.
    """
    kind: type = type(linear)
    if is_parametrized(linear):
        found = {name: [type(p).__name__ for p in chain] for name, chain in linear.parametrizations.items()}
        if found != {"weight": ["_WeightNorm"]}:
            raise UnsupportedNetworkError(f"the parametrization {found} has no Taylor-mode rule (known: weight_norm)")
        kind = kind.__bases__[0]
    if kind is not torch.nn.Linear:
        raise UnsupportedNetworkError(f"the layer {type(linear).__name__} has no Taylor-mode rule")
    weight = linear.weight
    return weight, weight.new_zeros(len(weight)) if linear.bias is None else linear.bias


def recognise(function: Any) -> Activation:
    """Tell which function of `activations` an activation function is.

    Parameters
    ----------
    function : callable
        A module of torch or of a person's own, a function, or either of them scripted.

    Raises
    ------
    UnsupportedNetworkError
        If it is none of them, not smooth, or depends on something that may change.

    Examples
    --------
    >>> recognise(torch.nn.SiLU()).name, recognise(lambda z: z.tanh()).name
    ('silu', 'tanh')
    """
    return Activation(_name(function))


@torch.compiler.assume_constant_result
def _name(function: Any) -> str:
    # Plain Python, run when ``torch.compile`` meets it, and again when it compiles anew because a module changed.
    key = _module_key(function) if isinstance(function, Module) else _key(function)
    if key not in _KNOWN:
        _KNOWN[key] = _references().get(_program(function))
    name = _KNOWN[key]
    if name is None:
        raise UnsupportedNetworkError(
            f"the activation function {function!r} is not smooth enough, or not known, for derivatives (known: "
            f"{', '.join(_WRITTEN)})"
        )
    return name


def _module_key(module: Module) -> tuple[Any, ...]:
    """Return what decides over a module's forward pass."""
    own = (*module._parameters.keys(), *module._buffers.keys(), *module._modules.keys())
    if own:
        raise UnsupportedNetworkError(
            f"the module {type(module).__name__} has no Taylor-mode rule: it has a `{own[0]}` of its own. Leave it out "
            f"(known: Linear, and the activation functions {', '.join(_WRITTEN)})"
        )
    if isinstance(module, torch.jit.ScriptModule):
        if "prim::GetAttr" in str(module.inlined_graph):
            raise UnsupportedNetworkError(f"the activation function {module!r} depends on attributes that may change")
        return (module,)
    extra = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    return (type(module), *extra, *_parts(extra.values(), module), *_key(type(module).forward))


def _key(function: Any) -> tuple[Any, ...]:
    """Return what decides over a function's result: its code, and what stands behind the names in it."""
    if isinstance(function, functools.partial):
        parts = (*function.args, *function.keywords, *function.keywords.values())
        return (*_key(function.func), *_parts(parts, function))
    if _is_fixed(function):
        return (function,)
    if not isinstance(function, types.FunctionType):
        raise UnsupportedNetworkError(
            f"the activation function {function!r} is a {type(function).__name__}, which may change"
        )
    names = (name for name in _global_names(function.__code__) if name in function.__globals__)
    parts = (
        *(cell.cell_contents for cell in function.__closure__ or ()),
        *(function.__globals__[name] for name in names),
        *(function.__defaults__ or ()),
        *(function.__kwdefaults__ or {}).values(),
    )
    return (function.__code__, *_parts(parts, function))


def _parts(values: Iterable[Any], owner: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, _PLAIN):
            yield type(value), value
        elif isinstance(value, (types.ModuleType, type)) or _is_fixed(value):
            yield value
        elif isinstance(value, (types.FunctionType, functools.partial)):
            yield _key(value)
        else:
            raise UnsupportedNetworkError(
                f"the activation function {owner!r} depends on a {type(value).__name__}, which may change"
            )


def _is_fixed(function: Any) -> bool:
    """Tell whether a function is compiled code or torch's own, which nothing around it can change."""
    if isinstance(function, types.FunctionType):
        return str(function.__module__).split(".")[0] == "torch"
    return isinstance(function, (types.BuiltinFunctionType, torch.jit.ScriptFunction, torch._ops.OpOverloadPacket))


@functools.cache
def _global_names(code: types.CodeType) -> tuple[str, ...]:
    inner = (name for part in code.co_consts if isinstance(part, types.CodeType) for name in _global_names(part))
    return (*(i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"), *inner)


def _program(function: Any) -> tuple[Any, ...] | None:
    """Return the operations that a function of one tensor runs, in order; None if they cannot be told."""
    probe = torch.linspace(-2, 3, 6, dtype=torch.float64, device="cpu").reshape(2, 3)
    try:
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            nodes = list(make_fx(lambda z: function(z))(probe).graph.nodes)
    except Exception:  # whatever a foreign function raises when it meets a tensor like this one
        return None
    places = {node: f"%{i}" for i, node in enumerate(nodes)}
    # Scripted code adds and multiplies numbers by another overload of the same operation.
    return tuple(
        (
            node.op,
            str(node.target).replace(".Scalar", ".Tensor") if node.op == "call_function" else "",
            torch.fx.node.map_arg(node.args, places.__getitem__),
            tuple(node.kwargs.items()),
        )
        for node in nodes
    )


@functools.cache
def _references() -> dict[Any, str]:
    return {_program(function): name for name, ways in _WRITTEN.items() for function in ways}
