"""Complex fields written once and held as two real ones, against complex arithmetic at points."""

import numpy as np
import pytest
from sympy import Abs, Function, I, Symbol, conjugate, cosh, exp, lambdify, pi, sin

from modulus_relobralo.problems import Interval, Problem, Rectangle
from modulus_relobralo.problems.complex_fields import complex_parts
from modulus_relobralo.problems.sampling import samples

X, Y, T, K = (Symbol(name) for name in "xytk")
U, V = Function("u")(X, T), Function("v")(X, T)
NLS = I * U.diff(T) + U.diff(X, 2) / 2 + Abs(U) ** 2 * U
SOLITON = exp(I * T / 2) / cosh(X)


def values(expression, fields, at):
    """Return an expression with its fields put in, at points."""
    return lambdify((X, T), expression.subs(fields).doit(), "numpy")(*at)


@pytest.mark.parametrize(
    "equation",
    [NLS, I * U.diff(T) + V * conjugate(U) * exp(I * X) + U**3, (1 + 2 * I) * U.diff(X, 3) - 3 * I + V.diff(T)],
    ids=["Schroedinger", "coupled", "third order"],
)
def test_parts_are_those_of_complex_arithmetic(equation):
    at = np.random.default_rng(0).uniform(-1, 1, (2, 20))
    real, imaginary, other = sin(X + 2 * T), exp(-X) * T, X**2 + T**3
    problem = Problem(
        Interval(-1, 1),
        {"e": equation, "other": V.diff(T)},
        {"left, right": {}},
        (0, 1),
        {"u": None, "v": None},
        complex_fields=["u"],
    )
    expected = values(equation, {U: real + I * imaginary, V: other}, at)
    fields = {Function("u_re")(X, T): real, Function("u_im")(X, T): imaginary, V: other}
    parts = [values(problem.equations[name], fields, at) for name in ("e_re", "e_im")]
    np.testing.assert_allclose(parts[0], expected.real, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(parts[1], expected.imag, rtol=1e-10, atol=1e-12)
    assert not np.allclose(parts[0], expected.imag)


def test_a_soliton_solves_both_parts():
    problem = Problem(
        Interval(-5, 5), {"nls": NLS}, {}, (0, 1), {"u": 1 / cosh(X)}, periodic="left, right", complex_fields=["u"]
    )
    assert problem.initial == {"u_re": 1 / cosh(X), "u_im": 0}
    real, imaginary = complex_parts(SOLITON)
    at = np.random.default_rng(1).uniform(0, 1, (2, 20))
    for size, solves in ((1, True), (1.1, False)):
        fields = {Function("u_re")(X, T): size * real, Function("u_im")(X, T): size * imaginary}
        residuals = [values(equation, fields, at) for equation in problem.equations.values()]
        assert np.allclose(residuals, 0, atol=1e-12) is solves


def test_conditions_of_every_kind_are_split():
    u = Function("u")(X, Y)
    absorbing = u.diff(X) * Symbol("normal_x") - I * K * u
    problem = Problem(
        Rectangle(1, 1),
        {"wave": u.diff(X, 2) + u.diff(Y, 2) + K**2 * u, "flux": I * u.diff(Y)},
        {"left": {u: exp(I * K * Y)}, "right": {"absorbing": absorbing}, "bottom": {"u__y": 1j}, "top": {"flux": 2}},
        parameters={"k": (1, 2)},
        inside=["wave"],
        complex_fields=["u"],
    )
    assert list(problem.inside) == ["wave_re", "wave_im"]
    assert {edge: list(held) for edge, held in problem.conditions.items()} == {
        "left": ["u_re", "u_im"],
        "right": ["absorbing_re", "absorbing_im"],
        "bottom": ["u_re__y", "u_im__y"],
        "top": ["flux_re", "flux_im"],
    }
    assert {name: float(value) for name, value in problem.conditions["bottom"].items()} == {"u_re__y": 0, "u_im__y": 1}
    assert problem.conditions["top"] == {"flux_re": 2, "flux_im": 0}
    u_re, u_im = Function("u_re")(X, Y), Function("u_im")(X, Y)
    assert problem.equations["absorbing_re"] == u_re.diff(X) * Symbol("normal_x") + K * u_im
    assert problem.equations["absorbing_im"] == u_im.diff(X) * Symbol("normal_x") - K * u_re


def test_a_part_that_is_zero_is_left_out_and_real_equations_keep_their_names():
    equations = {"nls": NLS, "size": U * conjugate(U) - V, "heat": V.diff(T)}
    problem = Problem(
        Interval(-1, 1), equations, {"left, right": {}}, (0, 1), {"u": None, "v": 0}, complex_fields=["u"]
    )
    assert list(problem.equations) == ["nls_re", "nls_im", "size_re", "heat"]


def test_sensors_take_complex_numbers():
    at = np.linspace(-1, 1, 5)
    problem = Problem(
        Interval(-1, 1),
        {"nls": NLS},
        {"left, right": {}},
        (0, 1),
        {"u": None},
        sensors={"x": at, "t": 0, "u": np.exp(1j * pi_times(at))},
        complex_fields=["u"],
    )
    points, _ = samples(problem, 8, 4)["sensors"].draw(np.random.default_rng(0))
    np.testing.assert_allclose(points["u_re_sensors"], np.cos(pi_times(at)))
    np.testing.assert_allclose(points["u_im_sensors"], np.sin(pi_times(at)))


def pi_times(at):
    return float(pi) * at


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"complex_fields": "u"}, TypeError, r"`complex_fields` must be a sequence of names. Found 'u'"),
        ({"complex_fields": ["w"]}, ValueError, r"must name fields of the equations, u, .* Found w"),
        (
            {"equations": {"a": U.diff(T) - Function("u_re")(X, T)}, "complex_fields": ["u"]},
            ValueError,
            r"none of the name of their parts. Found u_re",
        ),
        ({}, ValueError, r"of real numbers and symbols. Found I"),
        ({"initial": {"u": exp(X**2 * Symbol("q"))}, "complex_fields": ["u"]}, ValueError, r"declare .* Found q in"),
    ],
)
def test_bad_input_is_named(changes, error, message):
    held = {"equations": {"nls": NLS}, "conditions": {"left, right": {}}, "time": (0, 1), "initial": {"u": 0}}
    with pytest.raises(error, match=message):
        Problem(Interval(-1, 1), **{**held, **changes})
