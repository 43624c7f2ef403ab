"""Constraints of plates and waves: their points, loss terms and values, where an expression stands for the network."""

import math
from types import SimpleNamespace

import pytest
import torch
from sympy import Function, Piecewise, Symbol, cos, exp, pi, sin

from modulus_relobralo.hosts.sym import constraints, equation_nodes, geometry, host
from modulus_relobralo.hosts.sym.equation_detection import find_equations
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate, sinusoidal_deflection
from modulus_relobralo.problems import (
    Composite,
    HelmholtzRectangle,
    HelmholtzWave,
    Interval,
    Problem,
    Rectangle,
    standing_wave,
)
from modulus_relobralo.problems.shapes.primitives import EDGES

pytestmark = pytest.mark.host

X, Y = Symbol("x"), Symbol("y")
FIXED = {"batch_per_epoch": 1}
SAMPLING = pytest.mark.parametrize(
    "sampling", [{"batch_per_epoch": 2}, {"fixed_dataset": False}], ids=["fixed", "resampled"]
)


def losses(problem, network, per_edge=False, interior=64, edge=32, **sampling):
    """Return the host's loss terms where expressions by name stand for the networks."""
    nodes = [*equation_nodes(problem), *(host.Node.from_sympy(field, name) for name, field in network.items())]
    domain = host.Domain()
    sampling = sampling or FIXED
    for name, constraint in constraints(problem, nodes, interior, edge, per_edge, **sampling).items():
        domain.add_constraint(constraint, name)
    domain.load_data()
    terms = domain.compute_losses(0)
    assert domain.get_num_losses() == len(terms)
    return {name: term.item() for name, term in terms.items()}


def sampled(constraint):
    constraint.load_data()
    return {name: value.detach() for name, value in constraint._input_vars.items()}


# ----- points

LOWER, UPPER = (-0.1, 2.0), (0.2, 9.3)
ON_EDGE = {"left": ("x", -0.1), "right": ("x", 0.2), "bottom": ("y", 2.0), "top": ("y", 9.3)}
NORMALS = {"left": (-1, 0), "right": (1, 0), "bottom": (0, -1), "top": (0, 1)}


def wave_constraints(edges=0, per_edge=False, interior=32, edge=16, **sampling):
    wave = HelmholtzRectangle(0.3, 7.3, HelmholtzWave(1), edges, LOWER)
    nodes = [*equation_nodes(wave), host.Node.from_sympy(X * Y, "u")]
    return constraints(wave, nodes, interior, edge, per_edge, **(sampling or FIXED))


def test_the_geometry_is_the_described_one():
    wave = HelmholtzRectangle(0.3, 7.3, HelmholtzWave(1), lower=LOWER)
    bounds = {str(key): ends for key, ends in geometry(wave).bounds.bound_ranges.items()}
    assert bounds["x"] == pytest.approx((-0.1, 0.2))
    assert bounds["y"] == pytest.approx((2, 9.3))


def test_other_shapes_are_refused():
    with pytest.raises(TypeError, match=r"`problem` must be a Problem. Found namespace\(shape='disc'"):
        geometry(SimpleNamespace(shape="disc"))


@SAMPLING
def test_each_edge_gets_its_points_and_outward_normals(sampling):
    made = wave_constraints(per_edge=True, **sampling)
    assert list(made) == ["interior", *EDGES]
    for edge, (coordinate, value) in ON_EDGE.items():
        points = sampled(made[edge])
        assert points["x"].shape == (16, 1)
        torch.testing.assert_close(points[coordinate], torch.full((16, 1), value))
        along = "y" if coordinate == "x" else "x"
        assert len(points[along].unique()) == 16
        normals = torch.cat([points["normal_x"], points["normal_y"]], dim=1)
        torch.testing.assert_close(normals, torch.tensor([NORMALS[edge]], dtype=normals.dtype).expand(16, 2))


