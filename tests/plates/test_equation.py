"""Oracles: nested autograd of closed torch functions in float64, and the tensor form of the plate's equation."""

import math

import numpy as np
import pytest
import sympy
import torch
from autograd_fields import derivative
from autograd_fields import evaluate as evaluate_equation
from autograd_fields import points as points_on
from sympy import Abs, Function, Heaviside, Max, Piecewise, Symbol, cos, sin
from sympy.physics.units import meter, pascal
from sympy.vector import CoordSys3D

from modulus_relobralo.plates import KirchhoffPlate

A, B = 10.0, 8.0
D, NU, P0 = 20.8333333333, 0.2, 0.015
EXACT = 1e-10


def points(n=64):
    return points_on(A, B, n)


def evaluate(plate, equation, fields, x, y, **given):
    return evaluate_equation(plate.equations[equation], fields, x, y, **given)


def sinusoidal(x, y, p0=P0, d=D):
    amplitude = p0 / (math.pi**4 * d * (1 / A**2 + 1 / B**2) ** 2)
    return amplitude * torch.sin(math.pi * x / A) * torch.sin(math.pi * y / B)


def sinusoidal_load(x, y):
    return P0 * torch.sin(math.pi * x / A) * torch.sin(math.pi * y / B)


def wavy(x, y):
    return torch.sin(0.4 * x + 0.1) * torch.cos(0.3 * y) + 0.002 * x**3 * y - 0.01 * x * y**2


def rigidity(x, y):
    return 2 + 0.5 * torch.sin(0.3 * x) * torch.cos(0.2 * y) + 0.01 * x * y


def ratio(x, y):
    return 0.2 + 0.1 * torch.cos(0.2 * x + 0.3 * y)


X, Y = Symbol("x"), Symbol("y")
RIGIDITY = 2 + 0.5 * sin(0.3 * X) * cos(0.2 * Y) + 0.01 * X * Y
RATIO = 0.2 + 0.1 * cos(0.2 * X + 0.3 * Y)


def tensor_form(w, d, nu, x, y):
    """Return sum_ij d_i d_j (D ((1 - nu) w_ij + nu delta_ij lap w)), by forward and reverse mode at each point."""
    eye = torch.eye(2, dtype=torch.float64)

    def moments(at):
        curvature = torch.func.hessian(lambda z: w(z[0], z[1]))(at)
        n = nu(at[0], at[1])
        return d(at[0], at[1]) * ((1 - n) * curvature + n * eye * curvature.trace())

    def divergence(at):
        return torch.einsum("ijij->", torch.func.hessian(moments)(at))

    return torch.func.vmap(divergence)(torch.cat([x, y], dim=1).detach())[:, None]


def test_residual_of_the_sinusoidal_plate_vanishes():
    x, y = points()
    residual = evaluate(KirchhoffPlate(D=D, nu=NU, p="p"), "kirchhoff", {"w": sinusoidal, "p": sinusoidal_load}, x, y)
    assert residual.abs().max() < EXACT


def test_residual_notices_a_rigidity_one_percent_off():
    x, y = points()
    plate = KirchhoffPlate(D=1.01 * D, nu=NU, p="p")
    residual = evaluate(plate, "kirchhoff", {"w": sinusoidal, "p": sinusoidal_load}, x, y)
    torch.testing.assert_close(residual, 0.01 * sinusoidal_load(x, y))
    assert residual.abs().max() > 1e5 * EXACT


@pytest.mark.parametrize("nu", [-0.9, 0, 0.2, 0.3, 0.5, Symbol("nu")])
def test_constant_rigidity_leaves_exactly_the_biharmonic(nu):
    w = Function("w")(X, Y)
    parameters = ["nu"] if isinstance(nu, Symbol) else []
    biharmonic = D * w.diff(X, 4) + 2 * D * w.diff(X, 2, Y, 2) + D * w.diff(Y, 4)
    assert KirchhoffPlate(D=D, nu=nu, p=P0, parameters=parameters).equations["kirchhoff"] - (biharmonic - P0) == 0


