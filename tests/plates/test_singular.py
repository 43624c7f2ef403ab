"""What is not smooth in a deflection: poles in holes, loads that jump, and plates that are trained with and without."""

import dataclasses
import math

import numpy as np
import pytest
import textbook
import torch
from differentiated import all_derivatives, differentiated, worst
from scipy.integrate import dblquad
from sympy import Function, Symbol
from torch import nn
from trained_plates import trained

from modulus_relobralo.plates import KirchhoffPlate, Orthotropic, Patch, Plate, RectangularPlate, flexural_rigidity
from modulus_relobralo.plates.polynomial import fit
from modulus_relobralo.plates.scaling import PlateNetwork, Scales, scales
from modulus_relobralo.plates.singular import (
    LoadedDisc,
    LoadedRectangle,
    jet_with_deflection,
    loaded_patches,
    with_deflection,
    with_poles,
)
from modulus_relobralo.plates.values import quantities
from modulus_relobralo.problems import Ellipse, Polygon, Rectangle, annulus, circle
from modulus_relobralo.taylor import TaylorDerivatives
from modulus_relobralo.taylor.jets import Jet, seed

POLES = [(0.2, -0.1, 0.3, 1.0), (-0.7, 0.5, 0.2, 1.0)]
D, NU, Q = flexural_rigidity(E=30e9, h=0.2, nu=0.3), 0.3, 5e4
RECTANGLE = LoadedRectangle(0.3, -0.2, 0.9, 0.5, size=1.7, load=2.5)
DISC = LoadedDisc(0.6, 0.1, 0.5, size=1.7, load=2.5)
PATCHES = (RECTANGLE, RECTANGLE._replace(y_2=0.1, angle=0.7), DISC)
INSIDE, OUTSIDE = [(0.5, 0.1), (0.6, 0.45), (0.31, -0.19)], [(-1.0, 0.3), (2.0, -1.0), (-1.0, -0.2), (0.95, 1.2)]
LAPLACIAN, BIHARMONIC = (((2, 0), 1.0), ((0, 2), 1.0)), (((4, 0), 1.0), ((2, 2), 2.0), ((0, 4), 1.0))
REGION = Rectangle(1.2, 0.8, lower=(2.4, 1.6))
X, Y = Symbol("x"), Symbol("y")
OPERATORS = {"anisotropic": {"w__x__x__x__x": 1.0, "w__x__x__y__y": 3.0, "w__h__y": 0.5}}


@pytest.fixture
def points():
    """Two coordinates and a parameter, in the loaded rectangles and on all sides of them."""
    torch.manual_seed(0)
    x = 2 * torch.rand(12, 3, dtype=torch.float64) - 0.6
    return {name: column[:, None].requires_grad_() for name, column in zip("xyh", x.T, strict=True)}


