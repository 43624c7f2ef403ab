"""A network between inputs and outputs in units of their own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import Module

from modulus_relobralo.taylor.jets import Jet
from modulus_relobralo.taylor.networks import Pass

Scale = tuple[float, float]


class Scaled(Module):
    """A network that sees each input less its shift and divided by its scale, and whose outputs are put back alike.

    ::

        y_j = shift_j + scale_j * network((x_i - shift_i) / scale_i)_j

    A network learns best where both are of order one: coordinates from -1 to 1, a field by a typical value.

    Parameters
    ----------
    network : Module
        The network.
    inputs, outputs : sequence of pair of float
        Shift and scale of each column; a scale is not zero.

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

    def __init__(self, network: Module, inputs: Sequence[Scale], outputs: Sequence[Scale]) -> None:
        super().__init__()
        self.network = network
        for name, scales in (("inputs", inputs), ("outputs", outputs)):
            pairs = torch.tensor([[*pair] for pair in scales], dtype=torch.get_default_dtype())
            if pairs.ndim != 2 or pairs.shape[1] != 2 or not pairs.isfinite().all() or (pairs[:, 1] == 0).any():
                raise ValueError(
                    f"Parameter `{name}` must hold pairs (shift, scale), finite and with a scale other than 0. "
                    f"Found `{name} = {list(scales)}`."
                )
            self.register_buffer(f"{name}_scale", pairs.T.contiguous())

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs, [..., outputs], of inputs, [..., inputs].

        Raises
        ------
        ValueError
            If there is no pair for each of the inputs or of the outputs.
        """
        return self.unscaled(self.network(self.scaled(x)))

    def propagate_jet(self, jet: Jet, passing: Pass) -> Jet:
        """Return the jet of the outputs; see `networks.StatesJet`."""
        return self.unscaled_jet(passing.through(self.network, self.scaled_jet(jet)))

    def scaled(self, x: Tensor) -> Tensor:
        """Return what the network sees of inputs."""
        shift, scale = self._pairs("inputs", x.shape[-1])
        return (x - shift) / scale

    def unscaled(self, y: Tensor) -> Tensor:
        """Return the outputs for what the network gives."""
        shift, scale = self._pairs("outputs", y.shape[-1])
        return shift + scale * y

    def scaled_jet(self, jet: Jet) -> Jet:
        """Return the jet of `scaled`."""
        shift, scale = self._pairs("inputs", jet.features)
        return jet.shift(-shift).scale(1 / scale)

    def unscaled_jet(self, jet: Jet) -> Jet:
        """Return the jet of `unscaled`."""
        shift, scale = self._pairs("outputs", jet.features)
        return jet.scale(scale).shift(shift)

    def _pairs(self, name: str, columns: int) -> Tensor:
        """Return shifts and scales, [2, columns]; a single pair is not stretched over several columns."""
        pairs: Tensor = getattr(self, f"{name}_scale")
        if pairs.shape[1] != columns:
            raise ValueError(
                f"Parameter `{name}` must hold a pair for each column. Found {pairs.shape[1]} for {columns} columns."
            )
        return pairs
