"""How the edges of a plate are held, and plates that nothing holds in their place."""

import math

import numpy as np
import pytest
from autograd_fields import evaluate, points
from sympy import Float, Function, Symbol, symbols

from modulus_relobralo.plates import (
    EdgeCondition,
    EdgeSupport,
    KirchhoffPlate,
    Orthotropic,
    Patch,
    Plate,
    RectangularPlate,
    flexural_rigidity,
)
from modulus_relobralo.plates.polynomial import fit
from modulus_relobralo.plates.values import ClosedDeflection, quantities
from modulus_relobralo.problems import Polygon, Rectangle, WithHoles, circle

X, Y = symbols("x y")
EQUATION = KirchhoffPlate(D=1.5, nu=0.2, p=0.7)


@pytest.mark.parametrize(
    ("held", "conditions"),
    [
        ("clamped", {"w": 0, "slope_n": 0}),
        ("simply_supported", {"w": 0, "M_n": 0}),
        ("free", {"V_n": 0, "M_n": 0}),
        ("guided", {"V_n": 0, "slope_n": 0}),
        (EdgeSupport(k_w=3.0), {"spring": 0, "M_n": 0}),
        (EdgeSupport(w=0, k_slope=X + 1), {"w": 0, "restraint": 0}),
        ({"w": 0.01, "slope_n": -0.02}, {"w": 0.01, "slope_n": -0.02}),
        ({"V_n": 5.0, "M_n": 2 * X}, {"V_n": 5.0, "M_n": 2 * X}),
        (EdgeSupport(k_w=3.0, V_n=1.0), {"spring": 1.0, "M_n": 0}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_holds_on_an_edge(held, conditions):
    plate = RectangularPlate(2, 2, EQUATION, {"left": held, "right": "clamped", "bottom, top": "guided"})
    assert plate.conditions["left"] == conditions
    assert set(plate.equations) >= {name for name in conditions if name != "w"}
    assert plate.conditions["right"] == EdgeCondition.CLAMPED.support.conditions


def test_corners_have_a_condition_where_no_edge_holds_the_deflection():
    edges = {"left": "clamped", "right": "free", "bottom": {"k_w": 2.0}, "top": "simply_supported"}
    assert set(RectangularPlate(2, 2, EQUATION, edges).conditions) == {*edges, "corner_bottom_right"}


@pytest.mark.parametrize(
    ("held", "found"),
    [
        (lambda: EdgeSupport(w=0, V_n=1), "`w` must be left out beside V_n"),
        (lambda: EdgeSupport(w=0, k_w=1), "`w` must be left out beside k_w"),
        (lambda: EdgeSupport(slope_n=0, M_n=1), "`slope_n` must be left out beside M_n"),
        (lambda: EdgeSupport(k_w=0), r"`k_w` must be in \(0, inf\). Found `k_w = 0`"),
        (lambda: EdgeSupport(k_slope=-2), r"`k_slope` must be in \(0, inf\). Found `k_slope = -2`"),
        (lambda: {"k": 3}, "`edges` must name w, V_n, .* Found {'k': 3} on the left edge"),
        (lambda: {"k_w": X - 1}, r"`k_w` must be in \(0, inf\) everywhere. Found -1"),
        (lambda: {"w": 1 / X}, r"`w` must be in \(-inf, inf\) everywhere"),
        (lambda: {"w": Symbol("h")}, "declare further symbols"),
    ],
)
def test_supports_that_contradict_themselves_are_refused(held, found):
    with pytest.raises(ValueError, match=found):
        RectangularPlate(2, 2, EQUATION, {"left": held(), "right, bottom, top": "clamped"})


def test_an_edge_that_is_named_twice_is_refused():
    with pytest.raises(ValueError, match=r"must name each edge once. Found left more than once"):
        RectangularPlate(2, 2, EQUATION, {"left, right": "free", "left": "clamped", "bottom, top": "clamped"})


def test_a_corner_force_and_the_shear_of_a_curved_edge_by_virtual_work():
    """Of any w, the integral of p is minus that of V_n and plus the corner forces: Green's formula on other shapes."""
    w = X**4 * Y + 0.3 * Y**3 * X**2 + X**3 - 0.7 * X**2 * Y**2
    for shape in (circle(1.3), Polygon([(0, 0), (2, 0), (0.5, 1.5)])):
        equation = KirchhoffPlate(D=1.5, nu=0.2, p=0, pasternak=0.4)
        plate = Plate(shape, equation, "clamped")
        load = 0.0
        nodes, weights = np.polynomial.legendre.leggauss(60)
        grid = {k: np.array(c) for k, c in zip("xy", zip(*shape.points(1000), strict=True), strict=True)}
        load = (
            quantities({"p": equation.equations["kirchhoff"]}, "w", ClosedDeflection(w), grid)["p"].mean() * shape.area
        )
        free = Plate(shape, KirchhoffPlate(D=1.5, nu=0.2, p=0, winkler=1, pasternak=0.4), "free")
        push = corners = 0.0
        for name in free.conditions:
            place = shape.parts[name].at((nodes + 1) / 2)
            quantity = "R" if name in shape.corners else "V_n"
            given = {Symbol(key): Float(value) for key, value in free.coefficients[name].items()}
            values = quantities({"": free.equations[quantity].xreplace(given)}, "w", ClosedDeflection(w), place)[""]
            if quantity == "R":
                corners += values[0]
            else:
                push += weights @ values * shape.parts[name].length / 2
        assert -push + corners == pytest.approx(load, rel=2e-3)
        assert -push - corners != pytest.approx(load, rel=2e-2) or not shape.corners
        assert plate.curved is not bool(shape.corners)


def test_an_elastic_edge_lies_between_a_free_and_a_held_one():
    """A strip, bent in one direction: a beam on springs, whose middle sinks by what the springs and the beam give."""
    k, q, D, length = 3.0, 0.8, 2.0, 1.5
    ends = {"left, right": {"k_w": k}, "bottom, top": "guided"}
    strip = RectangularPlate(length, 1, KirchhoffPlate(D, nu=0.3, p=q), ends)
    found = middle(strip, length / 2, 0.5)
    assert found == pytest.approx(q * length / 2 / k + 5 * q * length**4 / (384 * D), rel=1e-6)
    turned = RectangularPlate(length, 1, KirchhoffPlate(D, 0.3, q), {**ends, "left, right": {"w": 0, "k_slope": k}})
    # A beam whose ends are restrained: M at the ends = -q l^2 / 12 / (1 + 2 D / (k l))
    fixed = -q * length**2 / 12 / (1 + 2 * D / (k * length))
    expected = 5 * q * length**4 / (384 * D) + fixed * length**2 / (8 * D)
    assert middle(turned, length / 2, 0.5) == pytest.approx(expected, rel=1e-6)


def middle(plate, x, y):
    points = {"x": np.array([x]), "y": np.array([y])}
    return float(fit(plate, {}).derivatives(points, [(0, 0)])[0, 0][0])


# ----- stiffness and load


def test_an_isotropic_plate_is_an_orthotropic_one():
    d, nu = 2.0, 0.25
    isotropic = KirchhoffPlate(d, nu, 1).equations
    orthotropic = KirchhoffPlate(Orthotropic(d, d, nu * d, (1 - nu) * d / 2), p=1).equations
    x, y = points(2, 2, 16)
    normal = {"normal_x": 0.6 + 0 * x, "normal_y": 0.8 + 0 * x}
    for name in isotropic:
        a, b = (
            evaluate(e[name], {"w": lambda x, y: (x**4 * y - y**3 * x).sin()}, x, y, **normal)
            for e in (isotropic, orthotropic)
        )
        np.testing.assert_allclose(a.detach(), b.detach(), rtol=1e-9, atol=1e-9)
    twisted = KirchhoffPlate(Orthotropic(d, d, nu * d, 1.1 * (1 - nu) * d / 2), p=1).equations
    assert twisted["M_xy"] != orthotropic["M_xy"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"D_x": 0}, r"`D_x` must be in \(0, inf\). Found `D_x = 0.0`"),
        ({"D_xy": -1}, r"`D_xy` must be in \(0, inf\). Found `D_xy = -1.0`"),
        ({"D_1": 1.5}, "`D_1` must have a square below D_x D_y, or the material is not positive definite"),
        ({"D_1": 1 + X}, "must be in .*everywhere"),
    ],
)
def test_a_material_that_is_not_positive_definite_is_refused(given, found):
    with pytest.raises(ValueError, match=found):
        RectangularPlate(
            1,
            1,
            KirchhoffPlate(Orthotropic(**{"D_x": 2, "D_y": 1, "D_1": 0.5, "D_xy": 1, **given}), p=1),
            "simply_supported",
        )


