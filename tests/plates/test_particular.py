"""Patches of load: which have a particular solution, and a plate with one, trained with and without it."""

import numpy as np
import pytest
import textbook
from sympy import Function, Symbol
from trained_plates import trained

from modulus_relobralo.plates import KirchhoffPlate, Orthotropic, Patch, RectangularPlate, flexural_rigidity
from modulus_relobralo.plates.particular import loaded_rectangles
from modulus_relobralo.plates.scaling import scales
from modulus_relobralo.plates.values import quantities
from modulus_relobralo.problems import Rectangle, circle

D, NU, Q = flexural_rigidity(E=30e9, h=0.2, nu=0.3), 0.3, 5e4
REGION = Rectangle(1.2, 0.8, lower=(2.4, 1.6))
X, Y = Symbol("x"), Symbol("y")


def plate(p, D=D, **given):
    nu = {} if isinstance(D, Orthotropic) else {"nu": NU}
    return RectangularPlate(6, 4, KirchhoffPlate(D, p=p, **nu, **given))


def test_rectangles_with_a_number_for_a_load_have_one():
    (found,) = loaded_rectangles(plate([5e3, Patch(REGION, Q)]))
    assert found[:4] == pytest.approx((2.4, 1.6, 3.6, 2.4))
    assert (found.size, found.load) == (2.0, pytest.approx(Q / D))
    assert len(loaded_rectangles(plate([Patch(REGION, Q), Patch(REGION, -Q)]))) == 2
    # Where D varies, that in the middle, x = 3 and y = 2.
    (found,) = loaded_rectangles(plate(Patch(REGION, Q), D=D * (1 + X / 6 + Y / 8)))
    assert found.load == pytest.approx(Q / D / 1.75)


@pytest.mark.parametrize(
    "other",
    [
        lambda: plate(5e3),
        lambda: plate(Patch(circle(0.5, center=(3, 2)), Q)),
        lambda: plate(Patch(REGION, Q * X)),
        lambda: plate(Patch(REGION, 0.0)),
        lambda: plate(Patch(REGION, Q), D=Orthotropic(20e6, 5e6, 2e6, 4e6)),
        lambda: plate(Patch(REGION, Symbol("q")), parameters={"q": (1e3, 1e4)}),
        lambda: plate(5e3, winkler=Patch(REGION, 1e7)),
    ],
    ids=["everywhere", "circle", "expression", "zero", "orthotropic", "parameter", "soil"],
)
def test_other_loads_have_none(other):
    assert loaded_rectangles(other()) == ()


@pytest.mark.parametrize("knows", [True, False])
def test_a_plate_with_a_patch_is_found_by_a_network_that_need_not_jump(knows):
    patch = plate(Patch(REGION, Q))
    sizes = scales(patch)
    network = trained(patch, sizes, rectangles=sizes.rectangles if knows else ())
    wanted = {"w": Function("w")(X, Y), **{name: patch.equations[name] for name in ("M_x", "M_y")}}
    found = quantities(wanted, "w", network, {"x": np.array([3.0]), "y": np.array([2.0])})
    book = textbook.navier(
        6, 4, textbook.patch(Q, 6, 4, 1.2, 0.8), lambda k, h: D * (k**2 + h**2) ** 2, D * NU, D * NU, (D, D)
    )
    error = max(abs(float(found[name][0]) / book[name] - 1) for name in wanted)
    assert error < 5e-3 if knows else error > 2e-2
