"""A network between inputs and outputs in units of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import Module

from modulus_relobralo.taylor.jets import Jet
from modulus_relobralo.taylor.layers import UnsupportedNetworkError
from modulus_relobralo.taylor.networks import Network
from modulus_relobralo.taylor.partials import Channel
from modulus_relobralo.taylor.particular import LoadedRectangle, deflection, rule
from modulus_relobralo.taylor.poles import COUNT, Pole, append, columns

Scale = tuple[float, float]


class Scaled(Module):
    """A network that sees each input less its shift and divided by its scale, and whose outputs are put back alike.

    ::

        y_j = shift_j + scale_j * network((x_i - shift_i) / scale_i)_j + w_p

    A network learns best where both are of order one: coordinates from -1 to 1, a deflection by a typical one.

    Parameters
    ----------
    network : Module
        The network.
    inputs, outputs : sequence of pair of float
        Shift and scale of each column; a scale is not zero.
    poles : sequence of Pole
        Of holes, see `poles`: `network` has three more inputs for each. The first two inputs are then x and y.
    rectangles : sequence of LoadedRectangle
        What gives w_p, see `particular`, which is zero without. There is one output then, and the first two inputs are
        x and y.

    Raises
    ------
    ValueError
        If there is no pair of finite numbers for each, or a scale is zero.

    Examples
    --------
    >>> line = torch.nn.Linear(1, 1, bias=False)
    >>> _ = torch.nn.init.ones_(line.weight)
    >>> Scaled(line, inputs=[(5.0, 5.0)], outputs=[(0.0, 1e-3)])(torch.tensor([[10.0]])).item()
    0.0010000000474974513
    """

    inputs_scale: Tensor
    outputs_scale: Tensor

    def __init__(
        self,
        network: Module,
        inputs: Sequence[Scale],
        outputs: Sequence[Scale],
        poles: Sequence[Pole] = (),
        rectangles: Sequence[LoadedRectangle] = (),
    ) -> None:
        super().__init__()
        self.network, self.poles, self.rectangles = network, tuple(poles), tuple(rectangles)
        for name, scales in (("inputs", inputs), ("outputs", outputs)):
            pairs = torch.tensor([[*pair] for pair in scales], dtype=torch.get_default_dtype())
            if pairs.ndim != 2 or pairs.shape[1] != 2 or not pairs.isfinite().all() or (pairs[:, 1] == 0).any():
                raise ValueError(
                    f"Parameter `{name}` must hold pairs (shift, scale), finite and with a scale other than 0. "
                    f"Found `{name} = {list(scales)}`."
                )
            self.register_buffer(f"{name}_scale", pairs.T.contiguous())

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs, [points, outputs], of inputs, [points, inputs].

        Raises
        ------
        ValueError
            If there is no pair for each of the inputs.
        """
        (shift, scale), (offset, factor) = self.inputs_scale, self.outputs_scale
        if x.shape[-1] != len(scale):
            raise ValueError(f"Parameter `x` must have {len(scale)} columns, as `inputs` has. Found {x.shape[-1]}.")
        scaled = (x - shift) / scale
        if self.poles:
            scaled = torch.cat([scaled, columns(self.poles, x)], dim=-1)
        found = offset + factor * self.network(scaled)
        return found + deflection(self.rectangles, x) if self.rectangles else found

    def around(self, network: Network) -> Network:
        """Return what this computes around what its network computes.

        Raises
        ------
        UnsupportedNetworkError
            If that has scales or an encoding of its own.
        ValueError
            If it has not an input and an output for each pair, and three further inputs for each pole.
        """
        if network.encode is not None or network.output_scale is not None:
            raise UnsupportedNetworkError("a network with scales or an encoding of its own has no rule in `Scaled`")
        (shift, scale), outputs = self.inputs_scale, self.outputs_scale

        for name, found, expected in (
            ("inputs", network.inputs, len(scale) + COUNT * len(self.poles)),
            ("outputs", network.outputs, outputs.shape[1]),
        ):
            if found not in (None, expected):
                raise ValueError(f"The network in `Scaled` must have {expected} {name}, for its pairs. Found {found}.")

        def encode(jet: Jet, channels: tuple[Channel, ...]) -> Jet:
            return append(self.poles, jet, jet.scale(1 / scale, shift), channels)

        return dataclasses.replace(network, encode=encode, output_scale=outputs, particular=rule(self.rectangles))
