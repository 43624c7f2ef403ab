"""Reads the fully connected layers that the hosts build their networks from: one design, in several packages."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor

from modulus_relobralo.taylor import UnsupportedNetworkError
from modulus_relobralo.taylor.networks import Activation, Layer
from modulus_relobralo.taylor.reading import affine, class_name, recognise


class Kinds(NamedTuple):
    """The classes that a host's layers are made of; a layer of any other has no rule.

    Attributes
    ----------
    layer : type
        A linear layer with its activation function.
    weight_norm, weight_fact : type, optional
        Linear layers with a weight that is made of two.
    stan : set of str
        Names of the activation function with a parameter of its own.
    """

    layer: type
    weight_norm: type
    stan: frozenset[str]
    weight_fact: type | None = None


def hidden(layer: Any, kinds: Kinds) -> Layer:
    """Return a layer as a rule knows it."""
    check_kind(layer, "layer", kinds.layer)
    weight, bias = _affine(layer.linear, kinds)
    factor = layer.activation_par
    if factor is not None:
        weight, bias = weight * factor, bias * factor  # cheaper than to scale every channel
    return Layer((weight, bias), _activation(layer.activation_fn, kinds))


def last(layer: Any, kinds: Kinds) -> tuple[Tensor, Tensor] | None:
    """Return weight and bias of the layer after the hidden ones, which has no activation function."""
    read = hidden(layer, kinds)
    if read.activation.name != "identity":
        raise UnsupportedNetworkError("an activation function after the last layer has no Taylor-mode rule")
    return read.affine


def check_kind(module: Any, what: str, kind: type) -> None:
    """Raise an error if a part of a network was replaced by one of another class."""
    if type(module) is not kind:
        raise UnsupportedNetworkError(f"the {what} {type(module).__name__} has no Taylor-mode rule")


def _affine(linear: Any, kinds: Kinds) -> tuple[Tensor, Tensor]:
    kind: Any = type(linear)  # a type that is compared would narrow what a type checker knows of the module
    if kind is kinds.weight_norm:
        weight = linear.weight_g * linear.weight / linear.weight.norm(dim=1, p=2, keepdim=True)
    elif kind is kinds.weight_fact:
        weight = linear.g * linear.v
    else:
        return affine(linear)
    return weight, weight.new_zeros(len(weight)) if linear.bias is None else linear.bias


def _activation(function: Any, kinds: Kinds) -> Activation:
    if hasattr(function, "parameters") and class_name(function) in kinds.stan:
        return Activation("stan", (function.beta,))
    return recognise(function)
