"""Reads the host's architectures: which layers, activation functions and encodings of the input they are made of."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from modulus_relobralo.hosts import layers
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.host import HostModule
from modulus_relobralo.taylor import Network, UnsupportedNetworkError
from modulus_relobralo.taylor.jets import Channel, Jet, side_by_side
from modulus_relobralo.taylor.kernels import activate
from modulus_relobralo.taylor.networks import Activation, Encoding, Layer
from modulus_relobralo.taylor.periodic import periodic_jet
from modulus_relobralo.taylor.reading import affine

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
        ``FullyConnectedArch``, ``FourierNetArch`` or ``SirenArch``, or the core of the first.

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
        _models.FullyConnectedArchCore: _core,
    }
    kind = type(arch)
    if kind not in readers:
        known = ", ".join(known.__name__ for known in readers)
        raise UnsupportedNetworkError(f"the architecture {kind.__name__} has no Taylor-mode rule (known: {known})")
    return readers[kind](arch)


def _core(core: HostModule) -> Network:
    hidden = tuple(layers.hidden(layer, _KINDS) for layer in core.layers)
    return Network(hidden, layers.last(core.final_layer, _KINDS), skip_connections=core.skip_connections)


def _fully_connected(arch: HostModule) -> Network:
    return _around_core(arch, arch._impl, partial(_periodic, arch))


def _fourier(arch: HostModule) -> Network:
    for layer in (arch.fourier_layer_xyzt, arch.fourier_layer_params):
        if layer is not None:
            layers.check_kind(layer, "FourierLayer", host.load("models.fourier_net").FourierLayer)
    return _around_core(arch, arch.fc, partial(_frequencies, arch))


def _around_core(arch: HostModule, core: HostModule, encode: Encoding) -> Network:
    layers.check_kind(core, "core", _models.FullyConnectedArchCore)
    return dataclasses.replace(_core(core), encode=encode, output_scale=arch.output_scales_tensor)


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
        tuple(sines), affine(last.linear), partial(_normalized, arch), output_scale=arch.output_scales_tensor
    )


def scaled_input(arch: HostModule, jet: Jet) -> Jet:
    """Return the jet of the input in the units of the network, by the scales of the host's keys."""
    if arch.input_scales_tensor is None:
        return jet
    # The host's `set_scaling` makes them in single precision, whose reciprocals are not good enough for others.
    shift, factor = arch.input_scales_tensor.to(jet.dense.dtype)
    return jet.shift(-shift).scale(1 / factor)


def _normalized(arch: HostModule, jet: Jet, channels: tuple[Channel, ...]) -> Jet:
    """Encode the input of a ``SirenArch``: normalisation to [-1, 1], then scales."""
    del channels  # the jet stays linear: value and first derivatives
    norm = arch.normalization_tensor
    if norm is not None:
        low, high = norm
        jet = jet.shift(-0.5 * (low + high)).scale(2 / (high - low))
    return scaled_input(arch, jet)


def _periodic(arch: HostModule, jet: Jet, channels: tuple[Channel, ...]) -> Jet:
    """Encode the input of a ``FullyConnectedArch``: scales, then sine and cosine of the periodic keys."""
    jet = scaled_input(arch, jet)
    if arch.periodicity is None:
        return jet
    columns = [(size, arch.periodicity.get(key)) for key, size in arch.input_key_dict.items()]
    return periodic_jet(jet, columns, channels)


def _frequencies(arch: HostModule, jet: Jet, channels: tuple[Channel, ...]) -> Jet:
    """Encode the input of a ``FourierNetArch``: scales, then sine and cosine at its frequencies."""
    jet = scaled_input(arch, jet)
    seen = [jet]
    for layer, index in (
        (arch.fourier_layer_xyzt, arch.xyzt_slice_index),
        (arch.fourier_layer_params, arch.params_slice_index),
    ):
        if layer is not None:
            weight = torch.zeros(layer.frequencies.shape[1], jet.features).to(layer.frequencies)
            weight[:, index] = 2 * math.pi * layer.frequencies.T
            seen += _waves(jet.linear(weight), weight.new_zeros(len(weight)), channels)
    return side_by_side(seen, channels)


def _waves(jet: Jet, bias: Tensor, channels: tuple[Channel, ...]) -> list[Jet]:
    # Uncompiled: few features, and nothing here is trained.
    return [activate(jet, bias, wave, (), channels, compiled=False) for wave in ("sin", "cos")]
