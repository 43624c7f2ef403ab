"""Plates of any shape through the host: where its points lie, which loss terms there are, and of what size."""

import math
import re

import numpy as np
import pytest
import textbook
import torch
from example_runs import EXAMPLES
from hydra.utils import instantiate
from omegaconf import OmegaConf
from pictures import has_colour
from programs import run_script
from sympy import Function, Symbol, exp, sqrt

from modulus_relobralo.hosts.sym import constraints, equation_nodes, host, keys, plate_network, plate_results
from modulus_relobralo.hosts.sym.builders import ShapeGeometry
from modulus_relobralo.plates import KirchhoffPlate, Patch, Plate, RectangularPlate, flexural_rigidity, scaling
from modulus_relobralo.problems import Ellipse, Polygon, Rectangle, annulus, circle
from modulus_relobralo.report import read_run

pytestmark = pytest.mark.host

X, Y = Symbol("x"), Symbol("y")
L = Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)])
SAMPLING = {"batch_per_epoch": 1}


def losses(plate, w, interior=64, edge=64, **options):
    """Return the loss terms where an expression stands for the network."""
    nodes = [*equation_nodes(plate), host.Node.from_sympy(w, "w")]
    return terms(constraints(plate, nodes, interior, edge, **SAMPLING, **options))


def terms(made):
    domain = host.Domain()
    for name, constraint in made.items():
        domain.add_constraint(constraint, name)
    domain.load_data()
    return {name: term.item() for name, term in domain.compute_losses(0).items()}


# ----- points


@pytest.mark.parametrize("shape", [L, annulus(2, 0.5), Ellipse(2, 1)], ids=["L", "ring", "ellipse"])
def test_the_points_of_each_part_lie_on_it(shape):
    for name, part in shape.parts.items():
        points = ShapeGeometry(shape, [name]).sample_boundary(50)
        assert points["x"].shape == (50, 1)
        np.testing.assert_allclose(shape.level(points["x"], points["y"]), 0, atol=1e-9)
        assert points["area"].sum() == pytest.approx(part.length)
        if name in shape.corners:
            assert (points["x"] == part.point[0]).all()
    inside = ShapeGeometry(shape).sample_interior(400)
    assert (shape.level(inside["x"], inside["y"]) > 0).all()
    assert inside["area"].sum() == pytest.approx(shape.area, rel=0.1)


def test_a_small_patch_is_not_missed_and_counts_what_it_is():
    """A patch of a ten-thousandth of the plate, which a thousand points over the plate miss nine times out of ten."""
    patch = Rectangle(0.02, 0.02, lower=(1, 0.5))
    points = ShapeGeometry(Rectangle(2, 2), dense=[patch]).sample_interior(4000)
    there = patch.level(points["x"], points["y"]) > 0
    assert 900 < there.sum() < 1200
    assert points["area"].sum() == pytest.approx(4, rel=0.01)
    assert points["area"][there].sum() == pytest.approx(4e-4, rel=0.01)
    plain = ShapeGeometry(Rectangle(2, 2)).sample_interior(4000)
    assert (patch.level(plain["x"], plain["y"]) > 0).sum() < 10


def test_a_load_on_a_patch_is_in_the_loss():
    patch = Patch(Rectangle(0.02, 0.02, lower=(1, 0.5)), 30.0)
    plate = RectangularPlate(2, 2, KirchhoffPlate(D=1.0, nu=0.3, p=patch), "simply_supported")
    found = losses(plate, 1e-9 * exp(X + Y), interior=2000)["kirchhoff"]
    assert found == pytest.approx(30**2 * 4e-4, rel=0.05)


# ----- loss terms


def test_terms_of_a_free_plate_on_soil():
    plate = RectangularPlate(2, 1, KirchhoffPlate(D=1.5, nu=0.2, p=0.7, winkler=3.0), "free")
    nodes = [*equation_nodes(plate), host.Node.from_sympy(X**2 + 1e-9 * exp(X + Y), "w")]
    made = constraints(plate, nodes, 16, 16, **SAMPLING)
    assert list(made) == ["interior", "edges", "_".join(plate.shape.corners)]
    assert set(terms(made)) == {"kirchhoff", "V_n", "M_n", "R"}
    separate = losses(plate, X * Y + 1e-9 * exp(X + Y), per_edge=True)
    # Of w = x y the twist is -D (1 - nu), and the force of each corner twice that.
    for corner in plate.shape.corners:
        assert separate[f"R_{corner}"] == pytest.approx((2 * 1.5 * 0.8) ** 2, rel=1e-5)


