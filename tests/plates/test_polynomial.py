"""Plates of the textbook, as they are described: the polynomial that fits the described equations has its values."""

import numpy as np
import pytest
import textbook
from sympy import Function, Symbol

from modulus_relobralo.plates import KirchhoffPlate, Orthotropic, Plate, RectangularPlate
from modulus_relobralo.plates.polynomial import fit
from modulus_relobralo.plates.values import quantities
from modulus_relobralo.problems import Ellipse, Polygon, annulus, circle

D, NU, Q = 1.7, 0.3, 2.2
X, Y = Symbol("x"), Symbol("y")
ALL = {"left": "simply_supported", "right": "simply_supported"}
ORTHOTROPIC = Orthotropic(D_x=3.0, D_y=1.0, D_1=0.4, D_xy=0.7)


def equation(nu, **given):
    return KirchhoffPlate(D, nu, **{"p": Q, **given})


def isotropic(soil=0.0):
    return lambda k, h: D * (k**2 + h**2) ** 2 + soil


CASES = {
    "square, simply supported": (
        lambda nu: RectangularPlate(2, 2, equation(nu), "simply_supported"),
        (1, 1),
        lambda: textbook.navier(2, 2, textbook.uniform(Q), isotropic(), D * NU, D * NU, (D, D)),
    ),
    "circle, clamped": (
        lambda nu: Plate(circle(1.5), equation(nu), "clamped"),
        (0, 0),
        lambda: textbook.clamped_circle(1.5, D, NU, Q),
    ),
    "circle, simply supported": (
        lambda nu: Plate(circle(1.5), equation(nu), "simply_supported"),
        (0, 0),
        lambda: textbook.supported_circle(1.5, D, NU, Q),
    ),
    "square, two edges clamped": (
        lambda nu: RectangularPlate(2, 2, equation(nu), {**ALL, "bottom, top": "clamped"}),
        (1, 1),
        lambda: textbook.levy(2, 2, D, NU, Q, "clamped"),
    ),
    "square, two edges free": (
        lambda nu: RectangularPlate(2, 2, equation(nu), {**ALL, "bottom, top": "free"}),
        (1, 1),
        lambda: textbook.levy(2, 2, D, NU, Q, "free"),
    ),
    "triangle, simply supported": (
        lambda nu: Plate(Polygon([(0, 0), (2, 0), (1, 3**0.5)]), equation(nu), "simply_supported"),
        (1, 3**-0.5),
        lambda: textbook.supported_triangle(2, D, NU, Q),
    ),
    "square on soil": (
        lambda nu: RectangularPlate(2, 2, equation(nu, winkler=25.0), "simply_supported"),
        (1, 1),
        lambda: textbook.navier(2, 2, textbook.uniform(Q), isotropic(25.0), D * NU, D * NU, (D, D)),
    ),
    "rectangle, orthotropic": (
        lambda nu: RectangularPlate(
            3, 2, KirchhoffPlate(ORTHOTROPIC if nu == NU else Orthotropic(3.0, 1.0, 0.5, 0.7), p=Q), "simply_supported"
        ),
        (1.5, 1),
        lambda: textbook.navier(
            3, 2, textbook.uniform(Q), lambda k, h: 3 * k**4 + 3.6 * (k * h) ** 2 + h**4, 0.4, 0.4, (3.0, 1.0)
        ),
    ),
    "square, hydrostatic": (
        lambda nu: RectangularPlate(2, 2, equation(nu, p=Q * X / 2), "simply_supported"),
        (1, 1),
        lambda: textbook.navier(2, 2, textbook.rising(Q), isotropic(), D * NU, D * NU, (D, D)),
    ),
    "ellipse, clamped": (
        lambda nu: Plate(Ellipse(2, 1.2), equation(nu), "clamped"),
        (0, 0),
        lambda: textbook.clamped_ellipse(2, 1.2, D, NU, Q),
    ),
    "ring, free inside": (
        lambda nu: Plate(annulus(2, 0.8), equation(nu), {"outer": "simply_supported", "inner": "free"}),
        (1.3, 0),
        lambda: textbook.ring(2, 0.8, D, NU, Q, 1.3),
    ),
}


def values_at(plate, place):
    points = {name: np.array([float(value)]) for name, value in zip("xy", place, strict=True)}
    wanted = {"w": Function("w")(X, Y), **{name: plate.equations[name] for name in ("M_x", "M_y")}}
    found = quantities(wanted, "w", fit(plate, {}, degree=14), points)
    return {name: float(value[0]) for name, value in found.items()}


@pytest.mark.parametrize("case", CASES)
def test_a_described_plate_is_that_of_the_book(case):
    make, place, book = CASES[case]
    expected = {name: value for name, value in book().items() if name != "M_n"}
    found = values_at(make(NU), place)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-3), name
    # The control: another Poisson's ratio (or D_1) is another plate, in its moments at least.
    other = values_at(make(0.1), place)
    assert max(abs(other[name] / value - 1) for name, value in expected.items()) > 1e-2


@pytest.mark.parametrize(
    ("book", "table"),
    [
        # Tables 8, 29 and 47: deflection and moments of the square in q a^4 / D and q a^2
        (
            lambda: textbook.navier(1, 1, textbook.uniform(1), lambda k, h: (k**2 + h**2) ** 2, 0.3, 0.3),
            (0.00406, 0.0479, 0.0479),
        ),
        (lambda: textbook.levy(1, 1, 1, 0.3, 1, "clamped"), (0.00192, 0.0244, 0.0332)),
        (lambda: textbook.levy(1, 1, 1, 0.3, 1, "free"), (0.01309, 0.1225, 0.0271)),
    ],
    ids=["8", "29", "47"],
)
def test_the_series_give_the_tables_of_the_book(book, table):
    for value, printed in zip(book().values(), table, strict=True):
        assert value == pytest.approx(printed, abs=6e-6 if printed < 0.005 else 6e-5)
