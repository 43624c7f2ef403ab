"""What a load on a rectangle does to an unbounded plate, against the integral of forces and nested reverse mode."""

import math

import pytest
import torch
from differentiated import all_derivatives, differentiated, worst
from scipy.integrate import dblquad
from torch import nn

from modulus_relobralo.taylor import Scaled, TaylorDerivatives
from modulus_relobralo.taylor.jets import seed
from modulus_relobralo.taylor.particular import LoadedRectangle, deflection, derivatives

RECTANGLE = LoadedRectangle(0.3, -0.2, 0.9, 0.5, size=1.7, load=2.5)
INSIDE, OUTSIDE = [(0.5, 0.1), (0.6, 0.45), (0.31, -0.19)], [(-1.0, 0.3), (2.0, -1.0), (-1.0, -0.2), (0.95, 1.2)]
LAPLACIAN, BIHARMONIC = (((2, 0), 1.0), ((0, 2), 1.0)), (((4, 0), 1.0), ((2, 2), 2.0), ((0, 4), 1.0))


def at(places):
    return torch.tensor(places, dtype=torch.float64)


def channel(places, which, rectangle=RECTANGLE):
    return derivatives([rectangle], seed(at(places), [0, 1]), [which])[0, :, 0]


def test_its_equation_holds_on_the_rectangle_and_beside_it():
    torch.testing.assert_close(channel(INSIDE, BIHARMONIC), torch.full((3,), 2.5, dtype=torch.float64))
    torch.testing.assert_close(channel(OUTSIDE, BIHARMONIC), torch.zeros(4, dtype=torch.float64), atol=1e-12, rtol=0)


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
        derived = derivatives([RECTANGLE], seed(places, [0, 1]), [(0, 0), (1, 1), (3, 0), (1, 2), (4, 0), (0, 4)])
        found.append((derived[:, 0] - derived[:, 1]).abs().flatten())
    jumps = torch.stack(found).amax(dim=0)
    assert float(jumps[:4].max()) < 1e-5
    assert float(jumps[4:].max()) > 1.0


@pytest.mark.parametrize("poles", [(), ((-0.6, 0.5, 0.5, 1.0),)])
def test_derivatives_of_a_network_with_it(poles):
    torch.manual_seed(0)
    core = nn.Sequential(nn.Linear(3 + 3 * len(poles), 8), nn.Tanh(), nn.Linear(8, 1))
    scales = [(0.1, 1.2), (0.2, 0.8), (2.0, 3.0)]
    net = Scaled(core, scales, [(0.5, 2.0)], poles, [RECTANGLE, RECTANGLE._replace(y_2=0.1)]).double()
    x = torch.rand(6, 3, dtype=torch.float64)
    points = {name: column[:, None].requires_grad_() for name, column in zip("xyh", x.T, strict=True)}
    names = all_derivatives("xyh", "w")
    expected = differentiated({"w": net(torch.cat(list(points.values()), dim=-1))}, points, names)
    found = TaylorDerivatives(net, list("xyh"), ["w"], names, compiled=False)(points)
    assert worst(found, expected) < 1e-12
    net.rectangles = net.rectangles[:1]
    assert worst(TaylorDerivatives(net, list("xyh"), ["w"], names, compiled=False)(points), expected) > 1e-2


def test_in_a_corner_it_is_finite_and_in_single_precision_it_is_itself():
    corner = at([(0.3, -0.2), (0.9, 0.5)])
    assert torch.isfinite(derivatives([RECTANGLE], seed(corner, [0, 1]), [(0, 0), (3, 0), (4, 0), (2, 2)])).all()
    # A patch of a thousandth of the size: a difference of numbers a million times larger.
    small = RECTANGLE._replace(x_2=0.3017, y_2=-0.1983)
    single, double = deflection([small], at(OUTSIDE).float()), deflection([small], at(OUTSIDE))
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-5 * float(double.abs().max()))