@pytest.mark.parametrize(
    ("d", "nu"), [("D", "nu"), (RIGIDITY, RATIO), ("D", RATIO), (RIGIDITY, 0.3)], ids=lambda v: type(v).__name__
)
def test_variable_plate_against_the_tensor_form(d, nu):
    x, y = points(16)
    fields = {"w": wavy, "D": rigidity, "nu": ratio}
    residual = evaluate(KirchhoffPlate(D=d, nu=nu, p=P0), "kirchhoff", fields, x, y)
    oracle_ratio = (lambda x, y: 0.3 + 0 * x) if nu == 0.3 else ratio
    torch.testing.assert_close(residual, tensor_form(wavy, rigidity, oracle_ratio, x, y) - P0, atol=EXACT, rtol=0)


def test_tensor_form_notices_that_poisson_terms_are_missing():
    x, y = points(16)
    fields = {"w": wavy, "D": rigidity}
    without = evaluate(KirchhoffPlate(D="D", nu=0, p=P0), "kirchhoff", fields, x, y)
    assert (without - tensor_form(wavy, rigidity, ratio, x, y) + P0).abs().max() > 1e-3


@pytest.mark.parametrize("twist", [1, -1])
def test_moments_are_in_equilibrium_with_the_load(twist):
    """Differentiates the moments' nodes by autograd; with the twisting moment's sign turned they must not agree."""
    x, y = points(16)
    fields = {"w": wavy, "D": rigidity, "nu": ratio}
    plate = KirchhoffPlate(D="D", nu="nu", p=0)
    moments = {name: evaluate(plate, name, fields, x, y) for name in ("M_x", "M_y", "M_xy")}
    balance = -(
        derivative(moments["M_x"], "xx", x, y)
        + 2 * twist * derivative(moments["M_xy"], "xy", x, y)
        + derivative(moments["M_y"], "yy", x, y)
    )
    difference = (balance - evaluate(plate, "kirchhoff", fields, x, y)).abs().max()
    assert difference < EXACT if twist == 1 else difference > 1e-3


def test_shear_forces_are_the_divergence_of_the_moments():
    x, y = points(16)
    fields = {"w": wavy, "D": rigidity, "nu": ratio}
    plate = KirchhoffPlate(D="D", nu="nu", p=0)
    m_x, m_y, m_xy = (evaluate(plate, name, fields, x, y) for name in ("M_x", "M_y", "M_xy"))
    q_x = derivative(m_x, "x", x, y) + derivative(m_xy, "y", x, y)
    q_y = derivative(m_xy, "x", x, y) + derivative(m_y, "y", x, y)
    torch.testing.assert_close(evaluate(plate, "Q_x", fields, x, y), q_x, atol=EXACT, rtol=0)
    torch.testing.assert_close(evaluate(plate, "Q_y", fields, x, y), q_y, atol=EXACT, rtol=0)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270, 30, 135, 200])
def test_quantities_on_a_turned_edge(degrees):
    """A polynomial in s across and r along the edge, whose moments and shear there follow by hand."""
    angle = math.radians(degrees)
    n_x, n_y = math.cos(angle), math.sin(angle)
    c_ss, c_sr, c_rr, c_sss, c_ssr, c_srr, c_rrr = 1.3, 0.7, -0.4, 0.05, -0.02, 0.03, 0.01

    def across_along(x, y):
        return n_x * x + n_y * y, -n_y * x + n_x * y

    def w(x, y):
        s, r = across_along(x, y)
        quadratic = c_ss * s**2 / 2 + c_sr * s * r + c_rr * r**2 / 2
        return quadratic + c_sss * s**3 / 6 + c_ssr * s**2 * r / 2 + c_srr * s * r**2 / 2 + c_rrr * r**3 / 6

    x, y = points()
    s, r = across_along(x, y)
    normal = {"normal_x": torch.full_like(x, n_x), "normal_y": torch.full_like(x, n_y)}
    plate = KirchhoffPlate(D=D, nu=NU, p=0)
    hand = {
        "slope_n": c_ss * s + c_sr * r + c_sss * s**2 / 2 + c_ssr * s * r + c_srr * r**2 / 2,
        "M_n": -D * (c_ss + c_sss * s + c_ssr * r + NU * (c_rr + c_srr * s + c_rrr * r)),
        "V_n": -D * (c_sss + (2 - NU) * c_srr) + 0 * s,
    }
    for name, expected in hand.items():
        torch.testing.assert_close(evaluate(plate, name, {"w": w}, x, y, **normal), expected, atol=1e-9, rtol=0)
    mirrored = {"normal_x": normal["normal_x"], "normal_y": normal["normal_y"] + 0.1}
    assert (evaluate(plate, "M_n", {"w": w}, x, y, **mirrored) - hand["M_n"]).abs().max() > 0.1


