"""Corners at which moments or shears have no bound: powers of the literature, and plates of it."""

import math

import numpy as np
import pytest
import torch
from sympy import Symbol

from modulus_relobralo.plates import KirchhoffPlate, Orthotropic, Plate, RectangularPlate
from modulus_relobralo.plates.corners import corner_functions, loaded_corners, powers, unbounded
from modulus_relobralo.plates.polynomial import fit
from modulus_relobralo.plates.results import results
from modulus_relobralo.plates.singular import KnownDeflection
from modulus_relobralo.plates.supports import EdgeSupport
from modulus_relobralo.plates.values import quantities
from modulus_relobralo.problems import Polygon

HELD = {"S": EdgeSupport(w=0), "C": EdgeSupport(w=0, slope_n=0), "F": EdgeSupport()}
L = Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)])


def of(kinds, degrees, nu=0.3):
    return powers(math.radians(degrees), [HELD[kind] for kind in kinds], nu)


def test_powers_of_the_literature():
    """Clamped: sin(k alpha) = +- k sin(alpha), s = k + 1; the first two of 270 degrees are 1.544484 and 1.908529."""
    first, second, *_ = of("CC", 270)
    assert (first.real, second.real) == pytest.approx((1.544484, 1.908529), abs=1e-6)
    for s in of("CC", 270) + of("CC", 90):
        k, alpha = s - 1, math.radians(270) if s in of("CC", 270) else math.radians(90)
        assert min(abs(np.sin(k * alpha) - sign * k * np.sin(alpha)) for sign in (1, -1)) < 1e-8
    # Simply supported: multiples of pi over the angle, and these plus two.
    assert [s.real for s in of("SS", 120)] == pytest.approx([1.5, 3.5, 4.5])
    # Clamped beside free: sin^2(k alpha) = (4 - (1 - nu)^2 k^2 sin^2(alpha)) / ((3 + nu) (1 - nu)).
    for nu in (0.0, 0.3):
        for s in of("CF", 90, nu):
            k = s - 1
            right = (4 - (1 - nu) ** 2 * k**2) / ((3 + nu) * (1 - nu))
            assert abs(np.sin(k * np.pi / 2) ** 2 - right) < 1e-8
    # Poisson's ratio is in none that hold the deflection or the slope alone, and in that.
    assert of("CC", 120, 0.0) == of("CC", 120, 0.3)
    assert abs(of("CF", 90, 0.0)[0] - of("CF", 90, 0.3)[0]) > 1e-2


def test_which_corners_have_no_bound():
    equation = KirchhoffPlate(1, 0.3, 1)
    assert unbounded(Plate(L, equation, "simply_supported")) == {"corner_edge_3_edge_4": "moments"}
    assert unbounded(RectangularPlate(2, 1, equation, "simply_supported")) == {}
    assert unbounded(RectangularPlate(2, 1, equation, "clamped")) == {}
    three = RectangularPlate(2, 1, equation, {"left, right, bottom": "clamped", "top": "free"})
    assert unbounded(three) == {"corner_right_top": "shears", "corner_top_left": "shears"}
    other = KirchhoffPlate(Orthotropic(2, 1, 0.3, 0.5), p=1)
    assert corner_functions(Plate(L, other, "simply_supported")) == ()


@pytest.mark.parametrize("kinds", ["SS", "CF", "FF", "CS"])
def test_the_functions_hold_what_the_edges_hold(kinds):
    """An edge and the next one around a corner of 110 degrees, at an angle to the axes."""
    nu, turn, angle = 0.2, 0.4, math.radians(110)
    tip, far = (0.3, -0.2), [(math.cos(turn + a), math.sin(turn + a)) for a in (0, angle)]
    vertices = [tip, *[(tip[0] + x, tip[1] + y) for x, y in far]]
    held = dict(zip(("edge_3", "edge_1"), kinds, strict=True))
    edges = {**{name: HELD[kind] for name, kind in held.items()}, "edge_2": "clamped"}
    plate = Plate(Polygon(vertices), KirchhoffPlate(2.0, nu, 0.0), edges)
    functions = [f for f in corner_functions(plate, 4.5) if math.dist((f.x, f.y), tip) < 1e-9]
    assert functions
    for function in functions:
        one = KnownDeflection([function])
        for edge in held:
            at = plate.shape.edges[edge].at(np.array([0.2, 0.5, 0.8]))
            held_there = plate.conditions[edge]
            wanted = {name: plate.expression(name) for name in ("w", "slope_n", "M_n", "V_n")}
            found = quantities(wanted, "w", one, at)
            for name, values in found.items():
                if name in held_there:
                    np.testing.assert_allclose(values, 0, atol=1e-7)
                else:
                    # The control: what is not held there is not zero, but where it changes its sign.
                    assert np.abs(values).max() > 1e-3
        x, y = (tip[k] + 0.1 * far[0][k] + 0.2 * far[1][k] for k in (0, 1))
        inside = {"x": np.array([x]), "y": np.array([y])}
        assert np.abs(quantities({"p": plate.equations["kirchhoff"]}, "w", one, inside)["p"]).max() < 1e-6