@SAMPLING
def test_shared_points_lie_on_all_edges_by_length(sampling):
    made = wave_constraints(edge=2000, **sampling)
    assert list(made) == ["interior", "edges"]
    points = sampled(made["edges"])
    n_x, n_y = points["normal_x"], points["normal_y"]
    counts = {"left": n_x < 0, "right": n_x > 0, "bottom": n_y < 0, "top": n_y > 0}
    lengths = {"left": 7.3, "right": 7.3, "bottom": 0.3, "top": 0.3}
    assert sum(int(there.sum()) for there in counts.values()) == 8000
    for edge, there in counts.items():
        coordinate, value = ON_EDGE[edge]
        expected = 8000 * lengths[edge] / 15.2
        assert abs(int(there.sum()) - expected) < 5 * expected**0.5
        torch.testing.assert_close(points[coordinate][there], torch.full_like(points[coordinate][there], value))


def test_interior_points_lie_inside():
    points = sampled(wave_constraints()["interior"])
    assert points["x"].shape == (32, 1)
    for name, low, high in zip("xy", LOWER, UPPER, strict=True):
        assert (points[name] > low).all()
        assert (points[name] < high).all()


def test_edges_with_equal_conditions_share_a_constraint():
    made = wave_constraints({"left": 0, "right": 0.0, "bottom": 1, "top": X - X})
    assert list(made) == ["interior", "left_right_top", "bottom"]
    assert len(sampled(made["left_right_top"])["x"]) == 48
    assert (sampled(made["bottom"])["normal_y"] == -1).all()


def test_terms_of_an_edge_end_in_its_name():
    made = wave_constraints(per_edge=True)
    names = {name: [str(key) for key in constraint.output_names] for name, constraint in made.items()}
    assert names == {"interior": ["helmholtz"], **{edge: [f"u_{edge}"] for edge in EDGES}}