def test_textbook_numbers_of_the_square_plate():
    """Timoshenko & Woinowsky-Krieger, table 8: w = 0.00406 q a^4 / D and M = 0.0479 q a^2 for nu = 0.3."""

    def navier(x, y):
        odd = torch.arange(1, 200, 2, dtype=torch.float64)
        m, n = odd[:, None], odd[None, :]
        coefficients = 16 / (math.pi**6 * m * n * (m**2 + n**2) ** 2)
        waves_x, waves_y = torch.sin(math.pi * x * odd), torch.sin(math.pi * y * odd)
        return torch.einsum("pm,mn,pn->p", waves_x, coefficients, waves_y)[:, None]

    x, y = (torch.full((1, 1), 0.5, dtype=torch.float64, requires_grad=True) for _ in range(2))
    plate = KirchhoffPlate(D=1, nu=0.3, p=1)
    assert navier(x, y).item() == pytest.approx(0.00406, abs=5e-6)
    assert evaluate(plate, "M_x", {"w": navier}, x, y).item() == pytest.approx(0.0479, abs=5e-5)
    assert evaluate(plate, "M_y", {"w": navier}, x, y).item() == pytest.approx(0.0479, abs=5e-5)
    wrong = evaluate(KirchhoffPlate(D=1, nu=0.2, p=1), "M_x", {"w": navier}, x, y).item()
    assert wrong != pytest.approx(0.0479, abs=5e-4)


def test_names_of_the_equations():
    names = ["kirchhoff", "M_x", "M_y", "M_xy", "Q_x", "Q_y", "slope_n", "M_n", "V_n"]
    assert list(KirchhoffPlate(D=1, nu=0, p=1).equations) == names
    assert list(KirchhoffPlate(D=1, nu=0, p=1, w="v").equations) == [f"{name}_v" for name in names]


def test_parameters_are_symbols_and_fields_have_names():
    plate = KirchhoffPlate(D=Symbol("stiffness"), nu="ratio", p="q", w="v", parameters=["stiffness"])
    equation = plate.equations["kirchhoff_v"]
    assert {field.name for field in equation.atoms(sympy.core.function.AppliedUndef)} == {"ratio", "q", "v"}
    assert {str(symbol) for symbol in equation.free_symbols} == {"x", "y", "stiffness"}


def test_a_family_of_plates_against_single_ones():
    """With the thickness as a parameter the residual is, at each thickness, that of a plate of this thickness."""
    h = Symbol("h", positive=True)
    family = KirchhoffPlate(D=20 * h**3 * (1 + X), nu=NU, p=P0 * h, parameters=["h"])
    x, y = points(16)
    for thickness in (0.3, 0.7):
        single = KirchhoffPlate(D=20 * thickness**3 * (1 + X), nu=NU, p=P0 * thickness)
        expected = evaluate(single, "kirchhoff", {"w": wavy}, x, y)
        computed = evaluate(family, "kirchhoff", {"w": wavy}, x, y, h=torch.full_like(x, thickness))
        torch.testing.assert_close(computed, expected, atol=EXACT, rtol=0)


# ----- what counts by its name

ASSUMED = Symbol("x", real=True)


@pytest.mark.parametrize(
    "d",
    [
        1 + ASSUMED**2,
        1 + Symbol("x", positive=True) ** 2,
        1 + X * ASSUMED,
        1 + sympy.Derivative(ASSUMED**3 / 3, ASSUMED),
        1 + sympy.Derivative(X**3 / 3, ASSUMED),
        1 + 2 * sympy.Integral(Symbol("s"), (Symbol("s"), 0, ASSUMED)),
        1 + 2 * sympy.Integral(ASSUMED, (ASSUMED, 0, X)),
        1 + sympy.Sum(ASSUMED**2 * Symbol("n"), (Symbol("n"), 1, 1)),
        1 + sympy.Sum(ASSUMED**2 * X, (X, 1, 1)),
    ],
    ids=repr,
)
def test_a_stiffness_of_assumed_symbols_enters_with_its_derivatives(d):
    expected = KirchhoffPlate(D=1 + X**2, nu=0.3, p=1).equations
    assert expected["kirchhoff"].coeff(Function("w")(X, Y).diff(X, 3)) == 4 * X
    assert KirchhoffPlate(D=d, nu=0.3, p=1).equations == expected
    assert KirchhoffPlate(D=1, nu=0.3, p=d).equations == KirchhoffPlate(D=1, nu=0.3, p=1 + X**2).equations


