"""What a plate is given that cannot be, or can hardly be meant."""

import warnings

import pytest
from sympy import Symbol, exp

from modulus_relobralo.plates import KirchhoffPlate, Orthotropic, Patch, Plate, RectangularPlate, flexural_rigidity
from modulus_relobralo.plates.scaling import scales
from modulus_relobralo.problems import Polygon, Rectangle

X, Y = Symbol("x"), Symbol("y")
E, H, NU = 30e9, 0.2, 0.3
D = flexural_rigidity(E, H, NU)


def slab(edges="simply_supported", corners=(), **given):
    return RectangularPlate(5, 5, KirchhoffPlate(**{"D": D, "nu": NU, "p": 5e3, **given}), edges, corners=corners)


def test_edges_that_are_left_out_are_named():
    with pytest.raises(ValueError, match=r"how each of left, right, bottom, top is held.*Found none"):
        slab(edges=None)
    with pytest.raises(ValueError, match=r"name each of left, right, bottom, top.*Found `edges` for left, right"):
        slab(edges={"left, right": "clamped"})


def test_a_plate_on_which_nothing_acts_is_refused():
    unloaded = KirchhoffPlate(D, NU)
    with pytest.raises(ValueError, match=r"`p` must be given, or something that acts on an edge"):
        RectangularPlate(5, 5, unloaded, "simply_supported")
    for acts in ({"w": 0, "M_n": 1e3}, {"V_n": 2e3}):
        RectangularPlate(5, 5, unloaded, {"left": acts, "right, bottom, top": "simply_supported"})
    RectangularPlate(5, 5, KirchhoffPlate(D, NU, winkler=1e7), "free", corners={"corner_left_bottom": 0.01})
    # A load of zero that was written down is meant.
    slab(p=0.0)


def test_poissons_ratio_is_that_of_the_stiffness():
    with pytest.raises(ValueError, match=r"`nu` must be the one.*Found `nu = 0.0`, and `D` of nu = 0.3"):
        slab(nu=0.0)
    # Of a number or an expression nobody knows what it was computed with.
    slab(D=float(D), nu=0.0)
    slab(D=flexural_rigidity(E, H + X / 50, NU), nu=0.0)
    assert isinstance(slab(D=Orthotropic(2e7, 1e7, 2e6, 4e6), nu=None), Plate)


def dip(width, depth=0.3):
    """A thickness of 0.2 m with a dip of a width, far from any coarse grid."""
    return flexural_rigidity(E, H - depth * exp(-((X - 2.3) ** 2 + (Y - 2.2) ** 2) / width**2), NU)


@pytest.mark.parametrize("width", [1.0, 0.1, 0.05])
def test_a_thickness_that_is_below_zero_somewhere_is_refused(width):
    with pytest.raises(ValueError, match=r"`D` must be in \(0, inf\) everywhere. Found -.* at \(2"):
        slab(D=dip(width))
    slab(D=dip(width, depth=0.15))


@pytest.mark.parametrize("lower", [(1.1, 1.1), (0.02, 4.7), (2.51, 0.01)])
def test_a_column_that_pushes_is_refused_wherever_it_is(lower):
    region = Rectangle(0.1, 0.1, lower)
    with pytest.raises(ValueError, match=r"`winkler` must be in \[0, inf\) everywhere. Found -1e\+09"):
        slab(winkler=Patch(region, -1e9))
    # Less soil than elsewhere is soil.
    slab(winkler=[2e9, Patch(region, -1e9)])


def test_a_deflection_that_jumps_at_a_corner_is_refused():
    with pytest.raises(ValueError, match=r"Found w = 0.01 of left and 0 of bottom at corner_left_bottom"):
        slab({"left": {"w": 0.01}, "right, bottom, top": "simply_supported"})
    falls = {"w": 0.01 * (1 - X / 5)}
    slab({"left": {"w": 0.01}, "right": "simply_supported", "bottom, top": falls})
    slab({"left": {"w": 0.01}, "right": "simply_supported", "bottom, top": "free"})


def test_a_kink_at_a_corner_is_refused():
    falls = {"w": 0.01 * (1 - X / 5)}
    with pytest.raises(ValueError, match=r"left and bottom make a kink at corner_left_bottom"):
        slab({"left": {"w": 0.01, "slope_n": 0}, "right": "simply_supported", "bottom, top": falls})
    # Outwards, to the left, it rises by 0.01 on 5 m: the slope that the edges beside it have.
    slab({"left": {"w": 0.01, "slope_n": 0.01 / 5}, "right": "simply_supported", "bottom, top": falls})
    triangle = Polygon([(0, 0), (2, 0), (0, 2)], names=["bottom", "slope", "left"])
    tilted = {"w": 0.01 * X + 0.02 * Y}
    Plate(triangle, KirchhoffPlate(D, NU, 5e3), tilted)
    with pytest.raises(ValueError, match=r"make a kink"):
        Plate(triangle, KirchhoffPlate(D, NU, 5e3), {"bottom, left": tilted, "slope": {**tilted, "slope_n": 0}})


def test_corners_may_settle():
    plate = slab("free", corners={"corner_left_bottom": 0.01, "corner_bottom_right, corner_right_top": 0})
    assert plate.corners == ("corner_left_bottom", "corner_bottom_right", "corner_right_top")
    assert plate.conditions["corner_left_bottom"] == {"w": 0.01}
    assert plate.conditions["corner_right_top"] == {"w": 0}
    assert plate.conditions["corner_top_left"] == {"R": 0}
    with pytest.raises(ValueError, match=r"must name corners between edges.*Found 'corner_left'"):
        slab("free", corners={"corner_left": 0.01})
    with pytest.raises(TypeError, match=r"`corners` must hold names of corners. Found `corners = 3`"):
        slab("free", corners=3)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"D": flexural_rigidity(30e3, H, NU)}, "deflects by .*: is E in Pa"),
        ({"p": 5e9}, "p in N/m"),
        ({"D": flexural_rigidity(E, 200.0, NU)}, "200 thick and 5 wide: is h in m"),
        ({"D": flexural_rigidity(E, 0.02, NU), "p": 10.0}, "0.02 thick and 5 wide"),
        ({"D": flexural_rigidity(E, 0.03, NU), "p": 2e3}, "more than half of its thickness"),
    ],
)
def test_what_can_hardly_be_meant_is_said_once(given, found):
    plate = slab(**given)
    with pytest.warns(UserWarning, match=found):
        scales(plate)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scales(plate)
        scales(slab())
