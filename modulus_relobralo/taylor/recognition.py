"""Which activation function a network uses, told by the operations that it runs.

Values tell too little: a function that equals tanh wherever it was tried may differ elsewhere, and one with a factor
that is 1 at the start may have another one later. So a function is run once under a tracer, which writes down every
operation with all numbers that enter; what it wrote must be, line by line, what it writes for one of the functions
in `activations`. A tensor of the function's own, trained or not, shows up there and never matches.

What a function was told to be holds as long as it is the same function: the same code and the same objects behind
the names that it uses.
"""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn import Module

from modulus_relobralo.taylor.layers import UnsupportedNetworkError


class Activation(NamedTuple):
    """An activation function: its name in `activations`, and tensors that belong to it."""

    name: str
    parameters: tuple[Tensor, ...] = ()


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
