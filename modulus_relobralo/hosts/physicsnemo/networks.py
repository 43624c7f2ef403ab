"""Reads the host's networks: which layers and activation functions they are made of."""

from __future__ import annotations

from typing import Any

from physicsnemo.models.mlp import FullyConnected
from physicsnemo.nn import FCLayer, Stan, WeightFactLinear, WeightNormLinear
from torch.nn import Module

from modulus_relobralo.hosts import layers
from modulus_relobralo.taylor import Network, reading

KINDS = layers.Kinds(
    FCLayer, WeightNormLinear, frozenset({f"{Stan.__module__}.{Stan.__name__}"}), weight_fact=WeightFactLinear
)


def read(network: Module) -> Network:
    """Return what a network computes, the `reader` of `TaylorDerivatives` and of `loops.LossTerms` on this host.

    Parameters
    ----------
    network : Module
        ``physicsnemo.models.mlp.FullyConnected``, or what `taylor.reading.read` knows.

    Raises
    ------
    UnsupportedNetworkError
        If it is none of these, no class of the host's but one derived from it included, or if it uses a layer or an
        activation function without a rule.
    """
    if type(network) is not FullyConnected:
        return reading.read(network)
    core: Any = network
    hidden = tuple(layers.hidden(layer, KINDS) for layer in core.layers)
    return Network(hidden, layers.last(core.final_layer, KINDS), skip_connections=core.skip_connections)
