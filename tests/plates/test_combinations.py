"""Combinations of load cases against one closed form under all loads, and envelopes."""

import numpy as np
import pytest
from sympy import cos, pi, sin, symbols

from modulus_relobralo.plates import EdgeSupport, KirchhoffPlate, Patch, RectangularPlate
from modulus_relobralo.plates.polynomial import fit
from modulus_relobralo.plates.results import combine, envelope, results
from modulus_relobralo.plates.results.tables import envelope_rows
from modulus_relobralo.plates.values import ClosedDeflection
from modulus_relobralo.problems import Rectangle

x, y = symbols("x y")
A, B, D = 2.0, 1.0, 3.0
CONCRETE = KirchhoffPlate(D, 0.3, 0.0)


def wave(m, n):
    """A load sin sin and the deflection of a simply supported plate under it."""
    shape = sin(m * pi * x / A) * sin(n * pi * y / B)
    return shape, shape / (D * ((m * pi / A) ** 2 + (n * pi / B) ** 2) ** 2)


def case(m, n, size=1.0, edges="simply_supported"):
    load, w = wave(m, n)
    return results(RectangularPlate(A, B, CONCRETE.under(size * load), edges), ClosedDeflection(size * w))


@pytest.fixture(scope="module")
def cases():
    return {"dead": case(1, 1), "live": case(2, 1, 5.0), "wind": case(1, 3, -2.0)}


def test_a_combination_is_the_plate_under_all_loads(cases):
    factors = {"dead": 1.35, "live": 1.5}
    found = combine(factors, cases)
    loads, ws = zip(*[wave(1, 1), wave(2, 1)], strict=True)
    plate = RectangularPlate(A, B, CONCRETE.under(1.35 * loads[0] + 7.5 * loads[1]), "simply_supported")
    exact = results(plate, ClosedDeflection(1.35 * ws[0] + 7.5 * ws[1]))
    for name, values in exact.fields.items():
        if name != "angle":
            np.testing.assert_allclose(found.fields[name], values, atol=1e-9 * np.abs(values).max())
    assert found.load == pytest.approx(exact.load)
    for name, value in exact.reactions.items():
        assert found.reactions[name] == pytest.approx(value, abs=1e-6 * exact.load)
    # Moments of reinforcement are those of the sum, not sums: the control.
    added = sum(factors[name] * cases[name].fields["M_x_top"] for name in factors)
    assert np.abs(found.fields["M_x_top"] - added).max() > 0.05 * added.max()
    assert found.verdict.is_solution


def test_a_sum_of_what_is_no_solution_is_none(cases):
    wrong = results(cases["live"].plate, ClosedDeflection(4.5 * wave(2, 1)[1]))
    assert not combine({"dead": 1.0, "live": 1.0}, {**cases, "live": wrong}).verdict.is_solution


def test_what_edges_and_corners_prescribe_is_combined():
    """A moment along an edge, a settlement of it, and a patch of load beside another load."""

    def plate(load, **left):
        edges = {"left": EdgeSupport(**{"w": 0, "M_n": 0} | left), "right, bottom, top": "simply_supported"}
        return RectangularPlate(A, B, CONCRETE.under(load), edges)

    patch = Patch(Rectangle(0.5, 0.4, (0.6, 0.3)), 4.0)
    settles = 0.01 * sin(pi * y / B)
    first, second = plate([1.0, patch]), plate(Patch(patch.region, 0.0), w=settles, M_n=0.02 * cos(y))
    made = {"load": results(first, fit(first, {})), "settlement": results(second, fit(second, {}))}
    found = combine({"load": 2.0, "settlement": -3.0}, made)
    whole = plate([2.0, Patch(patch.region, 8.0)], w=-3 * settles, M_n=-0.06 * cos(y))
    exact = results(whole, fit(whole, {}))
    assert found.load == pytest.approx(2 * (A * B + 0.2 * 4))
    for name in ("w", "M_x", "M_y", "M_xy"):
        assert np.abs(found.fields[name] - exact.fields[name]).max() < 1e-6 * np.abs(exact.fields[name]).max()


def test_an_envelope_names_what_governs(cases):
    found = envelope(cases)
    quarter = int(np.hypot(found.points["x"] - A / 4, found.points["y"] - B / 2).argmin())
    assert (found.largest_of["w"][quarter], found.smallest_of["w"][quarter]) == ("live", "wind")
    for name, values in found.largest.items():
        every = [one.fields[name] for one in cases.values()]
        assert (values == np.max(every, axis=0)).all()
        assert (found.smallest[name] == np.min(every, axis=0)).all()
    value, at_x, at_y, of = found.extremes()["M_x"]["max"]
    assert of == "live"
    assert value == pytest.approx(max(one.extremes()["M_x"]["max"][0] for one in cases.values()))
    assert (at_x, at_y) == pytest.approx((A / 4, B / 2), abs=0.05)
    assert {row["of"] for row in envelope_rows(found)} <= set(cases)
    assert found.reactions["left"][0] == max(one.reactions["left"] for one in cases.values())


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (lambda: case(1, 1, edges="clamped"), "edges"),
        (
            lambda: results(RectangularPlate(A, 2, CONCRETE.under(1.0), "clamped"), ClosedDeflection(x)),
            "shape and edges",
        ),
        (
            lambda: results(
                RectangularPlate(A, B, KirchhoffPlate(D, 0.2, 1.0), "simply_supported"), ClosedDeflection(x * y)
            ),
            "stiffness",
        ),
    ],
)
def test_other_plates_are_refused(cases, other, says):
    with pytest.raises(ValueError, match=says):
        combine({"dead": 1, "other": 1}, {**cases, "other": other()})


def test_names(cases):
    with pytest.raises(ValueError, match="Found snow"):
        combine({"snow": 1}, cases)
    with pytest.raises(ValueError, match="Found none"):
        envelope({})
