"""What a fully connected network computes, and how a jet travels through it.

A reader turns a module into a `Network`; `read` is the one for plain torch, hosts have theirs. A network that is not
understood in full is refused with `UnsupportedNetworkError`, never approximated. Networks are read anew at every
step, which takes microseconds: so whatever was changed since, a layer, a scale, a hook, counts from the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.utils.parametrize import is_parametrized

from modulus_relobralo.taylor.jets import Jet, seed
from modulus_relobralo.taylor.kernels import activate
from modulus_relobralo.taylor.layers import UnsupportedNetworkError, affine
from modulus_relobralo.taylor.partials import Channel
from modulus_relobralo.taylor.recognition import Activation, recognise

Encoding = Callable[[Jet, tuple[Channel, ...]], Jet]
Particular = Callable[[Jet, tuple[Channel, ...]], Tensor]


@dataclass(frozen=True)
class Layer:
    """A hidden layer: ``f(W h + b)``.

    Parameters
    ----------
    affine : tuple of Tensor, optional
        ``W``, [features out, features in], and ``b``, [features out]; ``f(h)`` without.
    activation : Activation
        ``f``.
    """

    affine: tuple[Tensor, Tensor] | None
    activation: Activation


@dataclass(frozen=True)
class Network:
    """What a network computes, in order.

    Parameters
    ----------
    layers : tuple of Layer
        Hidden layers.
    last : tuple of Tensor, optional
        Weight and bias of a linear layer after them.
    encode : callable, optional
        What becomes of the input before the first layer: from its jet and the channels that are carried to the jet
        of the first layer's input.
    skip_connections : bool
        Whether every second layer's output is added to that of the second next, as Modulus does.
    output_scale : Tensor, optional
        Shift and factor of each output, [2, outputs].
    particular : callable, optional
        What is added to the outputs: from the jet of the input and channels to [channels, points, outputs or 1].
    """

    layers: tuple[Layer, ...]
    last: tuple[Tensor, Tensor] | None = None
    encode: Encoding | None = None
    skip_connections: bool = False
    output_scale: Tensor | None = None
    particular: Particular | None = None

    @property
    def inputs(self) -> int | None:
        """Return the number of columns that it takes, None if no linear layer tells."""
        return self._weights[0].shape[1] if self._weights and self.encode is None else None

    @property
    def outputs(self) -> int | None:
        """Return the number of columns of the result, None if no linear layer tells."""
        return len(self._weights[-1]) if self._weights else None

    @property
    def _weights(self) -> list[Tensor]:
        affine = [*(layer.affine for layer in self.layers), self.last]
        return [weight for weight, _ in filter(None, affine)]

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
        inputs, skip = seed(x, variables), None
        jet = inputs
        if self.encode is not None:
            jet = self.encode(jet, channels)
        for i, layer in enumerate(self.layers):
            # The last layer of all needs the wanted channels alone.
            wanted = targets if i == len(self.layers) - 1 else channels
            jet = _through(layer, jet, wanted, compiled)
            if self.skip_connections and i % 2 == 0:
                plain = jet
                if skip is not None:
                    jet = Jet(wanted, jet.dense + skip.select(wanted))
                skip = plain
        result = self._finish(jet, targets)
        return result if self.particular is None else result + self.particular(inputs, targets)

    def _finish(self, jet: Jet, targets: tuple[Channel, ...]) -> Tensor:
        """Apply the last layer and the output scale; their shifts concern the value alone."""
        shift: Tensor | None = None
        if self.last is not None:
            weight, shift = self.last
            jet = jet.linear(weight)
        result = jet.select(targets)
        if self.output_scale is not None:
            offset, factor = self.output_scale
            result, shift = result * factor, offset if shift is None else shift * factor + offset
        if shift is None:
            return result
        return (
            result + torch.stack([torch.zeros_like(shift) if any(channel) else shift for channel in targets])[:, None]
        )


def _through(layer: Layer, jet: Jet, wanted: tuple[Channel, ...], compiled: bool) -> Jet:
    if layer.affine is None:
        bias = jet.dense.new_zeros(jet.dense.shape[-1])
    else:
        weight, bias = layer.affine
        jet = jet.linear(weight)
    return activate(jet, bias, layer.activation.name, layer.activation.parameters, wanted, compiled)


def read(network: Module) -> Network:
    """Return what a plain torch network computes.

    Parameters
    ----------
    network : Module
        ``torch.nn.Sequential`` of ``torch.nn.Linear``, activation functions that `recognition` knows, and further
        ``Sequential``.

    Raises
    ------
    UnsupportedNetworkError
        If it has a part without a rule.
    """
    if type(network) not in (torch.nn.Sequential, torch.nn.Linear) and not is_parametrized(network):
        raise UnsupportedNetworkError(
            f"the network {type(network).__name__} has no Taylor-mode rule (known: torch.nn.Sequential of Linear "
            "layers and smooth activation functions, and, by reader=modulus_relobralo.hosts.physicsnemo.read, "
            "PhysicsNeMo's FullyConnected, no class that derives from it)"
        )
    layers: list[Layer] = []
    pending: tuple[Tensor, Tensor] | None = None
    for module in _chain(network):
        if isinstance(module, torch.nn.Linear):
            if pending is not None:
                layers.append(Layer(pending, Activation("identity")))
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
