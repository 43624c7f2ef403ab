"""Reads the host's networks: which layers, activation functions and encodings they are made of.

A network that is not understood in full is refused with `UnsupportedNetworkError`, never approximated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from modulus_relobralo.derivatives import encodings
from modulus_relobralo.derivatives.activations import recognise
from modulus_relobralo.derivatives.jets import Jet, seed
from modulus_relobralo.derivatives.kernels import activate
from modulus_relobralo.derivatives.partials import Channel
from modulus_relobralo.derivatives.requests import HostModule
from modulus_relobralo.hosts.sym import host


class UnsupportedNetworkError(ValueError):
    """The network has a part for which there is no propagation rule."""


@dataclass(frozen=True)
class Layer:
    """A hidden layer: ``f(factor * (W h + b))``.

    Parameters
    ----------
    linear : module
        ``nn.Linear`` or the host's ``WeightNormLinear``.
    activation : str
        Name of ``f`` in `activations`.
    parameters : tuple of Tensor
        Trained parameters of ``f``.
    factor : Tensor, float or None
        The host's adaptive activation parameter, or SIREN's omega.
    """

    linear: HostModule
    activation: str
    parameters: tuple[Tensor, ...] = ()
    factor: Tensor | float | None = None

    def affine(self) -> tuple[Tensor, Tensor]:
        """Return weight and bias with norm and factor multiplied in: cheaper than to scale every channel."""
        weight, bias = affine(self.linear)
        return (weight, bias) if self.factor is None else (weight * self.factor, bias * self.factor)


@dataclass(frozen=True)
class Network:
    """What a network computes, in order: encode the input, hidden layers, last linear layer, output scale."""

    encode: Callable[[Jet, tuple[Channel, ...]], Jet]
    layers: tuple[Layer, ...]
    last: HostModule
    skip_connections: bool
    output_scale: Callable[[], Tensor | None]

    def propagate(
        self,
        x: Tensor,
        variables: Sequence[int],
        channels: tuple[Channel, ...],
        targets: tuple[Channel, ...],
        compiled: bool,
    ) -> Tensor:
        """Return the derivatives of all outputs.

        Parameters
        ----------
        x : Tensor
            All inputs side by side, [points, inputs].
        variables : sequence of int
            Columns of `x` that are differentiated.
        channels : tuple of Channel
            What hidden layers carry: `partials.closure` of the targets.
        targets : tuple of Channel
            What is wanted.
        compiled : bool
            Whether to compile the activation rules.

        Returns
        -------
        Tensor
            [targets, points, outputs]
        """
        jet, skip = self.encode(seed(x, variables), channels), None
        for i, layer in enumerate(self.layers):
            weight, bias = layer.affine()
            wanted = targets if i == len(self.layers) - 1 else channels
            jet = activate(jet.linear(weight), bias, layer.activation, layer.parameters, wanted, compiled)
            if self.skip_connections and i % 2 == 0:
                plain = jet
                if skip is not None:
                    jet = Jet(wanted, jet.dense + skip.select(wanted))
                skip = plain
        weight, bias = affine(self.last)
        return self._finish(jet.linear(weight).dense, bias, targets)

    def _finish(self, result: Tensor, bias: Tensor, targets: tuple[Channel, ...]) -> Tensor:
        """Apply bias and output scale; the shifts concern the value alone."""
        scale = self.output_scale()
        if scale is not None:
            result, bias = result * scale[1], bias * scale[1] + scale[0]
        shifts = [torch.zeros_like(bias) if any(target) else bias for target in targets]
        return result + torch.stack(shifts)[:, None]


def affine(linear: HostModule) -> tuple[Tensor, Tensor]:
    """Return weight and bias of a linear layer as its forward pass uses them."""
    weight, bias = linear.weight, linear.bias
    if type(linear).__name__ == "WeightNormLinear":
        weight = linear.weight_g * weight / weight.norm(dim=1, p=2, keepdim=True)
    return weight, bias


def read(arch: HostModule) -> Network:
    """Return what `arch` computes.

    Raises
    ------
    UnsupportedNetworkError
        If it is not one of the architectures, or uses an activation function, without a rule here.
    """
    # By name and place: a subclass may change the forward pass, and the two hosts have one class each.
    readers = {"FullyConnectedArch": _fully_connected, "FourierNetArch": _fourier, "SirenArch": _siren}
    kind = type(arch).__name__
    if kind not in readers or not type(arch).__module__.startswith(host.name()):
        raise UnsupportedNetworkError(f"the architecture {kind} has no Taylor-mode rule (known: {', '.join(readers)})")
    return readers[kind](arch)


def _fully_connected(arch: HostModule) -> Network:
    return _network(arch, arch._impl, partial(encodings.periodic, arch))


def _fourier(arch: HostModule) -> Network:
    return _network(arch, arch.fc, partial(encodings.fourier, arch))


def _network(arch: HostModule, core: HostModule, encode: Callable[[Jet, tuple[Channel, ...]], Jet]) -> Network:
    layers = tuple(_hidden(layer) for layer in core.layers)
    return Network(encode, layers, core.final_layer.linear, core.skip_connections, lambda: arch.output_scales_tensor)


def _hidden(layer: HostModule) -> Layer:
    name = recognise(layer.activation_fn)
    if name is None:
        raise UnsupportedNetworkError(
            f"the activation function {layer.activation_fn!r} is not smooth enough, or not known, for derivatives"
        )
    if type(layer.linear).__name__ not in ("Linear", "WeightNormLinear"):
        raise UnsupportedNetworkError(f"the layer {type(layer.linear).__name__} has no Taylor-mode rule")
    parameters = (layer.activation_fn.beta,) if name == "stan" else ()
    return Layer(layer.linear, name, parameters, layer.activation_par)


def _siren(arch: HostModule) -> Network:
    *hidden, last = arch.layers
    layers = tuple(Layer(layer.linear, "sin", (), layer.omega_0) for layer in hidden)
    return Network(partial(encodings.siren, arch), layers, last.linear, False, lambda: arch.output_scales_tensor)
