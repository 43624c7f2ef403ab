"""Plates that something must hold in their place."""

import pytest

from modulus_relobralo.geometry import circle
from modulus_relobralo.plates import EdgeSupport, KirchhoffPlate, Plate, RectangularPlate


def square(edges, **soil):
    return RectangularPlate(1, 1, KirchhoffPlate(D=1, nu=0.3, p=1, **soil), edges)


ONE = {"left": "simply_supported", "right, bottom, top": "free"}


@pytest.mark.parametrize(
    ("edges", "motion"),
    [
        ("free", "move up and down and tilt"),
        (ONE, "tilt"),
        ("guided", "move up and down"),
        ({**ONE, "left": "guided"}, "move up and down and tilt"),
    ],
    ids=["free", "one edge held", "guided", "one edge guided"],
)
def test_a_plate_that_can_move_is_refused(edges, motion):
    with pytest.raises(ValueError, match=f"must hold the plate in its place. Found that it can {motion}: hold"):
        square(edges)


@pytest.mark.parametrize(
    "edges",
    [
        {**ONE, "left": "clamped"},
        {**ONE, "left": EdgeSupport(w=0, k_slope=2.0)},
        {"left, bottom": "simply_supported", "right, top": "free"},
        {**ONE, "left": {"k_w": 3.0, "k_slope": 2.0}},
        {"left": "guided", "right": "simply_supported", "bottom, top": "free"},
    ],
    ids=["clamped", "restrained", "two edges", "springs", "guided and held"],
)
def test_one_that_cannot_is_not(edges):
    square(edges)


def test_soil_holds_a_plate():
    square("free", winkler=1.0)
    square(ONE, pasternak=1.0)
    with pytest.raises(ValueError, match="it can move up and down:"):
        square("free", pasternak=1.0)


def test_a_round_edge_holds_a_plate_alone():
    Plate(circle(1), KirchhoffPlate(D=1, nu=0.3, p=1), "simply_supported")
    with pytest.raises(ValueError, match="it can move up and down:"):
        Plate(circle(1), KirchhoffPlate(D=1, nu=0.3, p=1), "guided")
