"""Plates that something must hold in their place."""

import pytest

from modulus_relobralo.plates import EdgeSupport, KirchhoffPlate, Plate, RectangularPlate
from modulus_relobralo.problems import circle


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


def on_corners(corners, edges="free"):
    return RectangularPlate(1, 1, KirchhoffPlate(D=1, nu=0.3, p=1), edges, corners=corners)


def test_corners_hold_a_plate_where_three_of_them_do():
    four = on_corners("all")
    assert len(four.corners) == 4
    assert all(four.conditions[name] == {"w": 0} for name in four.shape.corners)
    three = on_corners("corner_left_bottom, corner_bottom_right, corner_top_left")
    assert three.conditions["corner_right_top"] == {"R": 0}
    with pytest.raises(ValueError, match="Found that it can tilt:"):
        on_corners(["corner_left_bottom", "corner_right_top"])


@pytest.mark.parametrize(
    ("corners", "edges", "message"),
    [
        ("corner_left_top", "free", r"each once: corner_left_bottom, .*\. Found 'corner_left_top'"),
        (["corner_top_left", "corner_top_left"], "free", "Found 'corner_top_left', 'corner_top_left'"),
        ("corner_left_bottom", ONE, "corner_bottom_right, corner_right_top. Found 'corner_left_bottom'"),
        ("all", "clamped", "here there are none. Found 'all'"),
    ],
)
def test_corners_that_cannot_rest_on_a_point_are_refused(corners, edges, message):
    with pytest.raises(ValueError, match=message):
        on_corners(corners, edges)


def test_soil_holds_a_plate():
    square("free", winkler=1.0)
    square(ONE, pasternak=1.0)
    with pytest.raises(ValueError, match="it can move up and down:"):
        square("free", pasternak=1.0)


def test_a_round_edge_holds_a_plate_alone():
    Plate(circle(1), KirchhoffPlate(D=1, nu=0.3, p=1), "simply_supported")
    with pytest.raises(ValueError, match="it can move up and down:"):
        Plate(circle(1), KirchhoffPlate(D=1, nu=0.3, p=1), "guided")