def test_poissons_ratio_is_left_out_beside_it():
    with pytest.raises(ValueError, match="`nu` must be left out beside Orthotropic"):
        KirchhoffPlate(Orthotropic(2, 1, 0.5, 1), nu=0.3, p=1)


def test_rigidity_from_modulus_and_thickness():
    assert flexural_rigidity(E=30e9, h=0.2, nu=0.2) == pytest.approx(30e9 * 0.2**3 / 11.52)
    h = Symbol("h")
    assert flexural_rigidity(30e9, h, 0.2).subs(h, 0.2) == pytest.approx(flexural_rigidity(30e9, 0.2, 0.2))
    for name, value in {"E": 0, "h": -0.2, "nu": 0.6}.items():
        with pytest.raises(ValueError, match=f"Parameter `{name}` must be .*Found `{name} = {value}"):
            flexural_rigidity(**{"E": 1.0, "h": 1.0, "nu": 0.2, name: value})


def test_loads_add_up():
    patch = Patch.of_resultant(Rectangle(0.5, 0.2, lower=(1, 1)), 3.0)
    total = KirchhoffPlate(1, 0.3, [2.0, patch, X]).p
    assert total.subs({X: 1.2, Y: 1.1}) == pytest.approx(2 + 30 + 1.2)
    assert total.subs({X: 0.9, Y: 1.1}) == pytest.approx(2 + 0.9)
    line = Patch.along((0, 0), (3, 4), width=0.1, per_length=7.0)
    assert line.region.area * line.value == pytest.approx(5 * 7)
    assert KirchhoffPlate(1, 0.3, line).p.subs({X: 1.5, Y: 2.0}) == pytest.approx(70)
    assert KirchhoffPlate(1, 0.3, line).p.subs({X: 1.5, Y: 2.2}) == 0


