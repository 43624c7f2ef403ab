"""Results of plates whose deflection is known in closed form, and the files that they are written to."""

import csv

import numpy as np
import pytest
from sympy import Symbol, pi, sin

from modulus_relobralo.plates import KirchhoffPlate, Patch, Plate, RectangularPlate, sinusoidal_deflection
from modulus_relobralo.plates.polynomial import fit
from modulus_relobralo.plates.results import results, save_results
from modulus_relobralo.plates.results.figures import triangles
from modulus_relobralo.plates.results.tables import balance, edge_rows, extreme_rows
from modulus_relobralo.plates.values import ClosedDeflection
from modulus_relobralo.problems import Rectangle, circle

X, Y = Symbol("x"), Symbol("y")
A, B, D, NU, P0 = 3.0, 2.0, 1.5, 0.3, 0.7
K = pi / A, pi / B


@pytest.fixture(scope="module")
def sinusoidal():
    plate = RectangularPlate(A, B, KirchhoffPlate(D, NU, P0 * sin(pi * X / A) * sin(pi * Y / B)), "simply_supported")
    return results(plate, ClosedDeflection(sinusoidal_deflection(A, B, D, P0)))


def test_extremes_and_their_places(sinusoidal):
    k, h = (float(value) for value in K)
    amplitude = P0 / (D * (k**2 + h**2) ** 2)
    extremes = sinusoidal.extremes()
    assert extremes["w"]["max"] == pytest.approx((amplitude, A / 2, B / 2))
    assert extremes["M_y"]["max"] == pytest.approx((D * amplitude * (h**2 + NU * k**2), A / 2, B / 2))
    twist = D * (1 - NU) * amplitude * k * h
    assert extremes["M_xy"]["max"][0] == pytest.approx(twist)
    assert extremes["Q_x"]["max"] == pytest.approx((D * amplitude * k * (k**2 + h**2), 0, B / 2), abs=1e-9)
    # In a corner there is twist alone: principal moments of both signs at 45 degrees.
    corner = sinusoidal.at(0, 0)
    assert (corner["M_1"], corner["M_2"]) == pytest.approx((twist, -twist))
    assert abs(corner["angle"]) == pytest.approx(45)


def test_reactions_balance_the_load(sinusoidal):
    """Timoshenko and Woinowsky-Krieger, article 27: reactions, and the forces that hold the corners down."""
    a, b = A, B
    force = 2 * P0 * (1 - NU) / (np.pi**2 * a * b * (1 / a**2 + 1 / b**2) ** 2)
    for _, _, found in sinusoidal.corners.values():
        assert found == pytest.approx(-force)
    edge = P0 * a / (np.pi * (1 + a**2 / b**2) ** 2) * (1 + (2 - NU) * a**2 / b**2)
    assert sinusoidal.edges["right"]["reaction"].max() == pytest.approx(edge)
    assert sinusoidal.load == pytest.approx(4 * P0 * a * b / np.pi**2, rel=1e-4)
    assert abs(sinusoidal.imbalance) < 1e-4
    assert sinusoidal.reactions["corners"] == pytest.approx(-4 * force)


def test_a_deflection_that_is_none_is_told(sinusoidal):
    wrong = results(sinusoidal.plate, ClosedDeflection(1.1 * sinusoidal_deflection(A, B, D, P0)))
    assert wrong.imbalance == pytest.approx(0.1, abs=1e-3)
    assert "+10.0" in balance(wrong)
    assert str(wrong.verdict).startswith("No solution: deflection off by about 10 %, moments off by about 10 %, shears")
    assert "equilibrium of forces off by about 10 %" in str(wrong.verdict)
    assert str(sinusoidal.verdict).startswith("Solution within about 0.")


def test_springs_soil_and_loads_along_an_edge_are_in_the_sums():
    edges = {"left": {"k_w": 40.0}, "right": "simply_supported", "bottom": "guided", "top": {"k_w": 20.0, "V_n": 0.5}}
    patch = Patch(Rectangle(0.5, 0.5, (1, 0.5)), 1e-9)
    plate = RectangularPlate(2, 1, KirchhoffPlate(D, NU, [0.7 + 0.1 * X, patch], winkler=5.0, pasternak=0.5), edges)
    found = results(plate, fit(plate, {}, degree=14))
    assert found.load == pytest.approx(2 * 0.7 + 0.2 + 0.5 * 2, rel=1e-6)
    assert found.reactions["bottom"] == 0
    assert min(found.reactions[name] for name in ("left", "right", "top", "soil")) > 0.05
    assert abs(found.imbalance) < 2e-3


