import numpy as np
import pytest
from sympy import Function, Symbol, cos, pi, sin

from modulus_relobralo.loops import solve, solve_in_windows
from modulus_relobralo.problems import Interval, Problem, Rectangle

X, Y, T = Symbol("x"), Symbol("y"), Symbol("t")
U = Function("u")(X, T)
WAVE = Problem(
    Interval(0, 1),
    {"wave": U.diff(T, 2) - U.diff(X, 2)},
    {"left, right": {"u": 0}},
    time=(0, 2),
    initial={"u": sin(pi * X), "u__t": 0},
)
GRID = dict(zip("xt", np.meshgrid(np.linspace(0, 1, 21), np.linspace(0, 2, 41)), strict=True))
EXACT = np.sin(np.pi * GRID["x"]) * np.cos(np.pi * GRID["t"])


@pytest.fixture(scope="module")
def found():
    return solve_in_windows(WAVE, 3, steps=30, points=150)


def test_a_wave_goes_on_from_window_to_window(found):
    assert found.error({"u": EXACT}, **GRID)["u"] < 2e-2
    assert np.array([part.problem.time for part in found.parts]) == pytest.approx(
        np.linspace(0, 2, 4)[[[0, 1], [1, 2], [2, 3]]]
    )
    assert [list(part.losses[0]) for part in found.parts[:2]] == [
        ["wave", "u", "u_initial", "u_t_initial"],
        ["wave", "u", "u_start", "u_t_start"],
    ]
    # The control: the last window alone, as if it were the first, is another solution.
    assert found.parts[-1].error({"u": EXACT[:21]}, x=GRID["x"][:21], t=GRID["t"][:21])["u"] > 0.1


def test_values_are_those_of_the_window_of_their_time(found):
    for part, time in zip(found.parts, (0.3, 1.0, 1.9), strict=True):
        assert found(x=0.4, t=time)["u"] == part(x=0.4, t=time)["u"]
    middle = found("u__t", x=[[0.5]], t=[[0.25, 1.25]])["u__t"]
    assert middle == pytest.approx(-np.pi * np.sin(np.pi * np.array([[0.25, 1.25]])), abs=0.1)
    with pytest.raises(TypeError, match=r"a function of x, t\. Found x"):
        found(x=0.4)


def test_windows_of_a_plane_with_a_parameter_and_sensors():
    rate, v = Symbol("rate"), Function("v")(X, Y, T, Symbol("rate"))
    decay = Problem(
        Rectangle(1, 1),
        {"decay": v.diff(T) + rate * v},
        {"edges": {}},
        time=(0, 2),
        initial={"v": 1},
        parameters={"rate": (0.5, 1)},
        sensors={"x": 0.5, "y": 0.5, "rate": 1, "t": [0.5, 1.5], "v": np.exp([-0.5, -1.5])},
    )
    found = solve_in_windows(decay, 2, steps=30, points=100)
    assert found(x=0.2, y=0.7, t=2, rate=0.5)["v"] == pytest.approx(np.exp(-1), rel=1e-2)
    assert [list(part.problem.sensors["sensors"].points["t"]) for part in found.parts] == [[0.5], [1.5]]


def test_what_has_no_windows_is_refused():
    flat = Problem(Interval(0, 1), {"flat": Function("u")(X).diff(X, 2)}, {"left, right": {"u": 0}})
    unknown = Problem(
        Interval(0, 1),
        {"heat": U.diff(T) - Symbol("c") * U.diff(X, 2)},
        {"left, right": {"u": 0}},
        time=(0, 1),
        initial={"u": cos(pi * X / 2) ** 2 * 0},
        unknown={"c": 1},
    )
    for problem, message in ((flat, "Found no time"), (unknown, "Found c")):
        with pytest.raises(ValueError, match=message):
            solve_in_windows(problem, 2)
    with pytest.raises(ValueError, match="windows"):
        solve_in_windows(WAVE, 0)
    for start, end in ((-1, 1), (1, 1), (0, 3)):
        with pytest.raises(ValueError, match="must be in the times"):
            WAVE.window(start, end)


def test_fields_and_derivatives_are_asked_for_by_name():
    found = solve(WAVE, steps=2, points=50)
    h, at = 1e-5, {"x": np.array([0.3, 0.6]), "t": 0.5}
    values = found("u__x", "u", **at)
    assert list(values) == ["u__x", "u"]
    sides = [found(**{**at, "x": at["x"] + d})["u"] for d in (-h, h)]
    assert values["u__x"] == pytest.approx((sides[1] - sides[0]) / (2 * h), rel=1e-6)
    assert values["u"] == pytest.approx(found(**at)["u"])
    with pytest.raises(ValueError, match=r"the fields u and their derivatives. Found v__x"):
        found("v__x", **at)