@pytest.mark.parametrize(
    "d",
    [
        "D",
        Function("D")(X, Y),
        Function("D")(ASSUMED, Y),
        Function("D", positive=True)(X, Y),
        Function("D", real=True)(Symbol("x", positive=True), Symbol("y", positive=True)),
    ],
    ids=str,
)
def test_a_field_of_assumed_symbols_enters_with_its_derivatives(d):
    expected = KirchhoffPlate(D="D", nu=0.3, p=1).equations
    assert expected["kirchhoff"].has(Function("D")(X, Y).diff(X, 2))
    assert KirchhoffPlate(D=d, nu=0.3, p=1).equations == expected


def test_soil_is_a_load_that_holds_the_deflection():
    for w in (Function("w")(X, Y), Function("w", real=True)(ASSUMED, Y)):
        soil = KirchhoffPlate(D=2, nu=0.3, p=P0 - 5 * w).equations["kirchhoff"]
        assert soil - KirchhoffPlate(D=2, nu=0.3, p=P0).equations["kirchhoff"] == 5 * Function("w")(X, Y)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.array, np.longdouble], ids=lambda kind: kind.__name__)
def test_numbers_of_numpy_are_numbers_in_double_precision(kind):
    d, nu = 0.1, 0.25
    expected = KirchhoffPlate(D=float(kind(d)), nu=nu, p=1.0).equations
    assert KirchhoffPlate(D=kind(d), nu=kind(nu), p=kind(1.0)).equations == expected


def test_integers_and_fractions_are_exact():
    plate = KirchhoffPlate(D=np.int64(3), nu=sympy.Rational(1, 3), p=2)
    assert plate.equations["M_xy"] == -2 * Function("w")(X, Y).diff(X, Y)


# ----- what is refused


def refused(found, error=ValueError, **given):
    parameters = {"D": 1, "nu": 0.2, "p": 1, **given}
    with pytest.raises(error, match=found):
        KirchhoffPlate(**parameters)


@pytest.mark.parametrize("d", [0, -1.5, sympy.Integer(0), X - X, -sympy.pi])
def test_rigidity_must_be_positive(d):
    refused(r"Parameter `D` must be in \(0, inf\). Found `D = ", D=d)


@pytest.mark.parametrize("nu", [-1, 0.7, sympy.Rational(2, 3)])
def test_ratio_must_be_physical(nu):
    refused(rf"Parameter `nu` must be above -1 and at most 0.5. Found `nu = {float(nu)}`.", nu=nu)


@pytest.mark.parametrize("name", ["D", "nu", "p"])
@pytest.mark.parametrize(
    "value",
    [
        True,
        np.bool_(True),
        sympy.true,
        None,
        [1],
        {"x": 1},
        np.array([1.0]),
        torch.tensor(1.0),
        1j,
        X > 1,
        sympy.Matrix([1]),
        Function("D"),
        torch.sin,
    ],
    ids=lambda value: type(value).__name__,
)
def test_parameters_must_be_of_a_known_type(name, value):
    if name == "p" and (value is None or isinstance(value, list)):
        value = [None]  # a sum of loads: each must be one
    found = rf"Parameter `{name}` must be a number, a SymPy expression or the name of a field. Found `{name} = "
    refused(found, TypeError, **{name: value})


@pytest.mark.parametrize("name", ["D", "nu", "p"])
@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        np.float32("nan"),
        10**400,
        sympy.nan,
        sympy.zoo,
        sympy.oo,
        sympy.oo + X,
        sympy.I,
        1 + sympy.I * X,
        sympy.sqrt(-2),
        sympy.cbrt(-2) * X,
        sympy.asin(2) * X,
        meter,
        5 * pascal,
        CoordSys3D("R").x,
        sympy.IndexedBase("x")[0],
        sympy.MatrixSymbol("D", 2, 2),
        sympy.MatrixSymbol("D", 2, 2)[0, 0],
        sympy.Lambda(X, X),
        sin(X).series(X, 0, 3),
        sympy.re(X),
        sympy.DiracDelta(X - 1),
        sympy.Integral(sympy.exp(sin(Y)), (Y, 0, X)),
        Function("q")(X, Y).diff(X).subs(X, 0),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_parameters_must_be_real_functions_of_points(name, value):
    found = "(finite and real|an expression of real numbers|a function that can be evaluated)"
    refused(rf"Parameter `{name}` must be {found}", **{name: value})