def test_what_a_load_does_at_a_right_angle():
    """Simply supported: q/D (y^4/24 + Im(conj(z) z^3 (log z - 1/3)) / (12 pi)); its logarithm is not smooth."""
    q, D = 3.0, 2.0
    plate = RectangularPlate(2, 2, KirchhoffPlate(D, 0.3, q), "simply_supported")
    (function,) = (f for f in loaded_corners(plate) if (f.x, f.y) == (0.0, 0.0))
    place = np.array([[0.5, 0.1], [0.3, 0.3], [0.2, 0.9], [1e-2, 2e-2], [1.2, 0.7], [0.7, 1.1], [0.9, 0.05]])
    z = place[:, 0] + 1j * place[:, 1]
    known = q / D * (z.conj() * z**3 * np.log(z)).imag / (12 * np.pi)
    rest = KnownDeflection([function]).derivatives({"x": place[:, 0], "y": place[:, 1]}, [(0, 0)])[0, 0] - known
    # What is left is a polynomial of fourth degree: r^4 times sines and cosines.
    r, angle = np.abs(z), np.angle(z)
    smooth = np.stack([r**4 * f(k * angle) for k in (2, 4) for f in (np.sin, np.cos)], axis=1)
    left = smooth @ np.linalg.lstsq(smooth, rest, rcond=None)[0] - rest
    assert np.abs(left).max() < 1e-9
    # The control: the logarithm is none.
    left = smooth @ np.linalg.lstsq(smooth, known, rcond=None)[0] - known
    assert np.abs(left).max() > 1e-3
    # Of a load that varies it is that at the tip; where r^4 holds what holds on the edges, there is nothing.
    growing = loaded_corners(RectangularPlate(2, 2, KirchhoffPlate(D, 0.3, Symbol("x")), "simply_supported"))
    assert {(f.x, f.y, f.load) for f in growing} == {(2.0, 0.0, 1.0), (2.0, 2.0, 1.0)}
    assert loaded_corners(RectangularPlate(2, 2, KirchhoffPlate(D, 0.3, q), "clamped")) == ()


def test_a_square_with_what_its_load_does_at_the_corners():
    """Timoshenko and Woinowsky-Krieger, table 8, nu = 0.3: a force of 0.065 q a^2 at each corner."""
    plate = RectangularPlate(1, 1, KirchhoffPlate(1, 0.3, 1), "simply_supported")
    found = results(plate, fit(plate, {}, degree=14))
    assert found.corners["corner_left_bottom"][2] == pytest.approx(-0.0650, abs=5e-5)
    assert found.verdict.within < 1e-3


def test_derivatives_are_those_of_autograd():
    (function, *_) = corner_functions(Plate(L, KirchhoffPlate(1, 0.3, 1), "simply_supported"))
    x = torch.tensor([[0.4, 0.7], [1.5, 0.4]], dtype=torch.float64, requires_grad=True)
    slopes = torch.eye(2, dtype=torch.float64)
    value = function.derivative(x, slopes, (0, 0))
    for order in ((1, 0), (1, 1), (1, 2), (2, 2)):
        (grad,) = torch.autograd.grad(value.sum(), x, create_graph=True)
        value = grad[:, 0 if order[0] > 0 and order in ((1, 0), (2, 2)) else 1]
        torch.testing.assert_close(function.derivative(x, slopes, order), value)


def skew(degrees):
    angle = math.radians(degrees)
    x, y = math.cos(angle), math.sin(angle)
    return Plate(Polygon([(0, 0), (1, 0), (1 + x, y), (x, y)]), KirchhoffPlate(1, 0.3, 1), "simply_supported")


@pytest.mark.parametrize(
    ("degrees", "w", "M_1", "M_2"), [(60, 2.56e-3, 4.25e-2, 3.33e-2), (30, 0.408e-3, 1.91e-2, 1.08e-2)]
)
def test_skew_plates_of_morley(degrees, w, M_1, M_2):
    """L. S. D. Morley, Skew Plates and Structures, Pergamon 1963: the middle of simply supported rhombi."""
    plate = skew(degrees)
    (x0, y0), (x1, y1) = plate.shape.bounds
    found = results(plate, fit(plate, {})).at((x0 + x1) / 2, (y0 + y1) / 2)
    assert (found["w"], found["M_1"], found["M_2"]) == pytest.approx((w, M_1, M_2), rel=1e-2)


@pytest.mark.parametrize("edges", ["L", "cantilever"])
def test_reactions_within_a_zone_are_in_balance(edges):
    """Where they have no bound, points along the edges cannot say what they sum to."""
    if edges == "L":
        plate = Plate(L, KirchhoffPlate(1, 0.3, [1, 0.5 * Symbol("x")], winkler=3.0, pasternak=0.2), "simply_supported")
    else:
        plate = RectangularPlate(1.5, 1, KirchhoffPlate(1, 0.3, 1), {"left": "clamped", "right, bottom, top": "free"})
    deflection = fit(plate, {}, degree=14)
    found = results(plate, deflection)
    assert max(map(abs, found.equilibrium)) < 1e-3
    assert found.zones
    assert all(zone.holds(*map(np.array, found.corners[name][:2])) for name, zone in found.zones.items())
    # Extremes are those beyond: at the tip a moment is many times as large.
    if edges == "L":
        assert found.at(1, 1)["M_2"] < 3 * found.extremes()["M_2"]["min"][0] < 0
    # The control: a smooth deflection alone, which does not know of the corner.
    deflection.coefficients = deflection.coefficients.copy()
    deflection.coefficients[len(deflection.degrees) :] = 0
    assert max(map(abs, results(plate, deflection).equilibrium)) > 2e-2
