"""A plate that is trained for a moment, in a loop."""

import torch
from torch import nn

from modulus_relobralo import NaturalGradient
from modulus_relobralo.balancing import Sum
from modulus_relobralo.initialization import initialize
from modulus_relobralo.loops import LossTerms, samples, take_step
from modulus_relobralo.plates.scaling import PlateNetwork
from modulus_relobralo.plates.values import NetworkDeflection

STEPS = 20


def trained(plate, sizes, steps=STEPS):
    """Return a small network after a few steps of natural gradients on loss terms of order one."""
    torch.manual_seed(0)
    core = nn.Sequential(
        nn.Linear(2 + 3 * len(sizes.poles), 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)
    )
    network = PlateNetwork(initialize(core, "glorot_normal"), sizes).double()
    places = samples(plate, interior=150, edge=25, reduction="mean", sizes=sizes.outputs)
    terms = LossTerms(plate, places, network, compiled=False)
    optimizer, balance = NaturalGradient(network.parameters()), Sum([], len(terms.names))
    for step in range(steps):
        take_step(optimizer, terms, balance, terms.draw(step), step)
    return NetworkDeflection(network, ["x", "y"])