@pytest.mark.parametrize("name", ["D", "nu", "p"])
@pytest.mark.parametrize(
    ("symbol", "parameters"), [("h", []), ("h", ["t"]), ("normal_x", []), ("w", []), ("xx", []), ("X", [])], ids=str
)
def test_symbols_must_be_known(name, symbol, parameters):
    known = ", ".join(["x", "y", *parameters])
    found = rf"Parameter `{name}` must be an expression in {known}; declare further symbols by.* Found {symbol} in"
    refused(found, **{name: 2 + Symbol(symbol, positive=True), "parameters": parameters})


@pytest.mark.parametrize("name", ["D", "nu", "p"])
@pytest.mark.parametrize(
    "field", [Function("q")(2 * X, Y), Function("q")(Y, X), Function("q")(X, X), Function("q")(), Function("q")(X, 0)]
)
def test_fields_are_functions_of_the_coordinates_as_they_are(name, field):
    """Nodes know a field by its name only: q(2 x, y) would be taken for q(x, y)."""
    refused(rf"Parameter `{name}` must be made of fields over x, y, in this order. Found q\(", **{name: field})


@pytest.mark.parametrize("name", ["D", "nu", "p"])
@pytest.mark.parametrize("field", ["x", "normal_y", "w__x", "a b", "", "lambda", "_q", "h"])
def test_fields_have_names_of_their_own(name, field):
    for value in [field] + [Function(field)(X, Y)] * bool(field):
        refused(rf"Parameter `{name}` must (not )?be .* Found '{field}'", **{name: value, "parameters": ["h"]})


def test_fields_are_not_equations():
    refused("must not be named as equations, kirchhoff, M_x, .* Found M_x", p="M_x")
    refused("must not be named as equations, kirchhoff, M_x, .* Found M_n", p=Symbol("M_n"), parameters=["M_n"])
    refused("Parameter `p` must not have the name of the dependent variable. Found 'w'", p="w")


def test_a_field_has_one_list_of_arguments():
    """Nodes know a field by its name only: the derivatives by y of D(x) are zero, those of D(x, y) are not."""
    refused("Field `D` must have the same arguments everywhere", D=Function("D")(X), p=Function("D")(X, Y))
    refused("Field `w` must have the same arguments everywhere", D=2 + Function("w")(X))


@pytest.mark.parametrize("name", ["D", "nu"])
@pytest.mark.parametrize(
    "value", [Piecewise((1, X < 5), (2, True)), 1 + Heaviside(X - 5), Abs(X), Max(1, X), sympy.sign(X), sympy.floor(X)]
)
def test_stiffness_must_be_smooth(name, value):
    """SymPy differentiates a jump to zero, so that the plate would be one without it."""
    refused(rf"Parameter `{name}` must be smooth", **{name: value / 4})
    assert KirchhoffPlate(D=1, nu=0.2, p=value).p == value


@pytest.mark.parametrize(
    ("parameters", "error", "found"),
    [
        ("h", TypeError, "must be a sequence of names. Found `parameters = 'h'`"),
        (Symbol("h"), TypeError, "must be a sequence of names. Found `parameters = h`"),
        ([1], TypeError, "must be a name. Found 1."),
        (["x"], ValueError, "must not be one of .*. Found 'x'"),
        (["normal_x"], ValueError, "must not be one of .*. Found 'normal_x'"),
        (["w"], ValueError, "must not be one of .*. Found 'w'"),
        (["h", Symbol("h", real=True)], ValueError, "must not be one of .*. Found 'h'"),
        (["h__x"], ValueError, "must be a name of letters, digits and single underscores. Found 'h__x'"),
    ],
)
def test_parameters_have_names_of_their_own(parameters, error, found):
    refused(f"Parameter `parameters` {found}", error, parameters=parameters)


@pytest.mark.parametrize(
    ("w", "error", "found"),
    [
        (Symbol("w"), TypeError, "a name. Found w"),
        ("x", ValueError, "not be one of"),
        ("w__x", ValueError, "a name of"),
    ],
)
def test_deflection_must_be_a_name(w, error, found):
    refused(f"Parameter `w` must (be )?{found}", error, w=w)