def network(poles=(), patches=()):
    core = nn.Sequential(nn.Linear(3 + 3 * len(poles), 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
    for parameter in core.parameters():
        nn.init.normal_(parameter, std=0.5)
    inputs = {"x": (0.1, 1.2), "y": (0.2, 0.8), "h": (2.0, 3.0)}
    return PlateNetwork(core, Scales(inputs, {"w": 2.0}, tuple(poles), tuple(patches))).double()


def derived(net, points, names):
    return TaylorDerivatives(net, list("xyh"), ["w"], names, OPERATORS, compiled=False)(points)


def test_on_a_round_hole_they_are_what_they_are_said_to_be():
    angle = torch.linspace(0, 6, 9, dtype=torch.float64)
    x_0, y_0, a, length = POLES[0]
    for r in (a, 2 * a):
        x = torch.stack([x_0 + r * angle.cos(), y_0 + r * angle.sin(), 7 + 0 * angle], dim=1)
        log, right, up = with_poles(POLES[:1], x, x[:, :0]).T * length / a
        torch.testing.assert_close(log, torch.full_like(angle, r / a).log())
        torch.testing.assert_close(right, angle.cos() * a / r)
        torch.testing.assert_close(up, angle.sin() * a / r)


@pytest.mark.parametrize(
    ("poles", "patches"), [(POLES, ()), ((), PATCHES), (POLES[1:], PATCHES)], ids=["holes", "loads", "both"]
)
def test_derivatives_and_operators_of_a_network_with_them(points, poles, patches):
    net = network(poles, patches)
    names = [*all_derivatives("xyh", "w"), *OPERATORS["anisotropic"]]
    expected = differentiated({"w": net(torch.cat(list(points.values()), dim=-1))}, points, names)
    assert worst(derived(net, points, names), expected) < 1e-12
    xxxx, xxyy, yyyy = (expected[f"w__{by}"] for by in ("x__x__x__x", "x__x__y__y", "y__y__y__y"))
    found = derived(net, points, ["biharmonic_w", "anisotropic"])
    torch.testing.assert_close(found["biharmonic_w"], xxxx + 2 * xxyy + yyyy)
    torch.testing.assert_close(found["anisotropic"], xxxx + 3 * xxyy + 0.5 * expected["w__h__y"])
    # The control: with a pole elsewhere, or without a load, the derivatives are others.
    net.poles = [(x, y + 0.1, *rest) for x, y, *rest in poles]
    net.patches = patches[:1]
    assert worst(derived(net, points, names), expected) > 1e-3


def plate(p, D=D, **given):
    nu = {} if isinstance(D, Orthotropic) else {"nu": NU}
    return RectangularPlate(6, 4, KirchhoffPlate(D, p=p, **nu, **given), "simply_supported")


def patches_of(plate):
    return loaded_patches(plate.equation, plate.shape)


def test_rectangles_and_discs_with_a_number_for_a_load_have_one():
    (found,) = patches_of(plate([5e3, Patch(REGION, Q)]))
    assert found[:4] == pytest.approx((2.4, 1.6, 3.6, 2.4))
    assert (found.size, found.load) == (2.0, pytest.approx(Q / D))
    assert len(patches_of(plate([Patch(REGION, Q), Patch(REGION, -Q)]))) == 2
    # Where D varies, that in the middle, x = 3 and y = 2.
    (found,) = patches_of(plate(Patch(REGION, Q), D=D * (1 + X / 6 + Y / 8)))
    assert found.load == pytest.approx(Q / D / 1.75)
    (found,) = patches_of(plate(Patch(circle(0.5, center=(3, 2)), Q)))
    assert (found.x, found.y, found.radius, found.load) == (3.0, 2.0, 0.5, pytest.approx(Q / D))
    # A line load is a rectangle, at whatever angle: its ends are where they were said to be.
    (along,) = patches_of(plate(Patch.along((1, 1), (4, 3), 0.2, 2e4)))
    cos, sin = math.cos(along.angle), math.sin(along.angle)
    middle = (along.x_1 + along.x_2) / 2, (along.y_1 + along.y_2) / 2
    assert (cos * middle[0] - sin * middle[1], sin * middle[0] + cos * middle[1]) == pytest.approx((2.5, 2.0))
    sides = sorted((along.x_2 - along.x_1, along.y_2 - along.y_1))
    assert sides == pytest.approx([0.2, math.hypot(3, 2)])
    assert along.load == pytest.approx(1e5 / D)


@pytest.mark.parametrize(
    "other",
    [
        lambda: plate(5e3),
        lambda: plate(Patch(Ellipse(0.5, 0.4, center=(3, 2)), Q)),
        lambda: plate(Patch(Polygon([(2, 1), (4, 1), (3, 2)]), Q)),
        lambda: plate(Patch(Polygon([(2, 1), (4, 1), (4.1, 2), (2, 2)]), Q)),
        lambda: plate(Patch(REGION, Q * X)),
        lambda: plate(Patch(REGION, 0.0)),
        lambda: plate(Patch(REGION, Q), D=Orthotropic(20e6, 5e6, 2e6, 4e6)),
        lambda: plate(Patch(REGION, Symbol("q")), parameters={"q": (1e3, 1e4)}),
        lambda: plate(5e3, winkler=Patch(REGION, 1e7)),
    ],
    ids=["everywhere", "ellipse", "triangle", "trapezium", "expression", "zero", "orthotropic", "parameter", "soil"],
)
def test_other_loads_have_none(other):
    assert patches_of(other()) == ()


def at(places):
    return torch.tensor(places, dtype=torch.float64)


def derivatives(places, channels, rectangle=RECTANGLE):
    """Return what a rectangle adds to a deflection of zero, [channels, points]."""
    nothing = Jet(((0, 0),), torch.zeros(1, len(places), 1, dtype=torch.float64))
    return jet_with_deflection([rectangle], seed(places, [0, 1]), nothing, channels).dense[..., 0]


def deflection(places, rectangle):
    return with_deflection([rectangle], places, places.new_zeros(len(places), 1))


def channel(places, which, rectangle=RECTANGLE):
    return derivatives(at(places), (which,), rectangle)[0]


def test_its_equation_holds_on_the_rectangle_and_beside_it():
    torch.testing.assert_close(channel(INSIDE, BIHARMONIC), torch.full((3,), 2.5, dtype=torch.float64))
    torch.testing.assert_close(channel(OUTSIDE, BIHARMONIC), torch.zeros(4, dtype=torch.float64), atol=1e-12, rtol=0)


def turned(places, angle):
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return (np.array(places) @ turn).tolist()


def test_a_turned_rectangle_does_the_same_in_turned_axes():
    places = [*INSIDE, *OUTSIDE]
    for which in (LAPLACIAN, BIHARMONIC, (0, 0)):
        straight = channel(places, which)
        torch.testing.assert_close(channel(turned(places, 0.7), which, RECTANGLE._replace(angle=0.7)), straight)
        # The control: turned the other way.
        assert not torch.allclose(channel(turned(places, 0.7), which, RECTANGLE._replace(angle=-0.7)), straight)


def test_a_disc_has_its_load_and_the_laplacian_of_concentrated_forces():
    inside, outside = [(0.6, 0.1), (0.7, 0.4), (0.2, 0.0)], [(1.2, 0.1), (0.6, -0.5), (-1.0, 2.0)]
    torch.testing.assert_close(channel(inside, BIHARMONIC, DISC), torch.full((3,), 2.5, dtype=torch.float64))
    torch.testing.assert_close(channel(outside, BIHARMONIC, DISC), torch.zeros(3).double(), atol=1e-12, rtol=0)

    def integral(x, y):
        def force(r, phi):
            return r * math.log(math.hypot(x - 0.6 - r * math.cos(phi), y - 0.1 - r * math.sin(phi)) + 1e-300)

        return dblquad(force, 0, 2 * math.pi, 0, 0.5)[0] * 2.5 / (2 * math.pi)

    places = [inside[1], *outside]
    differences = channel(places, LAPLACIAN, DISC) - at([integral(*place) for place in places])
    torch.testing.assert_close(differences, differences[:1].expand(4), atol=1e-5, rtol=0)
    other = channel(places, LAPLACIAN, DISC._replace(radius=0.4)) - channel(places, LAPLACIAN, DISC)
    assert float(other.max() - other.min()) > 1e-2
    # Around it nothing but the fourth derivatives jumps.
    edge = at([(0.6 + r * math.cos(1.0), 0.1 + r * math.sin(1.0)) for r in (0.5 - 1e-7, 0.5 + 1e-7)])
    derived = derivatives(edge, ((0, 0), (1, 1), (3, 0), (1, 2), (4, 0)), DISC)
    jumps = (derived[:, 0] - derived[:, 1]).abs()
    assert float(jumps[:4].max()) < 1e-5
    assert float(jumps[4]) > 0.1


def test_its_laplacian_is_the_integral_over_concentrated_forces():
    places = [*INSIDE[:2], *OUTSIDE]

    def integral(x, y):
        # lap r^2 log r = 4 log r + a constant
        return dblquad(lambda b, a: math.log(math.hypot(x - a, y - b)), 0.3, 0.9, -0.2, 0.5)[0] * 2.5 / (2 * math.pi)

    differences = channel(places, LAPLACIAN) - at([integral(*place) for place in places])
    torch.testing.assert_close(differences, differences[:1].expand(len(places)), atol=1e-7, rtol=0)
    # The control: the same load on another rectangle.
    other = channel(places, LAPLACIAN, RECTANGLE._replace(x_2=0.8, load=3.0)) - channel(places, LAPLACIAN)
    assert float(other.max() - other.min()) > 1e-2


def test_nothing_but_fourth_derivatives_jumps():
    step, found = 1e-7, []
    for x, y in [(0.3, 0.1), (0.6, 0.5), (0.1, -0.2), (0.9, -1.0)]:  # on its edges and on their extensions
        places = at([(x - step, y - step), (x + step, y + step)])
        derived = derivatives(places, ((0, 0), (1, 1), (3, 0), (1, 2), (4, 0), (0, 4)))
        found.append((derived[:, 0] - derived[:, 1]).abs())
    jumps = torch.stack(found).amax(dim=0)
    assert float(jumps[:4].max()) < 1e-5
    assert float(jumps[4:].max()) > 1.0


def test_in_a_corner_it_is_finite_and_in_single_precision_it_is_itself():
    corner = at([(0.3, -0.2), (0.9, 0.5)])
    assert torch.isfinite(derivatives(corner, ((0, 0), (3, 0), (4, 0), (2, 2)))).all()
    # A patch of a thousandth of the size: a difference of numbers a million times larger.
    small = RECTANGLE._replace(x_2=0.3017, y_2=-0.1983)
    single, double = deflection(at(OUTSIDE).float(), small), deflection(at(OUTSIDE), small)
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-5 * float(double.abs().max()))


LOADS = {
    "patch": (Patch(REGION, Q), textbook.patch(Q, 6, 4, 1.2, 0.8)),
    # Which no grid of points over the plate may hit.
    "line": (Patch.along((3, 0), (3, 4), 0.2, 0.2 * Q), textbook.patch(Q, 6, 4, 0.2, 4)),
    "wheel": (Patch.of_resultant(Rectangle(0.2, 0.2, (2.9, 1.9)), 0.04 * Q), textbook.patch(Q, 6, 4, 0.2, 0.2)),
}


def deviation(load, deflection):
    """Return the largest deviation from Navier's series in the middle of the plate."""
    patch, series = LOADS[load]
    wanted = {"w": Function("w")(X, Y), **{name: plate(patch).equations[name] for name in ("M_x", "M_y")}}
    found = quantities(wanted, "w", deflection, {"x": np.array([3.0]), "y": np.array([2.0])})
    book = textbook.navier(6, 4, series, lambda k, h: D * (k**2 + h**2) ** 2, D * NU, D * NU, (D, D))
    return max(abs(float(found[name][0]) / book[name] - 1) for name in wanted)


@pytest.mark.parametrize("load", LOADS)
def test_the_polynomial_that_sizes_a_plate_does_not_miss_a_load(load):
    patch, _ = LOADS[load]
    assert deviation(load, fit(plate(patch), {}, degree=14)) < 5e-3
    # The control: the same load beside it.
    aside = plate(dataclasses.replace(patch, region=moved(patch.region)))
    assert deviation(load, fit(aside, {}, degree=14)) > 2e-2


def moved(region):
    if isinstance(region, Rectangle):
        return dataclasses.replace(region, lower=(region.lower[0] - 0.3, region.lower[1]))
    return Polygon([(x - 0.3, y) for x, y in region.vertices])


@pytest.mark.parametrize(("load", "knows"), [("patch", True), ("patch", False), ("line", True)])
def test_a_plate_with_a_patch_is_found_by_a_network_that_need_not_jump(load, knows):
    patch = plate(LOADS[load][0])
    sizes = scales(patch)
    network = trained(patch, sizes if knows else dataclasses.replace(sizes, patches=()))
    error = deviation(load, network)
    assert error < 1e-2 if knows else error > 2e-2


@pytest.mark.parametrize("sees", [True, False])
def test_a_ring_is_found_by_a_network_that_sees_the_hole(sees):
    q = 5e3
    plate = Plate(annulus(3, 1), KirchhoffPlate(D, NU, q), {"outer": "simply_supported", "inner": "free"})
    sizes, radii = scales(plate), np.array([1.0, 1.5, 2.0, 2.5])
    network = trained(plate, sizes if sees else dataclasses.replace(sizes, poles=()))
    wanted = {"w": Function("w")(Symbol("x"), Symbol("y")), "M_y": plate.equations["M_y"]}
    found = quantities(wanted, "w", network, {"x": radii, "y": 0 * radii})
    deflection = np.array([textbook.ring(3, 1, D, NU, q, r)["w"] for r in radii])
    error = np.abs(found["w"] / deflection - 1).max()
    assert error < 2e-3 if sees else error > 0.3
    if sees:
        # Across the radius at the free edge, the largest moment of the plate.
        x = Symbol("r", positive=True)
        w = textbook.ring(3, 1, D, NU, q, x)["w"]
        largest = -D * (w.diff(x) / x + NU * w.diff(x, 2)).subs(x, 1)
        assert found["M_y"][0] == pytest.approx(float(largest), rel=2e-3)
