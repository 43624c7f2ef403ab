"""Points of plates and waves: where they lie, what they stand for, and which loss terms hold there."""

from types import SimpleNamespace

import numpy as np
import pytest
from sympy import Symbol

from modulus_relobralo.plates import KirchhoffPlate, Patch, RectangularPlate
from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave, Rectangle
from modulus_relobralo.problems.sampling import samples

EDGES = {"left": "clamped", "right": "clamped", "bottom": "simply_supported", "top": "simply_supported"}
PLATE = RectangularPlate(6, 4, KirchhoffPlate(D=20.0, nu=0.3, p=0.01), EDGES, lower=(1, -2))
FAMILY = HelmholtzRectangle(1, 1, HelmholtzWave(k=Symbol("k"), parameters=["k"]))


def draw(place, seed=0):
    return place.draw(np.random.default_rng(seed))


def test_points_and_normals_lie_where_they_should():
    made = samples(PLATE, interior=200, edge=50, per_edge=True)
    inside, _ = draw(made["interior"])
    assert ((inside["x"] > 1) & (inside["x"] < 7) & (inside["y"] > -2) & (inside["y"] < 2)).all()
    where = {"left": ("x", 1, -1), "right": ("x", 7, 1), "bottom": ("y", -2, -1), "top": ("y", 2, 1)}
    assert list(made) == ["interior", *where]
    for edge, (axis, value, sign) in where.items():
        points, _ = draw(made[edge])
        other = "y" if axis == "x" else "x"
        assert (points[axis] == value).all()
        assert (points[f"normal_{axis}"] == sign).all()
        assert not points[f"normal_{other}"].any()
        assert len(set(points[other])) == 50


def test_sums_over_points_are_integrals():
    made = samples(PLATE, interior=20000, edge=2000)
    for name, integrand, expected in [
        ("interior", lambda p: p["x"] * p["y"] ** 2, 24 * (4 * 16 / 12)),  # x has mean 4, y^2 a mean of 16 / 12
        ("left_right", lambda p: p["x"] + p["y"] ** 2, 4 * 8 + 8 * 16 / 12),
        ("bottom_top", lambda p: p["y"] ** 2 + p["normal_y"], 12 * 4),
    ]:
        points, areas = draw(made[name])
        found = float((integrand(points) * areas).sum())
        assert found == pytest.approx(expected, rel=0.02)
        assert found != pytest.approx(1.1 * expected, rel=0.02)


def test_a_group_shares_its_points_by_length():
    points, areas = draw(samples(RectangularPlate(9, 1, PLATE.equation, "clamped"), interior=8, edge=10)["edges"])
    assert [int((points["normal_x"] != 0).sum()), int((points["normal_y"] != 0).sum())] == [4, 36]
    assert areas.sum() == pytest.approx(20)
    few, _ = draw(samples(RectangularPlate(1000, 1, PLATE.equation, "clamped"), interior=8, edge=1)["edges"])
    assert {*few["normal_x"], *few["normal_y"]} == {-1, 0, 1}


def test_draws_are_those_of_the_generator():
    place = samples(PLATE, interior=16, edge=4)["interior"]
    (first, _), (again, _), (other, _) = draw(place), draw(place), draw(place, seed=1)
    assert (first["x"] == again["x"]).all()
    assert not (first["x"] == other["x"]).any()


def test_parameters_are_drawn_from_their_ranges():
    points, _ = draw(samples(FAMILY, interior=500, edge=8, ranges={"k": (2, 5)})["interior"])
    assert 2 < points["k"].min() < 2.1
    assert 4.9 < points["k"].max() < 5


@pytest.mark.parametrize(
    ("problem", "options", "error", "message"),
    [
        (PLATE, {"interior": 0}, ValueError, "Parameter `interior` must be at least 1. Found `interior = 0`"),
        (PLATE, {"edge": 2.0}, TypeError, "Parameter `edge` must be an integer"),
        (PLATE, {"per_edge": 1}, TypeError, "Parameter `per_edge` must be a bool"),
        (PLATE, {"reduction": "sum"}, ValueError, r"must be one of \['integral', 'mean'\]. Found `reduction = 'sum'`"),
        (PLATE, {"ranges": {"k": (0, 1)}}, ValueError, r"one for each parameter, \[\]. Found `ranges = {'k': "),
        (FAMILY, {}, ValueError, r"one for each parameter, \['k'\]"),
        (FAMILY, {"ranges": {"k": (1, 0)}}, ValueError, r"pairs \(low, high\). Found `\(1, 0\)` of k"),
        (SimpleNamespace(equations={}), {}, TypeError, "`problem` must be a Problem, .* Found types.SimpleNamespace"),
    ],
)
def test_bad_input_is_named(problem, options, error, message):
    with pytest.raises(error, match=message):
        samples(problem, **{"interior": 8, "edge": 4, **options})


def test_points_lie_densely_on_a_patch_and_the_integral_stays():
    region = Rectangle(0.6, 0.4, lower=(2.0, -1.0))
    plate = RectangularPlate(6, 4, KirchhoffPlate(D=20.0, nu=0.3, p=Patch(region, 0.01)), EDGES, lower=(1, -2))
    points, areas = draw(samples(plate, interior=20000, edge=4)["interior"])
    on_patch = region.level(points["x"], points["y"]) > 0
    # A quarter, and its share of the others; a hundredth of the plate is the patch.
    assert on_patch.mean() == pytest.approx(0.25 + 0.75 * 0.01, abs=0.01)
    assert areas.sum() == pytest.approx(24, rel=0.02)
    assert areas[on_patch].sum() == pytest.approx(0.24, rel=0.05)
    assert float((points["x"] * areas).sum()) == pytest.approx(24 * 4, rel=0.02)
    # The control: with equal areas the patch would count as a quarter of the plate.
    assert on_patch.mean() * 24 > 20 * 0.24


def test_residuals_are_divided_by_their_sizes():
    plain = samples(PLATE, interior=8, edge=4, per_edge=True)
    sized = samples(PLATE, interior=8, edge=4, per_edge=True, sizes={"kirchhoff": 10.0, "M_n": 0.5})
    ratios = {
        name: factor / plain[place].factors[name]
        for place, held in sized.items()
        for name, factor in held.factors.items()
    }
    assert ratios["kirchhoff"] == pytest.approx(1e-2)
    assert {ratios["M_n_bottom"], ratios["M_n_top"]} == {4.0}
    assert {ratio for name, ratio in ratios.items() if name.startswith(("w", "slope"))} == {1.0}
    with pytest.raises(ValueError, match=r"`sizes\['w'\]` must be in \(0, inf\). Found `sizes\['w'\] = 0`"):
        samples(PLATE, interior=8, edge=4, sizes={"w": 0})
