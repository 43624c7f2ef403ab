"""A ring that is trained: with its poles as inputs a network finds the solution of the book, without them not."""

import numpy as np
import pytest
import textbook
import torch
from sympy import Function, Symbol
from torch import nn

from modulus_relobralo import NaturalGradient
from modulus_relobralo.balancing import Sum
from modulus_relobralo.derivatives import Scaled
from modulus_relobralo.geometry import annulus
from modulus_relobralo.geometry.places import Term
from modulus_relobralo.initialization import initialize
from modulus_relobralo.loops import LossTerms, samples, take_step
from modulus_relobralo.plates import KirchhoffPlate, Plate, flexural_rigidity
from modulus_relobralo.plates.scaling import scales
from modulus_relobralo.plates.values import NetworkDeflection, quantities

D, NU, Q = flexural_rigidity(E=30e9, h=0.2, nu=0.3), 0.3, 5e3
STEPS = 20


def trained(plate, sizes, poles):
    """Return a small network after a few steps of natural gradients on loss terms of order one."""
    torch.manual_seed(0)
    core = nn.Sequential(nn.Linear(2 + 3 * len(poles), 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
    network = Scaled(initialize(core, "glorot_normal"), list(sizes.inputs.values()), [(0, sizes.outputs["w"])], poles)
    places = samples(plate, interior=150, edge=25, reduction="mean")
    for place in places.values():
        for name, (output, target, share) in place.terms.items():
            place.terms[name] = Term(output, target, share / sizes.outputs[output] ** 2)
    terms = LossTerms(plate, places, network.double(), compiled=False)
    optimizer, balance = NaturalGradient(network.parameters()), Sum([], len(terms.names))
    for step in range(STEPS):
        take_step(optimizer, terms, balance, terms.draw(step), step)
    return NetworkDeflection(network, ["x", "y"])


@pytest.mark.parametrize("sees", [True, False])
def test_a_ring_is_found_by_a_network_that_sees_the_hole(sees):
    plate = Plate(annulus(3, 1), KirchhoffPlate(D, NU, Q), {"outer": "simply_supported", "inner": "free"})
    sizes, radii = scales(plate), np.array([1.0, 1.5, 2.0, 2.5])
    network = trained(plate, sizes, sizes.poles if sees else ())
    wanted = {"w": Function("w")(Symbol("x"), Symbol("y")), "M_y": plate.equations["M_y"]}
    found = quantities(wanted, "w", network, {"x": radii, "y": 0 * radii})
    deflection = np.array([textbook.ring(3, 1, D, NU, Q, r)["w"] for r in radii])
    error = np.abs(found["w"] / deflection - 1).max()
    assert error < 2e-3 if sees else error > 0.3
    if sees:
        # Across the radius at the free edge, the largest moment of the plate.
        x = Symbol("r", positive=True)
        w = textbook.ring(3, 1, D, NU, Q, x)["w"]
        largest = -D * (w.diff(x) / x + NU * w.diff(x, 2)).subs(x, 1)
        assert found["M_y"][0] == pytest.approx(float(largest), rel=2e-3)