def test_the_ring_of_the_textbook_has_no_losses():
    """A curved free edge: without the curvature's terms, its shear would not vanish."""
    D, nu, q = 1.5, 0.3, 0.7
    plate = Plate(annulus(2, 0.8), KirchhoffPlate(D, nu, q), {"outer": "simply_supported", "inner": "free"})
    w = textbook.ring(2.0, 0.8, D, nu, q, sqrt(X**2 + Y**2))["w"]
    found = losses(plate, w)
    assert set(found) == {"kirchhoff", "w", "M_n", "V_n"}
    assert max(found.values()) < 1e-8
    twice = losses(plate, 2 * w)
    assert twice["kirchhoff"] == pytest.approx(q**2 * plate.shape.area, rel=0.1)
    # Not every deflection passes: this one has shear on the inner edge.
    assert losses(plate, w + 0.01 * X**3)["V_n"] > 1e-4


def test_elastic_edges_with_their_own_stiffness():
    edges = {"left": {"k_w": 3.0}, "right": {"k_w": 5.0, "k_slope": 2.0}, "bottom, top": "simply_supported"}
    plate = RectangularPlate(2, 1, KirchhoffPlate(D=1.5, nu=0.2, p=0.7), edges)
    w = X**2 + 1e-9 * exp(X + Y)
    found = losses(plate, w, per_edge=True)
    # w = x^2: no shear, M_x = -2 D, and on the right w = 4, slope 4
    assert found["spring_left"] == pytest.approx(0, abs=1e-9)
    assert found["spring_right"] == pytest.approx((5 * 4) ** 2, rel=1e-4)
    assert found["restraint_right"] == pytest.approx((-2 * 1.5 - 2 * 4) ** 2, rel=1e-4)
    assert losses(plate, w)["spring"] == pytest.approx((5 * 4) ** 2, rel=1e-4)


# ----- sizes


def slab():
    """Return a concrete slab of 6 m x 4 m in SI units, two of its edges free."""
    equation = KirchhoffPlate(flexural_rigidity(E=30e9, h=0.2, nu=0.2), nu=0.2, p=5e3)
    return RectangularPlate(6, 4, equation, {"left, right": "clamped", "bottom, top": "free"})


def untrained(inputs, outputs):
    arch = host.load("models.fully_connected").FullyConnectedArch
    return arch(input_keys=inputs, output_keys=outputs, layer_size=16, nr_layers=2)


def test_a_plate_in_si_units_starts_with_losses_of_order_one():
    plate = slab()
    network = untrained(*keys(plate))
    nodes = [*equation_nodes(plate), network.make_node("plate_network")]
    scaled = terms(constraints(plate, nodes, 64, 64, scaled=True, reduction="mean", **SAMPLING))
    assert set(scaled) == {"kirchhoff", "w", "slope_n", "M_n", "V_n"}
    assert all(1e-4 < term < 1e3 for term in scaled.values()), scaled
    # As it was: by hand, they are further apart than float32 has digits.
    by_hand = untrained([host.Key("x"), host.Key("y")], [host.Key("w")])
    nodes = [*equation_nodes(plate), by_hand.make_node("plate_network")]
    plain = terms(constraints(plate, nodes, 64, 64, **SAMPLING))
    assert max(plain.values()) > 1e9 * min(plain.values())


def test_sizes_are_found_once_for_network_loss_terms_and_points(monkeypatch):
    plate, fits, fit = slab(), [], scaling.fit
    monkeypatch.setattr(scaling, "fit", lambda *given: fits.append(given) or fit(*given))
    network = plate_network(plate, small())
    nodes = [*equation_nodes(plate), network.make_node("plate_network")]
    constraints(plate, nodes, 16, 16, scaled=True, **SAMPLING)
    keys(plate)
    assert scaling.scales(plate).outputs["w"] == network.output_keys[0].scale[1]
    assert len(fits) == 1
    keys(slab())
    assert len(fits) == 2


def test_the_ranges_of_parameters_are_sampled_by_themselves():
    h = Symbol("h")
    family = RectangularPlate(
        2, 1, KirchhoffPlate(D=h, nu=0.3, p=1.0, parameters={"h": (3.0, 4.0)}), "simply_supported"
    )
    inputs, _ = keys(family)
    assert [(str(key), key.scale) for key in inputs] == [("x", (1.0, 1.0)), ("y", (0.5, 0.5)), ("h", (3.5, 0.5))]
    nodes = [*equation_nodes(family), host.Node.from_sympy(X * Y, "w")]
    made = constraints(family, nodes, 32, 32, scaled=True, **SAMPLING)
    for constraint in made.values():
        constraint.load_data()
        values = constraint._input_vars["h"]
        assert 3 <= float(values.min()) < 3.5 < float(values.max()) <= 4


def test_waves_have_no_sizes():
    with pytest.raises(TypeError, match=r"Only a Plate knows the sizes of its quantities. Found 'wave'"):
        keys("wave")


# ----- holes


def ring():
    edges = {"outer": "simply_supported", "inner": "free"}
    return Plate(annulus(3, 1), KirchhoffPlate(flexural_rigidity(E=30e9, h=0.2, nu=0.3), nu=0.3, p=5e3), edges)


