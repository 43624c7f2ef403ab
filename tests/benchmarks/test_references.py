"""What plates are held against is the book's: its formulas, its tables, and the equilibrium of loads and reactions."""

import numpy as np
import pytest
import textbook

from benchmarks.records import ROOT
from benchmarks.references.bending import Bending, Rigidity
from benchmarks.references.cases import CASES, D
from benchmarks.references.closed import (
    Closed,
    X,
    Y,
    clamped_circle,
    clamped_ellipse,
    supported_circle,
    supported_ring,
    supported_triangle,
)
from benchmarks.references.levy import Levy, between, rising, uniform
from benchmarks.references.quantities import edge_sum
from benchmarks.references.ritz import ClampedRectangle
from modulus_relobralo.problems import Ellipse, Polygon, Rectangle, annulus, circle

NU, Q = 0.3, 2.0
UNIT = Rigidity.isotropic(1.0, NU)
ORTHOTROPIC = Rigidity(3.0, 1.0, 0.4, 0.7)
SQUARE = Rectangle(1, 1)


def at(plate, x, y):
    return {name: float(value[0]) for name, value in plate.fields(np.array([x]), np.array([y])).items()}


def bent(a, b, load, held="simply_supported", rigidity=UNIT, **given):
    return Bending(Levy(a, b, rigidity, load, held, **given), rigidity)


def patch(m, n):
    """Article 33: the double series of a load Q on 0.4 to 0.6 of both sides."""
    ends = [np.cos(k * np.pi * 0.4) - np.cos(k * np.pi * 0.6) for k in (m, n)]
    return 4 * Q / (np.pi**2 * m * n) * ends[0] * ends[1]


SERIES = {
    "square": (
        lambda nu: bent(1, 1, uniform(Q), rigidity=Rigidity.isotropic(1, nu)),
        lambda: textbook.navier(1, 1, textbook.uniform(Q), lambda k, h: (k**2 + h**2) ** 2, NU, NU),
    ),
    "two edges clamped": (
        lambda nu: bent(1, 1, uniform(Q), "clamped", Rigidity.isotropic(1, nu)),
        lambda: textbook.levy(1, 1, 1, NU, Q, "clamped"),
    ),
    "two edges free": (
        lambda nu: bent(1, 1, uniform(Q), "free", Rigidity.isotropic(1, nu)),
        lambda: textbook.levy(1, 1, 1, NU, Q, "free"),
    ),
    "soil": (
        lambda nu: bent(1, 1, uniform(Q), rigidity=Rigidity.isotropic(1, nu), soil=500.0),
        lambda: textbook.navier(1, 1, textbook.uniform(Q), lambda k, h: (k**2 + h**2) ** 2 + 500, NU, NU),
    ),
    "hydrostatic": (
        lambda nu: bent(1, 1, rising(Q), rigidity=Rigidity.isotropic(1, nu)),
        lambda: textbook.navier(1, 1, textbook.rising(Q), lambda k, h: (k**2 + h**2) ** 2, NU, NU),
    ),
    "orthotropic": (
        lambda nu: bent(1, 1, uniform(Q), rigidity=ORTHOTROPIC if nu == NU else Rigidity(3.0, 1.0, 0.5, 0.7)),
        lambda: textbook.navier(
            1, 1, textbook.uniform(Q), lambda k, h: 3 * k**4 + 3.6 * (k * h) ** 2 + h**4, 0.4, 0.4, (3.0, 1.0)
        ),
    ),
    "patch": (
        lambda nu: bent(1, 1, between(Q, 1, 0.4, 0.6), rigidity=Rigidity.isotropic(1, nu), loaded=(0.4, 0.6)),
        lambda: textbook.navier(1, 1, patch, lambda k, h: (k**2 + h**2) ** 2, NU, NU),
    ),
}


@pytest.mark.parametrize("case", SERIES)
def test_a_single_series_has_the_middle_of_the_book_s(case):
    make, book = SERIES[case]
    expected = book()
    found = at(make(NU), 0.5, 0.5)
    # The double series of the moments leaves out 1e-3 of them.
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-3)
    # The control: another Poisson's ratio is another plate.
    other = at(make(0.1), 0.5, 0.5)
    assert max(abs(other[name] / value - 1) for name, value in expected.items()) > 1e-2


@pytest.mark.parametrize(
    ("plate", "shape", "load"),
    [
        (bent(1, 1, uniform(Q), "clamped"), SQUARE, Q),
        (bent(1, 1, uniform(Q), "free"), SQUARE, Q),
        (bent(3, 2, uniform(Q), rigidity=ORTHOTROPIC), Rectangle(3, 2), 6 * Q),
        (bent(1, 1, rising(Q)), SQUARE, Q / 2),
        (bent(1, 1, between(Q, 1, 0.3, 0.6), loaded=(0.4, 0.9)), SQUARE, 0.15 * Q),
        (Bending(ClampedRectangle(2, 1, 1.0, Q), UNIT), Rectangle(2, 1), 2 * Q),
        (Bending(Closed(clamped_circle(1.5, 1.0, Q)), UNIT), circle(1.5), np.pi * 1.5**2 * Q),
        (Bending(Closed(clamped_ellipse(2, 1.2, 1.0, Q)), UNIT), Ellipse(2, 1.2), np.pi * 2.4 * Q),
        (Bending(Closed(supported_ring(2, 0.8, 1.0, NU, Q)), UNIT), annulus(2, 0.8), np.pi * 3.36 * Q),
    ],
    ids=["clamped", "free", "orthotropic", "hydrostatic", "patch", "Ritz", "circle", "ellipse", "ring"],
)
def test_the_reactions_hold_the_load(plate, shape, load):
    corners = sum(plate.corner(corner) for corner in shape.corners.values())
    edges = sum(edge_sum(plate, edge) for edge in shape.edges.values())
    # Ritz's shear is the third derivative of an approximation.
    assert edges + corners == pytest.approx(load, rel=2e-3)
    # The control: without its twisting moments a plate with corners does not hold, nor does one of another stiffness.
    softer, first = Bending(plate.w, Rigidity.isotropic(0.9, NU)), next(iter(shape.edges.values()))
    assert edges + edge_sum(softer, first) - edge_sum(plate, first) != pytest.approx(load, rel=2e-3)


