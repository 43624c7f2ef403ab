"""How a jet travels through a network: layer by layer, or as a module itself states.

A *reader* turns a module into a `Network`; `reading.read` is the one for plain torch, hosts have theirs. A module of a
class that nobody reads can state its own jet instead::

    class Waves(torch.nn.Module):
        def forward(self, x):
            return torch.sin(x)

        def propagate_jet(self, jet, passing):
            return activate(jet, torch.zeros(jet.features), "sin", (), passing.targets, passing.compiled)

It may stand alone, around another network (`scaled.Scaled`) or within a ``torch.nn.Sequential``. What is not understood
in full is refused with `UnsupportedNetworkError`, never approximated. Networks are read anew at every step, which takes
microseconds: so whatever was changed since, a layer, a scale, a hook, counts from the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeGuard

from torch import Tensor
from torch.nn import Module

from modulus_relobralo.taylor.jets import Channel, Jet
from modulus_relobralo.taylor.kernels import activate

Encoding = Callable[[Jet, tuple[Channel, ...]], Jet]


class StatesJet(Protocol):
    """What a jet can travel through: a layer, a `Network`, or a module that states its own jet."""

    def propagate_jet(self, jet: Jet, passing: Pass) -> Jet:
        """Return the jet of the output.

        Parameters
        ----------
        jet : Jet
            Of the input.
        passing : Pass
            What is wanted, and the way through another module. The result has its `targets`; each derivative that is
            missing counts as zero.
        """


def states_jet(module: Any) -> TypeGuard[StatesJet]:
    """Tell whether a module's class states its jet by ``propagate_jet``.

    A class that derives from one that does has to state its own: its forward pass may be another.
    """
    return "propagate_jet" in vars(type(module))


@dataclass(frozen=True)
class Pass:
    """One pass of jets through a network.

    Parameters
    ----------
    channels : tuple of Channel
        What is carried, `jets.closure` of all that is wanted: enough for any function of a jet.
    targets : tuple of Channel
        What is wanted here: at the end of the network fewer than `channels`.
    compiled : bool
        Whether to compile the activation rules.
    reader : callable
        Turns a module that does not state its jet into a `Network`.
    """

    channels: tuple[Channel, ...]
    targets: tuple[Channel, ...]
    compiled: bool
    reader: Callable[[Module], StatesJet]

    def through(self, module: Module, jet: Jet) -> Jet:
        """Return the jet of a module's output.

        Raises
        ------
        UnsupportedNetworkError
            If there is no rule for a part of the module.
        """
        return (module if states_jet(module) else self.reader(module)).propagate_jet(jet, self)

    def carrying(self) -> Pass:
        """Return the pass in which all channels are wanted: what precedes a function that is not linear."""
        return Pass(self.channels, self.channels, self.compiled, self.reader)


class Activation(NamedTuple):
    """An activation function: its name in `activations`, and tensors that belong to it."""

    name: str
    parameters: tuple[Tensor, ...] = ()


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

    def propagate_jet(self, jet: Jet, passing: Pass) -> Jet:
        """Return the jet of the layer's output."""
        if self.affine is None:
            bias = jet.dense.new_zeros(jet.features)
        else:
            weight, bias = self.affine
            jet = jet.linear(weight)
        return activate(jet, bias, *self.activation, passing.targets, passing.compiled)


@dataclass(frozen=True)
class Network:
    """What a network computes, in order.

    Parameters
    ----------
    layers : tuple of StatesJet
        Hidden layers, and modules among them that state their own jet.
    last : tuple of Tensor, optional
        Weight and bias of a linear layer after them.
    encode : callable, optional
        What becomes of the input before the first layer: from its jet and the channels that are carried to the jet
        of the first layer's input.
    skip_connections : bool
        Whether every second layer's output is added to that of the second next, as Modulus does.
    output_scale : Tensor, optional
        Shift and factor of each output, [2, outputs].
    """

    layers: tuple[StatesJet, ...]
    last: tuple[Tensor, Tensor] | None = None
    encode: Encoding | None = None
    skip_connections: bool = False
    output_scale: Tensor | None = None

    @property
    def inputs(self) -> int | None:
        """The number of columns that it takes, None if no linear layer tells."""
        if self.encode is not None:
            return None
        for layer in self.layers:
            if not isinstance(layer, Layer):
                return None
            if layer.affine is not None:
                return layer.affine[0].shape[1]
        return None if self.last is None else self.last[0].shape[1]

    def propagate_jet(self, jet: Jet, passing: Pass) -> Jet:
        """Return the jet of the outputs.

        Raises
        ------
        ValueError
            If the input has another number of columns than the network takes.
        """
        if self.inputs not in (None, jet.features):
            raise ValueError(
                f"Parameter `inputs` must name all {self.inputs} columns that the network takes. Found {jet.features}."
            )
        skip, carrying = None, passing.carrying()
        if self.encode is not None:
            jet = self.encode(jet, passing.channels)
        for i, layer in enumerate(self.layers):
            # The last layer of all needs the wanted channels alone.
            here = passing if i == len(self.layers) - 1 else carrying
            jet = layer.propagate_jet(jet, here)
            if self.skip_connections and i % 2 == 0:
                plain = jet
                if skip is not None:
                    jet = Jet(here.targets, jet.dense + skip.select(here.targets))
                skip = plain
        return self._finish(jet)

    def _finish(self, jet: Jet) -> Jet:
        """Apply the last layer and the output scale; their shifts concern the value alone."""
        shift: Tensor | None = None
        if self.last is not None:
            weight, shift = self.last
            jet = jet.linear(weight)
        if self.output_scale is not None:
            offset, factor = self.output_scale
            jet, shift = jet.scale(factor), offset if shift is None else shift * factor + offset
        return jet if shift is None else jet.shift(shift)
