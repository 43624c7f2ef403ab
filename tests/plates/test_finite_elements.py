"""Finite elements of scikit-fem, against a closed form and against the polynomial, where neither has another oracle."""

import numpy as np
import pytest
from sympy import Function, Symbol

from benchmarks.references.bending import Bending, Rigidity
from benchmarks.references.levy import Levy, uniform
from modulus_relobralo.plates import KirchhoffPlate, Plate, RectangularPlate
from modulus_relobralo.plates.polynomial import fit
from modulus_relobralo.plates.values import quantities
from modulus_relobralo.problems import Rectangle, WithHoles, circle

pytest.importorskip("skfem", reason="scikit-fem is in the extra `test`")
from benchmarks.references import finite_elements

X, Y = Symbol("x"), Symbol("y")
SQUARE = Rectangle(1, 1)
MIDDLE = np.array([0.5]), np.array([0.5])


def solved(mesh, D=lambda x, y: 1.0 + 0 * x, nu=0.3, held=lambda x, y: "simply_supported", middle=(0.5, 0.5)):
    return finite_elements.FiniteElements(mesh, D, nu, 1.0, held, middle)


def everything(plate):
    edge, corner = SQUARE.edges["right"], SQUARE.corners["corner_left_bottom"]
    fields = {name: float(value[0]) for name, value in plate.fields(*MIDDLE).items() if name != "M_xy"}
    return fields | {"V": float(plate.reaction(edge, np.array([0.5]))[0]), "R": plate.corner(corner)}


def test_a_supported_square_is_that_of_the_series():
    stiffness = Rigidity.isotropic(1.0, 0.3)
    expected = everything(Bending(Levy(1, 1, stiffness, uniform(1.0)), stiffness))
    errors = []
    for n in (2, 4):
        found = everything(Bending(solved(finite_elements.rectangle(1, 1, n)), stiffness))
        errors.append(max(abs(found[name] / value - 1) for name, value in expected.items()))
    # The shear, a third derivative, converges slowest.
    assert errors[1] < 4e-3
    assert errors[1] < errors[0] / 2
    # The control: of another Poisson's ratio moments and reactions are others.
    other = Rigidity.isotropic(1.0, 0.1)
    found = everything(Bending(solved(finite_elements.rectangle(1, 1, 4), nu=0.1), other))
    assert abs(found["M_x"] / expected["M_x"] - 1) > 0.1
    assert abs(found["R"] / expected["R"] - 1) > 0.1


def test_a_clamped_square_has_the_moments_of_table_35():
    plate = Bending(
        solved(finite_elements.rectangle(1, 1, 4), held=lambda x, y: "clamped"), Rigidity.isotropic(1.0, 0.3)
    )
    found = plate.fields(np.array([0.5, 0.0]), np.array([0.5, 0.5]))
    assert found["w"] == pytest.approx([0.00126, 0.0], abs=6e-6)
    assert found["M_x"][1] == pytest.approx(-0.0513, abs=1e-4)


def polynomial(plate, x, y):
    wanted = {"w": Function("w")(X, Y), **{name: plate.equations[name] for name in ("M_x", "M_y")}}
    return quantities(wanted, "w", fit(plate, {}, degree=14), {"x": x, "y": y})


def differences(plate, of_elements, x, y):
    expected, found = of_elements.fields(x, y), polynomial(plate, x, y)
    return {name: np.abs(found[name] / expected[name] - 1).max() for name in found}


def test_the_polynomial_of_a_plate_whose_thickness_grows_is_that_of_finite_elements():
    def made(nu):
        return RectangularPlate(1, 1, KirchhoffPlate((0.75 + X / 2) ** 3, nu, p=1.0), "simply_supported")

    w = solved(finite_elements.rectangle(1, 1, 4), D=lambda x, y: (0.75 + x / 2) ** 3)
    of_elements = Bending(
        w, Rigidity.isotropic(1.0, 0.3), lambda i, j, x, y: [(0.75 + x / 2) ** 3, 1.5 * (0.75 + x / 2) ** 2][i]
    )
    places = np.array([0.3, 0.5, 0.7]), np.array([0.5, 0.4, 0.5])
    assert max(differences(made(0.3), of_elements, *places).values()) < 2e-3
    assert max(differences(made(0.1), of_elements, *places).values()) > 2e-2


def test_the_polynomial_of_a_square_with_a_hole_is_that_of_finite_elements():
    def made(nu):
        shape = WithHoles(Rectangle(5, 5), {"hole": circle(0.75, center=(2.5, 2.5))})
        edges = {"left, right, bottom, top": "simply_supported", "hole": "free"}
        return Plate(shape, KirchhoffPlate(D=1.0, nu=nu, p=1.0), edges)

    def held(x, y):
        return "simply_supported" if max(abs(x - 2.5), abs(y - 2.5)) > 2.4 else None

    mesh = finite_elements.holed_square(5, 0.75, 4)
    of_elements = Bending(solved(mesh, held=held, middle=(2.5, 2.5)), Rigidity.isotropic(1.0, 0.3))
    # Beside the hole, which is a polygon of the elements.
    places = np.array([3.55, 3.9, 4.2]), np.array([2.5, 2.9, 3.6])
    assert max(differences(made(0.3), of_elements, *places).values()) < 1e-2
    assert max(differences(made(0.1), of_elements, *places).values()) > 2e-2


def test_the_polynomial_of_a_square_on_four_points_is_that_of_finite_elements():
    def made(nu):
        return RectangularPlate(1, 1, KirchhoffPlate(D=1.0, nu=nu, p=1.0), "free", corners="all")

    corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
    mesh = finite_elements.rectangle(1, 1, 4)
    w = finite_elements.FiniteElements(
        mesh, lambda x, y: 1.0 + 0 * x, 0.3, 1.0, lambda x, y: None, (0.5, 0.5), points=corners
    )
    of_elements = Bending(w, Rigidity.isotropic(1.0, 0.3))
    places = np.array([0.5, 0.3, 0.5]), np.array([0.5, 0.4, 0.1])
    assert max(differences(made(0.3), of_elements, *places).values()) < 1e-2
    assert max(differences(made(0.1), of_elements, *places).values()) > 2e-2
    # Each point carries a quarter of the load.
    assert of_elements.corner(SQUARE.corners["corner_left_bottom"]) == pytest.approx(0.25, rel=5e-2)