@pytest.mark.parametrize("name", ["interior", "edge"])
@pytest.mark.parametrize(("points", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_there_must_be_points(name, points, error):
    with pytest.raises(error, match=rf"Parameter `{name}` must be "):
        wave_constraints(**{name: points})


@pytest.mark.parametrize("per_edge", ["false", 1, None])
def test_whether_edges_have_terms_of_their_own_is_yes_or_no(per_edge):
    with pytest.raises(TypeError, match=f"Parameter `per_edge` must be a bool. Found `per_edge = {per_edge!r}`."):
        wave_constraints(per_edge=per_edge)


# ----- plates

A, B, D, NU, P = 3.0, 2.0, 1.5, 0.2, 0.7
PLATE = KirchhoffPlate(D=D, nu=NU, p=P)
MIXED = {"left": "clamped", "right": "clamped", "bottom": "simply_supported", "top": "simply_supported"}
# x^2, whose conditions are constant along each edge; the rest keeps its derivatives from becoming constants, which
# autograd cannot differentiate.
PARABOLA = {"w": X**2 + 1e-9 * exp(X + Y)}


def per_edge_terms(*kinds):
    return {f"{kind}_{edge}" for edge in ("left", "right", "bottom", "top") for kind in kinds}


@pytest.mark.parametrize(
    ("edges", "pooled", "separate"),
    [
        ("simply_supported", {"w", "M_n"}, per_edge_terms("w", "M_n")),
        ("clamped", {"w", "slope_n"}, per_edge_terms("w", "slope_n")),
        (
            MIXED,
            {"w", "M_n", "slope_n"},
            per_edge_terms("w") | {"slope_n_left", "slope_n_right", "M_n_bottom", "M_n_top"},
        ),
    ],
    ids=["simply_supported", "clamped", "mixed"],
)
def test_loss_terms_of_a_plate(edges, pooled, separate):
    plate = RectangularPlate(A, B, PLATE, edges)
    assert set(losses(plate, PARABOLA)) == {"kirchhoff"} | pooled
    assert set(losses(plate, PARABOLA, per_edge=True)) == {"kirchhoff"} | separate
    assert len(separate) == 8


def test_a_plate_of_another_name():
    plate = RectangularPlate(A, B, KirchhoffPlate(D=D, nu=NU, p=P, w="v"), "clamped")
    terms = losses(plate, {"v": PARABOLA["w"]}, per_edge=True)
    assert set(terms) == {"kirchhoff_v"} | per_edge_terms("v", "slope_n_v")


def test_terms_of_each_edge_are_the_integrals_along_it():
    """For w = x^2: M_x = -2 D, M_y = -2 D nu, slope 2 x; each squared and integrated by hand."""
    supported = losses(RectangularPlate(A, B, PLATE, "simply_supported"), PARABOLA, per_edge=True)
    clamped = losses(RectangularPlate(A, B, PLATE, "clamped"), PARABOLA, per_edge=True)
    assert supported["kirchhoff"] == pytest.approx(P**2 * A * B, rel=1e-5)
    assert supported["w_left"] == pytest.approx(0, abs=1e-9)
    assert supported["w_right"] == pytest.approx(A**4 * B, rel=1e-5)
    assert supported["M_n_left"] == pytest.approx((2 * D) ** 2 * B, rel=1e-5)
    assert supported["M_n_right"] == pytest.approx((2 * D) ** 2 * B, rel=1e-5)
    assert supported["M_n_bottom"] == pytest.approx((2 * D * NU) ** 2 * A, rel=1e-5)
    assert supported["M_n_top"] == pytest.approx((2 * D * NU) ** 2 * A, rel=1e-5)
    assert clamped["slope_n_right"] == pytest.approx(4 * A**2 * B, rel=1e-5)
    for edge in ("left", "bottom", "top"):
        assert clamped[f"slope_n_{edge}"] == pytest.approx(0, abs=1e-9)


def test_pooled_terms_are_the_sums_over_the_edges():
    """The moments of w = x^2 are constant along each edge, so that the pooled sum is exact wherever the points lie."""
    pooled = losses(RectangularPlate(A, B, PLATE, "simply_supported"), PARABOLA)
    assert pooled["M_n"] == pytest.approx(2 * (2 * D) ** 2 * B + 2 * (2 * D * NU) ** 2 * A, rel=1e-5)


@pytest.mark.parametrize("per_edge", [False, True])
@SAMPLING
def test_all_losses_vanish_for_the_exact_deflection(per_edge, sampling):
    """On a plate away from the origin, whose load is written with a symbol of an assumption."""
    lower, real = (-1.0, 0.5), Symbol("x", real=True)
    load = P * sin(pi * (real + 1) / A) * sin(pi * (Y - 0.5) / B)
    plate = RectangularPlate(A, B, KirchhoffPlate(D=D, nu=NU, p=load), "simply_supported", lower=lower)
    exact = sinusoidal_deflection(A, B, D, P).subs({X: X + 1, Y: Y - 0.5}, simultaneous=True)
    assert max(losses(plate, {"w": exact}, per_edge, **sampling).values()) < 1e-9
    wrong = losses(plate, {"w": 1.01 * exact}, per_edge, interior=1024, **sampling)
    assert wrong["kirchhoff"] == pytest.approx((0.01 * P) ** 2 * A * B / 4, rel=0.5)


def test_a_family_of_plates_gets_its_parameters_from_the_sampling():
    """D w,xxxx = 24 D for w = x^4, with D = h: the integral of (24 h)^2 over the plate for the h that was drawn."""
    h = Symbol("h", positive=True)
    plate = RectangularPlate(A, B, KirchhoffPlate(D=h, nu=NU, p=0, parameters=["h"]), "simply_supported")
    for thickness in (0.5, 2.0):
        sampling = {**FIXED, "parameterization": host.Parameterization({Symbol("h"): thickness})}
        terms = losses(plate, {"w": X**4 + 1e-9 * exp(X + Y)}, **sampling)
        assert terms["kirchhoff"] == pytest.approx((24 * thickness) ** 2 * A * B, rel=1e-4)


@pytest.mark.parametrize("name", ["area", "sdf", "w_left"])
@pytest.mark.parametrize("parameters", [[], None], ids=["field", "parameter"])
def test_names_that_mean_something_else_to_the_host_are_refused(name, parameters):
    """The host would take the weight of a point, its distance from the edge or the deflection there for the load."""
    load, parameters = (name, []) if parameters == [] else (Symbol(name), [name])
    plate = RectangularPlate(A, B, KirchhoffPlate(D=D, nu=NU, p=load, parameters=parameters), "simply_supported")
    with pytest.raises(ValueError, match=f"must not be named as a loss term or as what the host .* Found {name}."):
        losses(plate, PARABOLA)


def test_every_term_of_each_edge_reaches_the_network():
    arch = host.load("models.fully_connected").FullyConnectedArch(
        input_keys=[host.Key("x"), host.Key("y")], output_keys=[host.Key("w")], layer_size=8, nr_layers=2
    )
    plate = RectangularPlate(A, B, PLATE, MIXED)
    nodes = [*equation_nodes(plate), arch.make_node("plate")]
    domain = host.Domain()
    for name, constraint in constraints(plate, nodes, 8, 8, per_edge=True, **FIXED).items():
        domain.add_constraint(constraint, name)
    assert len(domain.get_saveable_models()) == 1
    domain.load_data()
    for name, term in domain.compute_losses(0).items():
        gradients = torch.autograd.grad(term, list(arch.parameters()), retain_graph=True, allow_unused=True)
        size = sum(float(gradient.abs().sum()) for gradient in gradients if gradient is not None)
        assert 0 < size < float("inf"), name


def test_a_support_of_a_family_may_depend_on_its_parameters():
    """V_n + k_w w on the right edge for w = x: only the spring pushes, with 2 h x, x = a there."""
    h = Symbol("h")
    equation = KirchhoffPlate(D=1, nu=NU, p=0, parameters={"h": (0.5, 2)})
    edges = {"left": "clamped", "bottom, top": "guided", "right": {"k_w": 2 * h, "slope_n": 1}}
    plate = RectangularPlate(A, B, equation, edges)
    sampling = {**FIXED, "parameterization": host.Parameterization({h: 0.5})}
    found = losses(plate, {"w": X + 1e-12 * exp(X + Y)}, edge=64, **sampling)
    assert found["spring"] == pytest.approx((2 * 0.5 * A) ** 2 * B, rel=1e-4)


# ----- problems of a person's own

T, K = Symbol("t"), Symbol("k")
HEAT = exp(-(pi**2) * T / 4) * sin(pi * X)


def in_time(name, order, initial, conditions):
    u = Function("u")(X, T)
    equation = u.diff(T, order) - u.diff(X, 2) / 4
    return Problem(Interval(0, 1), {name: equation}, conditions, time=(0, 2), initial=initial)


@pytest.mark.parametrize("per_edge", [False, True])
@SAMPLING
def test_all_losses_vanish_for_the_exact_temperature(per_edge, sampling):
    heat = in_time("heat", 1, {"u": sin(pi * X)}, {"left": {"u": 0}, "right": {"u__x": -pi * exp(-(pi**2) * T / 4)}})
    terms = losses(heat, {"u": HEAT}, per_edge, initial=16, **sampling)
    assert set(terms) == {"heat", "u_initial"} | ({"u_left", "u_x_right"} if per_edge else {"u", "u__x"})
    assert max(terms.values()) < 1e-9
    wrong = losses(heat, {"u": 1.1 * HEAT + 0.1}, per_edge, edge=2048, initial=2048, **sampling)
    assert wrong["u_left" if per_edge else "u"] == pytest.approx(0.01)
    assert wrong["u_initial"] == pytest.approx(0.01 * (0.5 + 4 / math.pi + 1), rel=0.1)
    # pi^2 / 100 times the mean of exp(-pi^2 t / 2) over [0, 2], which is nearly 1 / pi^2
    assert wrong["u_x_right" if per_edge else "u__x"] == pytest.approx(0.01, rel=0.2)


def test_velocities_at_the_start_are_loss_terms():
    exact = sin(pi * X) * cos(pi * T / 2) + X * sin(T)
    wave = in_time("wave", 2, {"u": sin(pi * X), "u__t": 0}, {"edges": {}})
    terms = losses(wave, {"u": exact}, initial=4096)
    assert set(terms) == {"wave", "u_initial", "u_t_initial"}
    assert terms["u_initial"] < 1e-12
    assert terms["u_t_initial"] == pytest.approx(1 / 3, rel=0.05)


def test_points_of_a_family_lie_in_its_ranges():
    wave = HelmholtzRectangle(1, 1, HelmholtzWave(k=K, parameters={"k": (1, 3)}))
    nodes = [*equation_nodes(wave), host.Node.from_sympy(X * Y * K, "u")]
    for constraint in constraints(wave, nodes, 64, 16, **FIXED).values():
        k = sampled(constraint)["k"]
        assert 1 < k.min() < 1.5 < 2.5 < k.max() < 3
    narrow = host.Parameterization({K: (2, 2.1)})
    k = sampled(constraints(wave, nodes, 64, 16, parameterization=narrow, **FIXED)["interior"])["k"]
    assert 2 < k.min() < k.max() < 2.1


def test_a_parameter_without_a_range_is_named():
    wave = HelmholtzRectangle(1, 1, HelmholtzWave(k=K, parameters=["k"]))
    with pytest.raises(ValueError, match=r"`parameterization` must say .* k go, .* Found no range of k"):
        losses(wave, {"u": X * Y * K})


def test_an_equation_of_the_name_of_a_loss_term_is_refused():
    u = Function("u")(X, Y)
    problem = Problem(Rectangle(1, 1), {"u_left": u.diff(X)}, {"edges": {"u": 0}})
    with pytest.raises(ValueError, match=r"must have different names. Found `u_left`"):
        losses(problem, {"u": X})


# ----- waves


def test_loss_terms_of_a_wave():
    wave = HelmholtzRectangle.with_solution(2, 2, standing_wave(1, 4), k=1, lower=(-1, -1))
    assert set(losses(wave, {"u": X * Y})) == {"helmholtz", "u"}
    assert set(losses(wave, {"u": X * Y}, per_edge=True)) == {"helmholtz"} | per_edge_terms("u")


@pytest.mark.parametrize("per_edge", [False, True])
@SAMPLING
def test_all_losses_vanish_for_the_solution(per_edge, sampling):
    """A wave that is not zero on the edges of its rectangle, so that their values count as well."""
    solution = standing_wave(0.8, 1.3)
    assumed = solution.subs(X, Symbol("x", real=True))
    wave = HelmholtzRectangle.with_solution(0.9, 1.5, assumed, k=2, lower=(0, -1))
    assert max(losses(wave, {"u": solution}, per_edge, **sampling).values()) < 1e-8
    wrong = losses(wave, {"u": 1.1 * solution}, per_edge, **sampling)
    assert wrong["helmholtz"] > 1e-2
    assert wrong["u_right" if per_edge else "u"] > 1e-4


def test_edges_of_their_own():
    """With u = x y + 2 on [-1, 1]^2 and these values the integrals along the edges follow by hand."""
    edges = {"left": 2 - Y, "right": 0, "bottom": X, "top": X + 2}
    wave = HelmholtzRectangle(2, 2, HelmholtzWave(k=3), edges, lower=(-1, -1))
    terms = losses(wave, {"u": X * Y + 2}, per_edge=True, edge=4096)
    assert terms["u_left"] == pytest.approx(0, abs=1e-12)
    assert terms["u_top"] == pytest.approx(0, abs=1e-12)
    assert terms["u_right"] == pytest.approx(2 / 3 + 8, rel=0.05)
    assert terms["u_bottom"] == pytest.approx(8 + 8 / 3, rel=0.05)


def test_a_source_on_a_patch():
    """A load by cases, which the host by itself takes for a network's output called Piecewise."""
    patch = Piecewise((5, (X > 0.5) & (X < 1) & (Y < 0.5)), (0, True))
    wave = HelmholtzRectangle(2, 1, HelmholtzWave(k=1, source=patch))
    terms = losses(wave, {"u": 1e-9 * exp(X + Y)}, interior=8192)
    assert terms["helmholtz"] == pytest.approx(25 * 0.5 * 0.5, rel=0.1)


def test_values_by_cases_on_the_edges():
    step = Piecewise((3, X > 1.5), (0, True))
    wave = HelmholtzRectangle(2, 1, HelmholtzWave(k=1), {"left": 0, "right": 0, "bottom": step, "top": 0})
    terms = losses(wave, {"u": 1e-9 * exp(X + Y)}, per_edge=True, edge=4096)
    assert terms["u_bottom"] == pytest.approx(9 * 0.5, rel=0.1)
    assert terms["u_top"] < 1e-12


# ----- sensors, unknown coefficients, materials


def test_sensors_are_compared_with_what_was_measured_and_count_as_conditions():
    u = Function("u")(X)
    measured = {"probe": {"x": [0.0, 0.5, 1.0], "u": [1.0, 2.0, 4.0], "u__x": 0.0}}
    problem = Problem(Interval(0, 1), {"line": u.diff(X, 2)}, {"left, right": {}}, sensors=measured)
    found = losses(problem, {"u": X**2 + 1})
    assert found["u_probe"] == pytest.approx(((1 - 1) ** 2 + (1.25 - 2) ** 2 + (2 - 4) ** 2) / 3)
    assert found["u_x_probe"] == pytest.approx((0 + 1 + 4) / 3)
    nodes = [*equation_nodes(problem), host.Node.from_sympy(X**2 + 1, "u")]
    made = constraints(problem, nodes, 8, 4, sensors=2, reduction="mean", points="resampled")
    assert find_equations(made.values()) == ["line"]
    assert len(sampled(made["probe"])["x"]) == 2


def test_unknown_coefficients_are_a_node_that_is_trained():
    u, c = Function("u")(X), Symbol("c")
    problem = Problem(Interval(0, 1), {"growth": u.diff(X) - c * u}, {"left, right": {}}, unknown={"c": 3.0})
    nodes = [*equation_nodes(problem), host.Node.from_sympy(exp(X), "u")]
    (constraint,) = constraints(problem, nodes, 200, 4, **FIXED).values()
    constraint.load_data()
    constraint.forward()
    loss = constraint.loss(0)["growth"]
    x = sampled(constraint)["x"]
    assert loss.item() == pytest.approx(4 * float((2 * x).exp().mean()), rel=1e-5)
    (parameter,) = constraint.model.optimizer_list.parameters()
    assert (parameter.item(), parameter.shape) == (3.0, ())
    loss.backward()
    assert parameter.grad.item() == pytest.approx(4 * float((2 * x).exp().mean()), rel=1e-5)


def test_regions_have_points_of_their_own():
    a, b = Function("a")(X), Function("b")(X)
    problem = Problem(
        Composite({"brick": Interval(0, 0.4), "iron": Interval(0.4, 1)}),
        {"heat_a": a.diff(X, 2), "heat_b": b.diff(X, 2)},
        {"brick_left": {"a": 1}, "iron_right": {"b": 0}, "brick_iron": {"jump": a - b, "flux": a.diff(X) - b.diff(X)}},
        inside={"brick": ["heat_a"], "iron": ["heat_b"]},
    )
    nodes = [*equation_nodes(problem), *(host.Node.from_sympy(X**3, name) for name in "ab")]
    made = constraints(problem, nodes, 32, 4, **FIXED)
    assert list(made) == ["brick", "iron", "brick_left", "iron_right", "brick_iron"]
    for name, low, high in (("brick", 0, 0.4), ("iron", 0.4, 1), ("brick_iron", 0.4, 0.4)):
        x = sampled(made[name])["x"]
        assert low - 1e-6 < float(x.min()) <= float(x.max()) < high + 1e-6