def test_reactions_of_a_square_are_those_of_table_8():
    plate = bent(1, 1, uniform(1.0))
    for edge in SQUARE.edges.values():
        assert float(plate.reaction(edge, np.array([0.5]))[0]) == pytest.approx(0.420, abs=6e-4)
    for corner in SQUARE.corners.values():
        assert plate.corner(corner) == pytest.approx(-0.065, abs=6e-5)


def test_the_clamped_square_is_that_of_table_35():
    plate = Bending(ClampedRectangle(1, 1, 1.0, 1.0), UNIT)
    middle, edge = at(plate, 0.5, 0.5), at(plate, 0.0, 0.5)
    assert (middle["w"], middle["M_x"]) == pytest.approx((0.00126, 0.0231), rel=1e-2)
    assert edge["M_x"] == pytest.approx(-0.0513, abs=6e-5)
    # Clamped: neither deflection nor slope, wherever along the edge.
    along = np.linspace(0, 1, 7)
    for order in ((0, 0), (1, 0)):
        assert plate.w(*order, np.zeros(7), along) == pytest.approx(np.zeros(7), abs=1e-12)


@pytest.mark.parametrize(
    ("expression", "place", "book"),
    [
        (clamped_circle(1.5, 1.7, Q), (0, 0), lambda: textbook.clamped_circle(1.5, 1.7, NU, Q)),
        (supported_circle(1.5, 1.7, NU, Q), (0, 0), lambda: textbook.supported_circle(1.5, 1.7, NU, Q)),
        (clamped_ellipse(2, 1.2, 1.7, Q), (0, 0), lambda: textbook.clamped_ellipse(2, 1.2, 1.7, NU, Q)),
        (supported_triangle(2, 1.7, Q), (1, 3**-0.5), lambda: textbook.supported_triangle(2, 1.7, NU, Q)),
        (supported_ring(2, 0.8, 1.7, NU, Q), (1.3, 0), lambda: textbook.ring(2, 0.8, 1.7, NU, Q, 1.3)),
    ],
    ids=["clamped circle", "supported circle", "ellipse", "triangle", "ring"],
)
def test_closed_forms_solve_the_equation_and_have_the_values_of_the_book(expression, place, book):
    expected = {name: value for name, value in book().items() if name != "M_n"}
    found = at(Bending(Closed(expression), Rigidity.isotropic(1.7, NU)), *place)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)
    bilaplacian = expression.diff(X, 4) + 2 * expression.diff(X, 2, Y, 2) + expression.diff(Y, 4)
    somewhere = {X: place[0] + 0.11, Y: place[1] - 0.07}
    assert float(1.7 * bilaplacian.subs(somewhere)) == pytest.approx(Q)


def test_a_supported_triangle_neither_moves_nor_bends_at_its_edges():
    shape = Polygon([(0, 0), (2, 0), (1, 3**0.5)])
    plate = Bending(Closed(supported_triangle(2, 1.0, Q)), UNIT)
    for edge in shape.edges.values():
        place = edge.at(np.linspace(0, 1, 5))
        found = plate.fields(place["x"], place["y"])
        n_x, n_y = place["normal_x"], place["normal_y"]
        M_n = found["M_x"] * n_x**2 + 2 * found["M_xy"] * n_x * n_y + found["M_y"] * n_y**2
        assert np.abs([found["w"], M_n]).max() < 1e-12


def test_every_case_of_the_example_but_the_family_has_a_reference():
    there = {path.stem for path in (ROOT / "examples" / "plates" / "conf" / "case").glob("*.yaml")}
    assert set(CASES) == there - {"family"}
    assert sum(case.within_bars for case in CASES.values()) == 10
    assert pytest.approx(30e9 * 0.2**3 / 10.92) == D


def test_a_case_by_finite_elements_lies_between_plates_of_its_least_and_its_greatest_thickness():
    pytest.importorskip("skfem", reason="scikit-fem is in the extra `test`")
    middle = np.array([2.5]), np.array([2.5])
    found = float(CASES["linear_thickness"].reference().w(0, 0, *middle)[0])
    even = float(CASES["simply_supported_square"].reference().w(0, 0, *middle)[0])
    # Of 0.15 m to 0.25 m, where the even one has 0.2 m: more flexible on the whole.
    assert even < found < even * (0.2 / 0.15) ** 3
