"""Which loss terms are equations, read from the constraints of the host."""

import numpy as np
import pytest
import torch
from sympy import Function, Symbol, sin

from modulus_relobralo.hosts.sym import Key, constraints, derivative_nodes, equation_nodes, host
from modulus_relobralo.hosts.sym.equation_detection import find_equations
from modulus_relobralo.hosts.sym.pointwise import pointwise_constraint
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate

pytestmark = pytest.mark.host
x, y, t = Symbol("x"), Symbol("y"), Symbol("t")
u, v = Function("u")(x, y), Function("v")(x, y)
FullyConnectedArch = host.load("models.fully_connected").FullyConnectedArch
Pointwise = host.load("domain.constraint").PointwiseConstraint
SQUARE = host.load("geometry.primitives_2d").Rectangle((0, 0), (1, 1))
LINE = host.load("geometry.primitives_1d").Line1D(0, 1)


@pytest.fixture(autouse=True)
def autodiff(monkeypatch):
    # What the host's config says, and its managers do not without one.
    monkeypatch.setattr(host.load("manager").GraphManager(), "_func_arch", False, raising=False)
    # A network with a compiled activation cannot be copied, as moving windows do.
    monkeypatch.setattr(host.load("manager").JitManager(), "_enabled", False, raising=False)


def network(*outputs, inputs="xy"):
    return FullyConnectedArch([Key(n) for n in inputs], [Key(n) for n in outputs], layer_size=6, nr_layers=2)


def constrain(nodes, targets, where="interior", geometry=SQUARE, points="fixed", **sampling):
    targets = targets if isinstance(targets, dict) else dict.fromkeys(targets, 0)
    if points == "fixed":
        sampling["batch_per_epoch"] = 1
    return pointwise_constraint(where, nodes, geometry, targets, 8, points=points, **sampling)


def nodes_of(expressions, *outputs, method="autodiff", **options):
    net = network(*outputs)
    nodes = [host.Node.from_sympy(expression, name) for name, expression in expressions.items()]
    return nodes + derivative_nodes(net, "net", nodes, method=method, **options)


POISSON = {"poisson": u.diff(x, 2) + u.diff(y, 2)}
methods = pytest.mark.parametrize("method", ["taylor", "autodiff"])


@methods
@pytest.mark.parametrize("collapsed", [True, False])
def test_of_a_plate_it_is_the_equation_of_fourth_order(method, collapsed):
    net = network("w")
    plate = RectangularPlate(10.0, 10.0, KirchhoffPlate(D=20.8, nu=0.2, p=0.015), "simply_supported")
    nodes = equation_nodes(plate, *([net] if collapsed else []))
    nodes += derivative_nodes(net, "net", nodes, method=method)
    assert find_equations(constraints(plate, nodes, 8, 4, per_edge=True).values()) == ["kirchhoff"]


@methods
def test_of_a_first_order_system_with_a_neumann_condition(method):
    """The condition has the order of the equations, and the system an equation without a forcing and one with it."""
    system = {"flux": v - u.diff(x), "balance": v.diff(x) + u.diff(y)}
    nodes = nodes_of(system, "u", "v", method=method)
    walls = constrain(nodes, ["u__x", "u", "v"], "boundary")
    assert find_equations([constrain(nodes, ["flux", "balance"]), walls]) == ["balance", "flux"]
    assert find_equations([constrain(nodes, {"flux": sin(x), "balance": 1}), walls]) == ["balance", "flux"]


def test_lower_orders_count_as_the_highest():
    flow = {"continuity": u.diff(x) + v.diff(y), "momentum": u * u.diff(x) - u.diff(x, 2) - u.diff(y, 2)}
    nodes = nodes_of(flow, "u", "v")
    walls = constrain(nodes, ["u", "v"], "boundary")
    assert find_equations([walls, constrain(nodes, ["continuity", "momentum"])]) == ["continuity", "momentum"]


