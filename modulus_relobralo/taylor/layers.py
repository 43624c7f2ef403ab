"""What can be trusted about a network's modules: their class, that nothing hooks into them, their weights."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.utils.parametrize import is_parametrized


class UnsupportedNetworkError(ValueError):
    """The network has a part for which there is no propagation rule."""


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
