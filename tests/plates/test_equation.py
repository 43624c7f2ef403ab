"""Oracles: nested autograd of closed torch functions in float64, and the tensor form of the plate's equation."""

import math

import pytest
import torch
from sympy import Function, Symbol, cos, sin

from modulus_relobralo.plates import KirchhoffPlate

pytestmark = pytest.mark.host

A, B = 10.0, 8.0
D, NU, P0 = 20.8333333333, 0.2, 0.015
EXACT = 1e-10


def points(n=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 1, generator=generator, dtype=torch.float64) * A
    y = torch.rand(n, 1, generator=generator, dtype=torch.float64) * B
    return x.requires_grad_(), y.requires_grad_()


def derivative(value, name, x, y):
    """Differentiate ``value`` as a key of the host says: "w__x__y" for w,xy."""
    for coordinate in name.split("__")[1:]:
        along = {"x": x, "y": y}[coordinate]
        grad = None
        if value.requires_grad:
            (grad,) = torch.autograd.grad(value.sum(), along, create_graph=True, allow_unused=True)
        value = torch.zeros_like(along) if grad is None else grad
    return value


def evaluate(plate, equation, fields, x, y, **given):
    (node,) = [node for node in plate.make_nodes() if str(node.outputs[0]) == equation]
    inputs = {"x": x, "y": y, **given}
    for key in node.evaluate.keys:
        if key not in inputs:
            inputs[key] = derivative(fields[key.split("__")[0]](x, y), key, x, y)
    return node.evaluate(inputs)[equation]


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
    biharmonic = D * w.diff(X, 4) + 2 * D * w.diff(X, 2, Y, 2) + D * w.diff(Y, 4)
    assert KirchhoffPlate(D=D, nu=nu, p=P0).equations["kirchhoff"] - (biharmonic - P0) == 0


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
        derivative(moments["M_x"], "__x__x", x, y)
        + 2 * twist * derivative(moments["M_xy"], "__x__y", x, y)
        + derivative(moments["M_y"], "__y__y", x, y)
    )
    difference = (balance - evaluate(plate, "kirchhoff", fields, x, y)).abs().max()
    assert difference < EXACT if twist == 1 else difference > 1e-3


def test_shear_forces_are_the_divergence_of_the_moments():
    x, y = points(16)
    fields = {"w": wavy, "D": rigidity, "nu": ratio}
    plate = KirchhoffPlate(D="D", nu="nu", p=0)
    m_x, m_y, m_xy = (evaluate(plate, name, fields, x, y) for name in ("M_x", "M_y", "M_xy"))
    q_x = derivative(m_x, "__x", x, y) + derivative(m_xy, "__y", x, y)
    q_y = derivative(m_xy, "__x", x, y) + derivative(m_y, "__y", x, y)
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


def test_parameters_may_be_symbols_and_fields_of_other_names():
    plate = KirchhoffPlate(D=Symbol("stiffness"), nu="nu", p="q", w="v")
    (residual,) = [node for node in plate.make_nodes() if node.name.endswith("kirchhoff_v")]
    names = {key.split("__")[0] for key in residual.evaluate.keys}
    assert names == {"stiffness", "nu", "q", "v"}


@pytest.mark.parametrize("d", [0, -1.5, math.inf])
def test_rigidity_must_be_positive(d):
    with pytest.raises(ValueError, match=r"Parameter `D` must be in \(0, inf\). Found `D = "):
        KirchhoffPlate(D=d, nu=0.2, p=1)


@pytest.mark.parametrize("nu", [-1, 0.7, math.nan])
def test_ratio_must_be_physical(nu):
    with pytest.raises(
        ValueError, match=rf"Parameter `nu` must be above -1 and at most 0.5. Found `nu = {float(nu)}`."
    ):
        KirchhoffPlate(D=1, nu=nu, p=1)


@pytest.mark.parametrize(("name", "value"), [("D", True), ("nu", None), ("p", [1])])
def test_parameters_must_be_of_a_known_type(name, value):
    parameters = {"D": 1, "nu": 0.2, "p": 1, name: value}
    with pytest.raises(TypeError, match=rf"Parameter `{name}` must be a number, a SymPy expression or the name"):
        KirchhoffPlate(**parameters)


def test_deflection_must_be_a_name():
    with pytest.raises(TypeError, match=r"Parameter `w` must be the name of the deflection. Found `w = w`."):
        KirchhoffPlate(D=1, nu=0.2, p=1, w=Symbol("w"))
