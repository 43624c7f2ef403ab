"""Reads the host's architectures: which layers, activation functions and encodings they are made of."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from modulus_relobralo.hosts import layers
from modulus_relobralo.hosts.sym import encodings, host
from modulus_relobralo.hosts.sym.grouping import HostModule
from modulus_relobralo.hosts.sym.plate_arch import PlateArch
from modulus_relobralo.taylor.layers import UnsupportedNetworkError, affine
from modulus_relobralo.taylor.networks import Encoding, Layer, Network
from modulus_relobralo.taylor.particular import rule
from modulus_relobralo.taylor.recognition import Activation

_models: Any = host.load("models.fully_connected")
# The modules that the host's layers are made of, wherever the host's release keeps them.
_layers: Any = sys.modules[_models.FCLayer.__module__]
_activations: Any = sys.modules[_layers.Identity.__module__]
_KINDS = layers.Kinds(
    _models.FCLayer,
    _layers.WeightNormLinear,
    frozenset(f"{stan.__module__}.Stan" for stan in (_activations.Stan, host.load("models.activation").Stan)),
)


def read(arch: HostModule) -> Network:
    """Return what an architecture of the host computes.

    Parameters
    ----------
    arch : Arch
        ``FullyConnectedArch``, ``FourierNetArch`` or ``SirenArch``, or our `PlateArch`.

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
        PlateArch: _of_plate,
    }
    kind = type(arch)
    if kind not in readers:
        known = ", ".join(known.__name__ for known in readers)
        raise UnsupportedNetworkError(f"the architecture {kind.__name__} has no Taylor-mode rule (known: {known})")
    return readers[kind](arch)


def _fully_connected(arch: HostModule) -> Network:
    return _network(arch, arch._impl, partial(encodings.periodic, arch))


def _of_plate(arch: HostModule) -> Network:
    network = _network(arch, arch._impl, partial(encodings.of_plate, arch))
    return dataclasses.replace(network, particular=rule(arch.rectangles))


def _fourier(arch: HostModule) -> Network:
    for layer in (arch.fourier_layer_xyzt, arch.fourier_layer_params):
        if layer is not None:
            layers.check_kind(layer, "FourierLayer", host.load("models.fourier_net").FourierLayer)
    return _network(arch, arch.fc, partial(encodings.fourier, arch))


def _network(arch: HostModule, core: HostModule, encode: Encoding) -> Network:
    layers.check_kind(core, "core", _models.FullyConnectedArchCore)
    hidden = tuple(layers.hidden(layer, _KINDS) for layer in core.layers)
    last = layers.last(core.final_layer, _KINDS)
    return Network(hidden, last, encode, core.skip_connections, arch.output_scales_tensor)


def _siren(arch: HostModule) -> Network:
    kind = host.load("models.siren").SirenLayer
    for layer in arch.layers:
        layers.check_kind(layer, "layer", kind)
    *hidden, last = arch.layers
    sines = []
    for layer in hidden:
        weight, bias = affine(layer.linear)
        sines.append(Layer((weight * layer.omega_0, bias * layer.omega_0), Activation("sin")))
    if last.apply_activation or not all(layer.apply_activation for layer in hidden):
        raise UnsupportedNetworkError("a SirenLayer that is not followed by a sine has a rule as the last one only")
    return Network(
        tuple(sines), affine(last.linear), partial(encodings.siren, arch), output_scale=arch.output_scales_tensor
    )