def small(**options):
    return OmegaConf.create({"arch_type": "fully_connected", "layer_size": 8, "nr_layers": 2, **options})


def test_the_network_of_a_plate_knows_of_its_holes_and_corners():
    first = plate_network(ring(), small())._impl.layers[0]
    assert (first.linear.in_features, len(ring().shape.poles)) == (5, 1)
    smooth = Plate(circle(2), slab().equation, "clamped")
    plain = plate_network(smooth, small())
    assert type(plain) is host.load("models.fully_connected").FullyConnectedArch
    assert [key.scale for key in plain.input_keys] == [key.scale for key in keys(smooth)[0]]
    # Others of the host's are for plates without holes.
    assert plate_network(smooth, small(arch_type="siren", layer_size=4)).output_keys
    # Where a clamped edge meets a free one shears have no bound: three functions at each of four corners.
    assert len(plate_network(slab(), small()).amplitudes) == 12
    with pytest.raises(ValueError, match="must be fully_connected"):
        plate_network(slab(), small(arch_type="siren", layer_size=4))
    # Where only fourth derivatives have none, others do without.
    clamped = Plate(slab().shape, slab().equation, "clamped")
    assert len(plate_network(clamped, small()).amplitudes) == 8
    assert not hasattr(plate_network(clamped, small(arch_type="siren", layer_size=4)), "amplitudes")


# ----- results of a run


def test_results_of_a_run_come_from_its_folder(tmp_path):
    results_of_run(tmp_path, "two_edges_free_square", area=25)


def test_results_of_a_run_with_a_hole_come_from_its_folder(tmp_path):
    results_of_run(tmp_path, "annulus", area=8 * math.pi)


def results_of_run(tmp_path, case, area):
    short = [
        "training.max_steps=1",
        "training.summary_freq=1",
        "batch_size.interior=20",
        "batch_size.edge=5",
    ]
    small = ["arch.fully_connected.layer_size=6", f"case={case}", "hydra.run.dir=run"]
    script = EXAMPLES / "plates" / "plates.py"
    # After one step it is no solution, and the exit says so.
    printed = run_script(script, [*short, *small], tmp_path, succeeds=False)
    assert "No solution: " in printed
    folder = tmp_path / "run"
    files = {path.name for path in (folder / "results").iterdir()}
    assert {"results.md", "fields.csv", "edges.csv", "plate.vtu", "reactions.png"} <= files
    plate = instantiate(OmegaConf.load(folder / ".hydra" / "config.yaml").custom.plate, _convert_="all")
    again = plate_results(plate, folder)
    (line,) = (line for line in printed.splitlines() if line.startswith("Load "))
    assert f"Load {again.load:.4g} N, reactions {sum(again.reactions.values()):.4g} N" in line
    assert math.isclose(again.load, 5e3 * area, rel_tol=1e-4)
    residual = read_run(folder).residuals["kirchhoff"].values[-1]
    found = float(re.search(r"residual of kirchhoff \(RMS\) +│ +([\d.e+-]+) │", printed)[1])
    assert math.isclose(found, residual, rel_tol=1e-3)
    # of the load, [N/m^2], after one step
    assert 1e2 < residual < 1e5
    assert has_colour(folder / "losses.png")
    with pytest.raises(FileNotFoundError, match=r"read from its config and its network. There is no .*\.hydra"):
        plate_results(plate, tmp_path)
    # The network of another plate would be read with the wrong scales.
    thinner = KirchhoffPlate(flexural_rigidity(E=30e9, h=0.1, nu=0.3), nu=0.3, p=5e3)
    with pytest.raises(ValueError, match="`plate` must be the plate that was trained"):
        plate_results(Plate(plate.shape, thinner, plate.edges), folder)
    checkpoint = folder / "plate_network.0.pth"
    state = torch.load(checkpoint, weights_only=True)
    state.pop("made_for")
    torch.save(state, checkpoint)
    with pytest.raises(ValueError, match="a network that `plate_network` made"):
        plate_results(plate, folder)
    config = folder / ".hydra" / "config.yaml"
    OmegaConf.save(OmegaConf.merge(OmegaConf.load(config), {"arch": {"fourier": {}}}), config)
    with pytest.raises(ValueError, match=r"one `arch`. Found \['fully_connected', 'fourier'\]"):
        plate_results(plate, folder)


@pytest.mark.parametrize("path", sorted((EXAMPLES / "plates" / "conf" / "case").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_case_is_a_plate(path):
    plate = instantiate(OmegaConf.load(path).plate, _convert_="all")
    assert plate.inside == {"kirchhoff": 0}
    assert plate.equations["kirchhoff"].has(Function("w")(X, Y).diff(X, 4))
    assert set(plate.edges) == set(plate.shape.edges)