def test_moments_balance_too(sinusoidal):
    equation = KirchhoffPlate(D, NU, 0.7 + 0.1 * X + 0.3 * Y, winkler=0.5, pasternak=0.3)
    plate = RectangularPlate(
        2, 1, equation, {"left": "clamped", "right": {"k_w": 3.0}, "bottom": "guided", "top": "simply_supported"}
    )
    assert max(map(abs, results(plate, fit(plate, {}, degree=14)).equilibrium)) < 2e-3
    assert max(map(abs, sinusoidal.equilibrium)) < 1e-4
    # The control: a wave of two halves has a sum of zero, but turns the plate.
    two = 0.2 * sinusoidal_deflection(A / 2, B, D, P0)
    wrong = results(sinusoidal.plate, ClosedDeflection(sinusoidal_deflection(A, B, D, P0) + two))
    assert abs(wrong.equilibrium.force) < 1e-4
    assert abs(wrong.equilibrium.moment_y) < 1e-4
    assert abs(wrong.equilibrium.moment_x) > 0.01


@pytest.mark.parametrize(
    ("p", "edges"),
    [
        (sin(2 * pi * X / A) * sin(pi * Y / B), "simply_supported"),
        (0, {"left, right": {"w": 0, "M_n": 1.0}, "bottom, top": "simply_supported"}),
        (0, {"left": {"w": 0.01}, "right": "clamped", "bottom, top": "guided"}),
    ],
    ids=["twist", "moment", "settlement"],
)
def test_loads_that_sum_to_zero_are_no_false_alarm(p, edges):
    plate = RectangularPlate(A, B, KirchhoffPlate(D, NU, p), edges)
    assert abs(results(plate, fit(plate, {}, degree=16)).imbalance) < 2e-3
    # The control: a deflection that is of another load.
    assert abs(results(plate, ClosedDeflection(sinusoidal_deflection(A, B, D, P0))).imbalance) > 0.1


def test_a_settlement_is_that_of_a_beam():
    """Of a strip between guided edges: M = 3 D w / L^2 at the clamped end, V = 3 D w / L^3."""
    edges = {"left": {"w": 0.01}, "right": "clamped", "bottom, top": "guided"}
    plate = RectangularPlate(A, B, KirchhoffPlate(D, NU), edges)
    found = results(plate, fit(plate, {}))
    assert found.edges["right"]["M_n"] == pytest.approx(-3 * D * 0.01 / A**2, rel=1e-6)
    assert found.reactions["left"] == pytest.approx(-3 * D * 0.01 / A**3 * B, rel=1e-6)


def test_a_corner_that_settles_lifts_its_neighbours():
    """On four points, one of which settles: w = s xy / (a b), a twist alone."""
    corners = dict.fromkeys(Rectangle(2, 1).corners, 0) | {"corner_right_top": 0.01}
    plate = RectangularPlate(2, 1, KirchhoffPlate(D, NU), "free", corners=corners)
    found = results(plate, fit(plate, {}))
    assert found.at(2, 1)["w"] == pytest.approx(0.01)
    assert found.at(0.5, 0.5)["M_xy"] == pytest.approx(-D * (1 - NU) * 0.01 / 2)
    force = 2 * D * (1 - NU) * 0.01 / 2
    assert [found.corners[name][2] for name in corners] == pytest.approx([-force, force, -force, force])


def test_a_place_beyond_the_plate_has_no_results(sinusoidal):
    for place in ((100, 100), (-0.1, 1), (1, 2.001)):
        with pytest.raises(ValueError, match=rf"must be a point of the plate. Found \({place[0]:g}, {place[1]:g}\)"):
            sinusoidal.at(*place)
    # Between points of the grid it is what it is there.
    k, h = (float(value) for value in K)
    amplitude = P0 / (D * (k**2 + h**2) ** 2)
    assert sinusoidal.at(0.3333, 0.7)["w"] == pytest.approx(amplitude * np.sin(k * 0.3333) * np.sin(h * 0.7))


