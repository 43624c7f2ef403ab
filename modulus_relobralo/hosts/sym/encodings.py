"""How the host's networks encode their inputs before the first layer.

Each function takes the jet of the input and returns that of the first layer's input, with the given channels if it
is no longer linear.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from modulus_relobralo.hosts.sym.grouping import HostModule
from modulus_relobralo.taylor.jets import Jet
from modulus_relobralo.taylor.kernels import activate
from modulus_relobralo.taylor.partials import Channel
from modulus_relobralo.taylor.poles import append


def _scaled(arch: HostModule, jet: Jet) -> Jet:
    if arch.input_scales_tensor is None:
        return jet
    # The host's `set_scaling` makes them in single precision, whose reciprocals are not good enough for others.
    shift, factor = arch.input_scales_tensor.to(jet.dense.dtype)
    return jet.scale(1 / factor, shift)


def siren(arch: HostModule, jet: Jet, channels: tuple[Channel, ...]) -> Jet:
    """Encode the input of a ``SirenArch``: normalisation to [-1, 1], then scales."""
    del channels  # the jet stays linear: value and first derivatives
    norm = arch.normalization_tensor
    if norm is not None:
        low, high = norm
        jet = jet.scale(2 / (high - low), 0.5 * (low + high))
    return _scaled(arch, jet)


def periodic(arch: HostModule, jet: Jet, channels: tuple[Channel, ...]) -> Jet:
    """Encode the input of a ``FullyConnectedArch``: scales, then sine and cosine of the periodic keys."""
    jet = _scaled(arch, jet)
    if arch.periodicity is None:
        return jet
    blocks, start = [], 0
    for key, size in arch.input_key_dict.items():
        rows = torch.eye(jet.dense.shape[-1], dtype=jet.dense.dtype, device=jet.dense.device)[start : start + size]
        start += size
        if key not in arch.periodicity:
            blocks.append(jet.linear(rows).select(channels))
            continue
        low, high = arch.periodicity[key]
        omega = 2 * math.pi / (high - low)
        blocks += _waves(jet.linear(omega * rows), rows.new_full((size,), -omega * low), channels)
    return Jet(channels, torch.cat(blocks, dim=-1))


def of_plate(arch: HostModule, jet: Jet, channels: tuple[Channel, ...]) -> Jet:
    """Encode the input of a `PlateArch`: scales, then poles of holes."""
    return append(arch.poles, jet, _scaled(arch, jet), channels)


def fourier(arch: HostModule, jet: Jet, channels: tuple[Channel, ...]) -> Jet:
    """Encode the input of a ``FourierNetArch``: scales, then sine and cosine at its frequencies."""
    jet = _scaled(arch, jet)
    blocks = [jet.select(channels)]
    layers = ((arch.fourier_layer_xyzt, arch.xyzt_slice_index), (arch.fourier_layer_params, arch.params_slice_index))
    for layer, index in layers:
        if layer is not None:
            weight = torch.zeros(layer.frequencies.shape[1], jet.dense.shape[-1]).to(layer.frequencies)
            weight[:, index] = 2 * math.pi * layer.frequencies.T
            blocks += _waves(jet.linear(weight), weight.new_zeros(len(weight)), channels)
    return Jet(channels, torch.cat(blocks, dim=-1))


def _waves(jet: Jet, bias: Tensor, channels: tuple[Channel, ...]) -> list[Tensor]:
    # Uncompiled: few features, and nothing here is trained.
    return [activate(jet, bias, wave, (), channels, compiled=False).dense for wave in ("sin", "cos")]