@methods
def test_derivatives_of_a_residual_are_equations_beside_it(method):
    nodes = nodes_of(POISSON, "u", method=method)
    inside = constrain(nodes, ["poisson", "poisson__x", "poisson__y"])
    walls = constrain(nodes, ["u", "u__x"], "boundary")
    assert find_equations([inside, walls]) == ["poisson", "poisson__x", "poisson__y"]


class Residual(torch.nn.Module):
    """Of u'' = 0 in x, with derivatives that no name shows."""

    def forward(self, values):
        (first,) = torch.autograd.grad(values["u"].sum(), values["x"], create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), values["x"], create_graph=True)
        return {"residual": second}


def test_a_node_of_ones_own_may_be_an_equation():
    nodes = [host.Node(["x", "u"], ["residual"], Residual(), name="residual"), *nodes_of({}, "u")]
    walls = constrain(nodes, ["u__x", "u"], "boundary")
    assert find_equations([constrain(nodes, ["residual"]), walls]) == ["residual"]
    with pytest.raises(ValueError, match=r"Whether the loss terms \['residual'\] are residuals"):
        find_equations([constrain(nodes, {"residual": 1}), walls])


def test_values_and_what_others_build_on_are_conditions():
    nodes = nodes_of({"flux": u.diff(x) * (1 + x), "balance": Function("flux")(x, y).diff(x) + u, "lifted": u * x}, "u")
    inside = constrain(nodes, ["balance", "flux", "u", "u__x", "flux__y"])
    assert find_equations([inside]) == ["balance"]
    # u as another function of a network is a value too where the equation builds on it.
    raw = Function("raw")(x, y)
    nodes = nodes_of({"u": raw * x, "poisson": u.diff(x, 2)}, "raw")
    assert find_equations([constrain(nodes, ["poisson"]), constrain(nodes, {"u": sin(x)})]) == ["poisson"]


def test_operators_have_the_order_of_their_terms():
    expressions = {"wave": Function("wave_u")(x, y) - u}
    nodes = nodes_of(expressions, "u", method="taylor", operators={"wave_u": {"u__x__x": 1.0, "u__y__y": -4.0}})
    assert find_equations([constrain(nodes, ["wave"]), constrain(nodes, ["u", "u__x"], "boundary")]) == ["wave"]


@pytest.mark.parametrize("points", ["fixed", "resampled", "continuous"])
def test_initial_conditions_are_none_though_they_hold_inside(points):
    """In moving windows too: a difference of two copies of the network, or a node of one's own at one time."""
    options = {"geometry": LINE, "points": points}
    if points == "continuous":
        options |= {"points": "fixed", "fixed_dataset": False}
    wave = Function("u")(x, t)
    moving = host.load("models.moving_time_window").MovingTimeWindowArch(network("u", inputs="xt"), 1.0)
    nodes = [
        host.Node.from_sympy(wave.diff(t) + wave.diff(x), "advection"),
        host.Node.from_sympy(wave.diff(t) - wave, "speed"),
        moving.make_node(name="moving"),
    ]
    inside = constrain(nodes, ["advection"], parameterization=host.Parameterization({t: (0, 1)}), **options)
    start = constrain(nodes, ["speed", "u_prev_step_diff"], parameterization=host.Parameterization({t: 0}), **options)
    assert find_equations([inside, start]) == ["advection"]
    # The same term at all times is an equation.
    always = constrain(nodes, ["speed"], parameterization=host.Parameterization({t: (0, 1)}), **options)
    assert find_equations([inside, always, start]) == ["advection", "speed"]


@methods
def test_an_equation_at_one_value_of_a_parameter_is_one(method):
    """Nothing is differentiated by k, so it is no coordinate; a node of one's own may do it to what it is given."""
    k = Symbol("k")
    family = Function("u")(x, y, k)
    residuals = [host.Node.from_sympy(family.diff(x, 2) + family.diff(y, 2) - k, name) for name in ("one", "many")]
    net = network("u", inputs=("x", "y", "k"))
    nodes = residuals + derivative_nodes(net, "net", residuals, method=method)
    many = constrain(nodes, ["many"], parameterization=host.Parameterization({k: (1, 3)}))
    at_one = {"parameterization": host.Parameterization({k: 1})}
    assert find_equations([constrain(nodes, ["one"], **at_one), many]) == ["many", "one"]
    nodes.append(host.Node(["x", "k", "u"], ["residual"], Residual(), name="residual"))
    assert find_equations([constrain(nodes, ["residual"], **at_one), many]) == ["many"]