def test_a_round_patch():
    load = KirchhoffPlate(1, 0.3, Patch(circle(0.5, (1, 1)), 4.0)).p
    assert [load.subs({X: 1 + d, Y: 1}) for d in (0, 0.49, 0.51)] == pytest.approx([4, 4, 0])


@pytest.mark.parametrize(
    ("make", "error", "found"),
    [
        (
            lambda: RectangularPlate(
                2, 2, KirchhoffPlate(1, 0.3, Patch(Rectangle(1, 1, (1.5, 0)), 1)), "simply_supported"
            ),
            ValueError,
            "lie on the plate",
        ),
        (
            lambda: RectangularPlate(
                2, 2, KirchhoffPlate(1, 0.3, 1, winkler=Patch(circle(1, (2, 1)), 1)), "simply_supported"
            ),
            ValueError,
            "lie on",
        ),
        (lambda: beside_a_hole(Rectangle(3, 3, (0.5, 0.5))), ValueError, "clear of its holes. Found Rectangle"),
        (lambda: beside_a_hole(Rectangle(1, 1, (1, 1.5))), ValueError, "clear of its holes. Found Rectangle"),
        (
            lambda: RectangularPlate(2, 2, KirchhoffPlate(1, 0.3, 1, winkler=X - 1), "simply_supported"),
            ValueError,
            "`winkler` must be in",
        ),
        (lambda: KirchhoffPlate(1, 0.3, 1, winkler=-1), ValueError, r"`winkler` must be in \[0, inf\)"),
        (lambda: KirchhoffPlate(1, 0.3, 1, pasternak=-1), ValueError, r"`pasternak` must be in \[0, inf\)"),
        (lambda: Patch("here", 1), TypeError, "`region` must be a Rectangle, Ellipse or Polygon"),
        (lambda: Patch(Polygon([(0, 0), (2, 0), (2, 2), (1.5, 0.5)]), 1), ValueError, "`region` must be convex"),
        (lambda: KirchhoffPlate(1, 0.3, 1, parameters={"h": (2, 1)}), ValueError, r"a pair \(low, high\)"),
        (
            lambda: KirchhoffPlate(1, 0.3, 1, parameters={"h": 2}),
            ValueError,
            r"a pair \(low, high\). Found .* = 2`",
        ),
        (lambda: KirchhoffPlate(1, 0.3, 1, parameters={"h": (1, 2, 3)}), ValueError, r"Found .*\(1, 2, 3\)"),
        (lambda: Plate("square", EQUATION), TypeError, "`shape` must be a shape"),
        (
            lambda: RectangularPlate(1, 1, KirchhoffPlate(1, 0.3, "curvature"), "simply_supported"),
            ValueError,
            "Found curvature",
        ),
        (
            lambda: RectangularPlate(
                1, 1, KirchhoffPlate(1, 0.3, Symbol("k_w"), parameters=["k_w"]), "simply_supported"
            ),
            ValueError,
            "Found k_w",
        ),
    ],
)
def test_loads_and_soil_that_are_none_are_refused(make, error, found):
    with pytest.raises(error, match=found):
        make()


def beside_a_hole(region):
    shape = WithHoles(Rectangle(4, 4), {"hole": circle(0.5, (2, 2))})
    return Plate(
        shape, KirchhoffPlate(1, 0.3, Patch(region, 1)), {"left, right, bottom, top": "clamped", "hole": "free"}
    )


def test_a_patch_beside_a_hole_is_taken():
    assert beside_a_hole(Rectangle(1, 1, (0.5, 0.5))).dense == (Rectangle(1, 1, (0.5, 0.5)),)


def test_the_soil_of_a_free_plate_carries_it_evenly():
    plate = RectangularPlate(2, 1, KirchhoffPlate(1.5, 0.3, 0.7, winkler=20.0, pasternak=3.0), "free")
    assert middle(plate, 1, 0.5) == pytest.approx(0.7 / 20)
    assert plate.equations["kirchhoff"].has(Function("w")(X, Y))
    assert math.isclose(middle(plate, 0.1, 0.1), 0.7 / 20, rel_tol=1e-6)


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