def test_soil_that_pulls_is_said():
    soft = KirchhoffPlate(D, NU, Patch(Rectangle(0.5, 0.5), 1.0), winkler=50.0)
    found = results(plate := RectangularPlate(A, B, soft, "free"), fit(plate, {}, degree=14))
    assert found.fields["pressure"].min() < 0
    assert any("pulls" in remark for remark in found.remarks)
    everywhere = RectangularPlate(A, B, KirchhoffPlate(D, NU, 1.0, winkler=50.0), "free")
    assert not any("pulls" in remark for remark in results(everywhere, fit(everywhere, {})).remarks)


def test_parameters_need_values():
    family = RectangularPlate(1, 1, KirchhoffPlate(Symbol("h"), NU, 1, parameters={"h": (1, 2)}), "simply_supported")
    with pytest.raises(ValueError, match=r"must give a value to each of \['h'\]. Found \[\]"):
        results(family, ClosedDeflection(X))
    twice = results(family, ClosedDeflection(X**2 / Symbol("h")), {"h": 2.0})
    assert twice.at(0.5, 0.5)["M_x"] == pytest.approx(-2)


def test_files(sinusoidal, tmp_path):
    pytest.importorskip("vtkmodules")
    paths = {path.name: path for path in save_results(sinusoidal, tmp_path, "slab")}
    assert set(paths) == {
        *("results.md", "fields.csv", "edges.csv", "plate.vtu", "sheet.html"),
        *("fields.png", "principal_moments.png", "reinforcement.png", "reactions.png"),
    }
    sheet = paths["sheet.html"].read_text()
    assert str(sinusoidal.verdict) in sheet
    assert all(name in sheet for name in (*sinusoidal.edges, "sin(", "data:image/png"))
    text = paths["results.md"].read_text()
    assert text.startswith("# slab")
    assert "Load 1.70" in text
    with paths["fields.csv"].open() as file:
        rows = list(csv.DictReader(file))
    np.testing.assert_allclose([float(row["M_x"]) for row in rows], sinusoidal.fields["M_x"])
    with paths["edges.csv"].open() as file:
        assert {row["edge"] for row in csv.DictReader(file)} == {"left", "right", "bottom", "top"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for name, path in paths.items() if name.endswith("png"))


def test_paraview_reads_the_fields(sinusoidal, tmp_path):
    reader = pytest.importorskip("vtkmodules.vtkIOXML").vtkXMLUnstructuredGridReader()
    from vtkmodules.util.numpy_support import vtk_to_numpy

    from modulus_relobralo.plates.results.figures import write_vtk

    reader.SetFileName(str(write_vtk(sinusoidal, tmp_path / "plate.vtu")))
    reader.Update()
    grid = reader.GetOutput()
    data = grid.GetPointData()
    names = {data.GetArrayName(i) for i in range(data.GetNumberOfArrays())}
    assert names == set(sinusoidal.fields)
    np.testing.assert_allclose(vtk_to_numpy(data.GetArray("w")), sinusoidal.fields["w"])
    places = vtk_to_numpy(grid.GetPoints().GetData())
    np.testing.assert_allclose(places[:, :2].T, [sinusoidal.points["x"], sinusoidal.points["y"]])
    assert grid.GetNumberOfCells() > 5000


def test_triangles_leave_holes_out():
    from modulus_relobralo.problems import WithHoles

    shape = WithHoles(Rectangle(2, 2), {"hole": circle(0.4, (1, 1))})
    plate = Plate(shape, KirchhoffPlate(D, NU, P0), "clamped")
    mesh = triangles(results(plate, ClosedDeflection(X**4)))
    corners = mesh.get_masked_triangles()
    x, y = mesh.x[corners], mesh.y[corners]
    area = 0.5 * np.abs((x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])).sum()
    assert area == pytest.approx(shape.area, rel=1e-3)
    assert area != pytest.approx(4, rel=1e-2)


def test_tables(sinusoidal):
    rows = {row[""]: row for row in extreme_rows(sinusoidal)}
    assert rows["w"]["unit"] == "m"
    assert rows["w"]["at x, y [m]"] == "1.5, 1"
    edges = {row[""]: row for row in edge_rows(sinusoidal)}
    assert edges["left"]["held"] == "simply_supported"
    assert float(edges["corner_left_bottom"]["sum [N]"]) < 0
