"""Reads the host's architectures: which layers, activation functions and encodings they are made of."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor

from modulus_relobralo.derivatives.layers import UnsupportedNetworkError, affine, class_name
from modulus_relobralo.derivatives.networks import Encoding, Layer, Network
from modulus_relobralo.derivatives.recognition import Activation, recognise
from modulus_relobralo.hosts.sym import encodings, host
from modulus_relobralo.hosts.sym.grouping import HostModule

_models: Any = host.load("models.fully_connected")
_FCLayer: type = _models.FCLayer
# The modules that the host's layers are made of, wherever the host's release keeps them.
_layers: Any = sys.modules[_FCLayer.__module__]
_activations: Any = sys.modules[_layers.Identity.__module__]
_STAN = {f"{stan.__module__}.Stan" for stan in (_activations.Stan, host.load("models.activation").Stan)}


def read(arch: HostModule) -> Network:
    """Return what an architecture of the host computes.

    Parameters
    ----------
    arch : Arch
        ``FullyConnectedArch``, ``FourierNetArch`` or ``SirenArch``.

    Raises
    ------
    UnsupportedNetworkError
        If it is none of these, no class of the host's but one derived from it included, if it uses a layer or an
        activation function without a rule, or if it detaches inputs.
    """
    readers: dict[type, Callable[[HostModule], Network]] = {
        _models.FullyConnectedArch: _fully_connected,
        host.load("models.fourier_net").FourierNetArch: _fourier,
        host.load("models.siren").SirenArch: _siren,
    }
    kind = type(arch)
    if kind not in readers:
        known = ", ".join(known.__name__ for known in readers)
        raise UnsupportedNetworkError(f"the architecture {kind.__name__} has no Taylor-mode rule (known: {known})")
    return readers[kind](arch)


def _fully_connected(arch: HostModule) -> Network:
    return _network(arch, arch._impl, partial(encodings.periodic, arch))


def _fourier(arch: HostModule) -> Network:
    for layer in (arch.fourier_layer_xyzt, arch.fourier_layer_params):
        if layer is not None:
            _check(layer, "FourierLayer", host.load("models.fourier_net").FourierLayer)
    return _network(arch, arch.fc, partial(encodings.fourier, arch))


def _network(arch: HostModule, core: HostModule, encode: Encoding) -> Network:
    _check(core, "core", _models.FullyConnectedArchCore)
    hidden = tuple(_hidden(layer) for layer in core.layers)
    last = _hidden(core.final_layer)
    if last.activation.name != "identity":
        raise UnsupportedNetworkError("an activation function after the last layer has no Taylor-mode rule")
    return Network(hidden, last.affine, encode, core.skip_connections, arch.output_scales_tensor)


def _hidden(layer: HostModule) -> Layer:
    _check(layer, "layer", _FCLayer)
    weight, bias = _affine(layer.linear)
    factor = layer.activation_par
    if factor is not None:
        weight, bias = weight * factor, bias * factor  # cheaper than to scale every channel
    return Layer((weight, bias), _activation(layer.activation_fn))


def _affine(linear: HostModule) -> tuple[Tensor, Tensor]:
    if type(linear) is not _layers.WeightNormLinear:
        return affine(linear)
    weight = linear.weight_g * linear.weight / linear.weight.norm(dim=1, p=2, keepdim=True)
    return weight, weight.new_zeros(len(weight)) if linear.bias is None else linear.bias


def _activation(function: HostModule) -> Activation:
    # The one activation function of the hosts with a parameter of its own.
    if hasattr(function, "parameters") and class_name(function) in _STAN:
        return Activation("stan", (function.beta,))
    return recognise(function)


def _siren(arch: HostModule) -> Network:
    kind = host.load("models.siren").SirenLayer
    for layer in arch.layers:
        _check(layer, "layer", kind)
    *hidden, last = arch.layers
    layers = []
    for layer in hidden:
        weight, bias = affine(layer.linear)
        layers.append(Layer((weight * layer.omega_0, bias * layer.omega_0), Activation("sin")))
    if last.apply_activation or not all(layer.apply_activation for layer in hidden):
        raise UnsupportedNetworkError("a SirenLayer that is not followed by a sine has a rule as the last one only")
    return Network(
        tuple(layers), affine(last.linear), partial(encodings.siren, arch), output_scale=arch.output_scales_tensor
    )


def _check(module: HostModule, what: str, kind: type) -> None:
    """Raise an error if a part of an architecture was replaced by one of another class."""
    if type(module) is not kind:
        raise UnsupportedNetworkError(f"the {what} {type(module).__name__} has no Taylor-mode rule")
