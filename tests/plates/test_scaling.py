"""Sizes of a plate's quantities, in any units."""

import pytest
from sympy import Symbol

from modulus_relobralo.plates import KirchhoffPlate, Plate, RectangularPlate, flexural_rigidity
from modulus_relobralo.plates.scaling import scales
from modulus_relobralo.problems import annulus

STIFF = flexural_rigidity(E=30e9, h=0.2, nu=0.2)


def slab(length=1.0, force=1.0, edges="simply_supported"):
    """Return a slab of 6 m x 4 m in units of length and force of its own."""
    stiffness, load = STIFF * force * length, 5e3 * force / length**2
    return RectangularPlate(6 * length, 4 * length, KirchhoffPlate(stiffness, nu=0.2, p=load), edges)


def test_sizes_in_si_units():
    """The slab of the README deflects by 0.327 mm in the middle; nearly all of it stays below the size."""
    sizes = scales(slab(edges={"left, right": "clamped", "bottom, top": "simply_supported"}))
    assert 0.25e-3 < sizes.outputs["w"] < 0.33e-3
    assert sizes.outputs["kirchhoff"] == pytest.approx(5e3)
    assert sizes.inputs == {"x": (3.0, 3.0), "y": (2.0, 2.0)}
    assert 2e3 < sizes.outputs["M_n"] < 8e3


def test_units_change_nothing_but_the_units():
    metres, millimetres = scales(slab()), scales(slab(length=1e3, force=1e-3))
    units = {"w": 1e3, "slope_n": 1.0, "kirchhoff": 1e-9, "M_n": 1e-3, "V_n": 1e-6, "R": 1e-3}
    for name, unit in units.items():
        assert millimetres.outputs[name] == pytest.approx(unit * metres.outputs[name], rel=1e-3)


def test_sizes_know_how_the_plate_is_held():
    free = slab(edges={"left": "clamped", "right, bottom, top": "free"})
    cantilever = 5e3 * 6**4 / (8 * STIFF)
    assert scales(free).outputs["w"] == pytest.approx(cantilever, rel=0.5)
    assert 0.1e-3 < scales(slab(edges="clamped")).outputs["w"] < 0.14e-3
    ring = Plate(annulus(3, 1), KirchhoffPlate(float(STIFF), nu=0.3, p=5e3), {"outer": "clamped", "inner": "free"})
    assert 1e-5 < scales(ring).outputs["w"] < 1e-3


def test_a_plate_without_a_load_has_the_size_of_what_its_edges_do():
    edges = {"left": {"w": 0, "M_n": 1e3}, "right, bottom, top": "simply_supported"}
    sizes = scales(RectangularPlate(6, 4, KirchhoffPlate(STIFF, nu=0.2, p=0), edges)).outputs
    # Over half of the shorter side: what the shears would be in balance with.
    assert sizes["kirchhoff"] == pytest.approx(sizes["V_n"] / 2)
    assert 100 < sizes["M_n"] < 1e3


def test_a_quantity_that_vanishes_has_a_tenth_of_what_the_deflection_would_come_with():
    """Equal moments at both ends bend a strip to a part of a circle, without a shear: w = M L^2 / (8 D)."""
    edges = {"left, right": {"w": 0, "M_n": 1e3}, "bottom, top": "guided"}
    sizes = scales(RectangularPlate(6, 4, KirchhoffPlate(float(STIFF), nu=0, p=0), edges)).outputs
    assert sizes["w"] == pytest.approx(1e3 * 6**2 / (8 * STIFF), rel=0.05)
    assert sizes["V_n"] == pytest.approx(0.1 * sizes["w"] * STIFF / 2**3)


def test_sizes_are_found_once_for_each_plate():
    plate = slab()
    assert scales(plate) is scales(plate)
    assert scales(plate) is not scales(slab())


def test_parameters_are_in_the_middle_of_their_ranges():
    h = Symbol("h")
    given = {"D": flexural_rigidity(30e9, h, 0.2), "nu": 0.2, "p": 5e3}
    family = RectangularPlate(6, 4, KirchhoffPlate(**given, parameters={"h": (0.1, 0.3)}), "simply_supported")
    sizes = scales(family)
    assert sizes.inputs["h"] == pytest.approx((0.2, 0.1))
    # Of a family the polynomial does not know what the load does at the corners.
    assert sizes.outputs["w"] == pytest.approx(scales(slab()).outputs["w"], rel=2e-3)
    assert sizes.outputs["w"] != pytest.approx(scales(slab(force=1.05)).outputs["w"] * 1.05, rel=2e-3)
    with pytest.raises(ValueError, match=r"must say from where to where each goes, as in {'h': \(low, high\)}"):
        scales(RectangularPlate(6, 4, KirchhoffPlate(**given, parameters=["h"]), "simply_supported"))


def test_fields_have_no_known_size():
    with pytest.raises(ValueError, match=r"the size of a field is not known. Found q"):
        scales(RectangularPlate(6, 4, KirchhoffPlate(STIFF, 0.2, "q"), "simply_supported"))