def test_an_equation_at_a_single_point_is_asked_for():
    nodes = nodes_of({**POISSON, "laplace": u.diff(x, 2)}, "u")
    single = pointwise_constraint("interior", nodes, SQUARE, {"laplace": 0, "u": 1}, 1, batch_per_epoch=1)
    with pytest.raises(ValueError, match=r"Whether the loss terms \['laplace'\]"):
        find_equations([constrain(nodes, ["poisson"]), single])


@pytest.mark.parametrize("points", ["fixed", "resampled", "continuous"])
def test_finding_them_draws_no_number(points):
    nodes, options = nodes_of(POISSON, "u"), {"points": points}
    if points == "continuous":
        options = {"fixed_dataset": False}
    found = [constrain(nodes, ["poisson"], **options), constrain(nodes, ["u__x"], "boundary", **options)]
    state, batch = np.random.get_state(), torch.get_rng_state()
    assert find_equations(found) == ["poisson"]
    after = np.random.get_state()
    assert (after[1] == state[1]).all()
    assert after[2:] == state[2:]
    assert torch.equal(torch.get_rng_state(), batch)


def test_a_term_with_a_target_beside_one_without_is_asked_for():
    """It may be an equation with a forcing, or measurements of what follows from the solution."""
    nodes = nodes_of({**POISSON, "vorticity": v.diff(x) - u.diff(y)}, "u", "v")
    found = [constrain(nodes, {"poisson": 0, "vorticity": sin(x)})]
    message = r"terms \['vorticity'\] are residuals .* Set `loss.equations` .* of which \['poisson'\] are equations for"
    with pytest.raises(ValueError, match=message):
        find_equations(found)


def test_points_of_an_unknown_place_are_asked_for():
    nodes = nodes_of(POISSON, "u")
    points = {name: np.random.rand(8, 1) for name in "xy"}
    zeros = np.zeros((8, 1))
    given = Pointwise.from_numpy(nodes, dict(points), {"poisson": zeros, "u": zeros}, 8)
    with pytest.raises(ValueError, match=r"Whether the loss terms \['poisson'\]"):
        find_equations([given])
    # They are no matter where the term is known from elsewhere, and the host's samples say where they are.
    assert find_equations([given, constrain(nodes, ["poisson"])]) == ["poisson"]
    sampled = SQUARE.sample_interior(8)
    assert find_equations([Pointwise.from_numpy(nodes, sampled, {"poisson": zeros}, 8)]) == ["poisson"]


def test_an_equation_on_a_surface_is_asked_for():
    nodes = nodes_of(POISSON, "u")
    with pytest.raises(ValueError, match=r"Whether the loss terms \['poisson'\]"):
        find_equations([constrain(nodes, ["poisson"], "boundary"), constrain(nodes, {"u": 1})])


def test_a_loss_of_ones_own_is_asked_for():
    class Own(host.PointwiseInteriorConstraint):
        def loss(self, step):
            return {"energy": next(iter(super().loss(step).values()))}

    variational = host.load("domain.constraint").VariationalDomainConstraint
    nodes = nodes_of(POISSON, "u")
    own = Own(nodes, SQUARE, {"poisson": 0}, 8, batch_per_epoch=1)
    for constraint in (own, variational.__new__(variational)):
        with pytest.raises(
            ValueError, match=f"loss terms of a {type(constraint).__name__} are not known.*Set `loss.eq"
        ):
            find_equations([constraint])


def test_where_nothing_is_differentiated_there_is_no_equation():
    nodes = nodes_of({}, "u", "v")
    assert find_equations([constrain(nodes, ["u"], "boundary"), constrain(nodes, {"v": sin(x)})]) == []
    assert find_equations([]) == []
