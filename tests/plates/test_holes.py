"""A ring that is trained: with its poles as inputs a network finds the solution of the book, without them not."""

import dataclasses

import numpy as np
import pytest
import textbook
from sympy import Function, Symbol
from trained_plates import trained

from modulus_relobralo.plates import KirchhoffPlate, Plate, flexural_rigidity
from modulus_relobralo.plates.scaling import scales
from modulus_relobralo.plates.values import quantities
from modulus_relobralo.problems import annulus

D, NU, Q = flexural_rigidity(E=30e9, h=0.2, nu=0.3), 0.3, 5e3


@pytest.mark.parametrize("sees", [True, False])
def test_a_ring_is_found_by_a_network_that_sees_the_hole(sees):
    plate = Plate(annulus(3, 1), KirchhoffPlate(D, NU, Q), {"outer": "simply_supported", "inner": "free"})
    sizes, radii = scales(plate), np.array([1.0, 1.5, 2.0, 2.5])
    network = trained(plate, sizes if sees else dataclasses.replace(sizes, poles=()))
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
