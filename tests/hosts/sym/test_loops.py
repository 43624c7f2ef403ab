"""Loss terms of a loop and of the host's Solver, at the same points and on the same network of the host."""

import pytest
import torch
from sympy import Function, Symbol, pi, sin

from modulus_relobralo.hosts.sym import Key, constraints, equation_nodes, host, taylor_nodes
from modulus_relobralo.hosts.sym.architectures import read
from modulus_relobralo.loops import LossTerms, Points, samples
from modulus_relobralo.plates import KirchhoffPlate, Plate, RectangularPlate
from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave, Interval, Problem, Rectangle, circle

pytestmark = pytest.mark.host
X, Y, T, H, K = (Symbol(name) for name in ("x", "y", "t", "h", "k"))
U, V, IN_TIME = Function("u")(X, Y), Function("v")(X, Y), Function("u")(X, T)
MIXED = {"left": "clamped", "right": "simply_supported", "bottom": "clamped", "top": "simply_supported"}
PLATE = KirchhoffPlate(D=2.0, nu=0.3, p=0.5)
PROBLEMS = {
    "plate": RectangularPlate(3, 2, PLATE, MIXED),
    "cantilever": RectangularPlate(3, 2, PLATE, {"left": "clamped", "right, bottom, top": "free"}),
    "circle": Plate(circle(1.5), PLATE, edges="simply_supported"),
    "wave": HelmholtzRectangle(1, 2, HelmholtzWave(k=3), edges=X, lower=(-1, 0)),
    "burgers": Problem(
        Interval(-1, 1),
        {"burgers": IN_TIME.diff(T) + IN_TIME * IN_TIME.diff(X) - IN_TIME.diff(X, 2) / 10},
        {"left": {"u": T}, "right": {"u__x": 1}},
        time=(0, 2),
        initial={"u": -sin(pi * X), "u__t": X},
    ),
    "first order": Problem(
        Rectangle(2, 1),
        {"first": U.diff(X) - V.diff(Y), "second": U * V.diff(X, 2) + H * V},
        {"left": {"u": Y}, "right": {"robin": U.diff(X) * Symbol("normal_x") + K * U}, "bottom, top": {"v": 1}},
        parameters={"h": (1, 2)},
        coefficients={"right": {"k": H + Y}},
    ),
}


def points_of(constraint):
    values = {name: value.detach() for name, value in constraint._input_vars.items()}
    return Points(values, values.pop("area"))


def exact_areas(place, points):
    exact = sum(place.shape.parts[name].length for name in place.parts) or place.shape.area
    return points._replace(areas=points.areas * exact / points.areas.sum())


@pytest.mark.parametrize("per_edge", [False, True], ids=["groups", "edges"])
@pytest.mark.parametrize("reduction", ["integral", "mean"])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_names_groups_and_losses_are_the_solvers(problem, reduction, per_edge):
    described, options = PROBLEMS[problem], {"reduction": reduction, "per_edge": per_edge}
    network = host.load("models.fully_connected").FullyConnectedArch(
        [Key("x", scale=(0.5, 2.0)), *map(Key, described.inputs[1:])],
        list(map(Key, described.fields)),
        layer_size=8,
        nr_layers=2,
    )
    nodes = equation_nodes(described, network)
    nodes += taylor_nodes(network, "network", nodes, compiled=False)
    if described.initial:
        options["initial"] = 16
    made = constraints(described, nodes, 32, 8, batch_per_epoch=1, **options)
    domain = host.Domain()
    for name, constraint in made.items():
        domain.add_constraint(constraint, name)
    domain.load_data()
    expected = {name: loss.detach() for name, loss in domain.compute_losses(0).items()}

    places = samples(described, 32, 8, **options)
    terms = LossTerms(described, places, network, described.fields, compiled=False, reader=read)
    assert list(terms.places) == list(made)
    assert {name: place.count for name, place in terms.places.items()} == {
        name: len(points_of(constraint).areas) for name, constraint in made.items()
    }
    points = {name: points_of(constraint) for name, constraint in made.items()}
    if reduction == "mean":  # over what the host's points of a curved shape estimate its area to be
        points = {name: exact_areas(terms.places[name], held) for name, held in points.items()}
    found = {name: loss.detach() for name, loss in terms(points).items()}
    assert sorted(found) == sorted(expected)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
    drawn = terms(terms.draw(0))
    elsewhere = {name: loss for name, loss in expected.items() if not name.startswith("R")}  # corners stay
    assert not any(torch.isclose(drawn[name].detach(), loss, rtol=1e-4) for name, loss in elsewhere.items())
