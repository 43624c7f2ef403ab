"""Which loss terms are equations, read from the constraints of the host."""

import pytest
from sympy import Function, Symbol

from modulus_relobralo.hosts.sym import Key, constraints, derivative_nodes, equation_nodes, host
from modulus_relobralo.hosts.sym.orders import equations_in_training, find_equations
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate

pytestmark = pytest.mark.host
x, y = Symbol("x"), Symbol("y")
u = Function("u")(x, y)
FullyConnectedArch = host.load("models.fully_connected").FullyConnectedArch
Rectangle = host.load("geometry.primitives_2d").Rectangle
Boundary = host.load("domain.constraint").PointwiseBoundaryConstraint


@pytest.fixture(autouse=True)
def autodiff(monkeypatch):
    # What the host's config says, and its manager does not without one.
    monkeypatch.setattr(host.load("manager").GraphManager(), "_func_arch", False, raising=False)


def network(*outputs):
    return FullyConnectedArch([Key("x"), Key("y")], [Key(name) for name in outputs], layer_size=6, nr_layers=2)


def constrain(nodes, outputs):
    return [Boundary(nodes, Rectangle((0, 0), (1, 1)), {name: 0}, 4, batch_per_epoch=1) for name in outputs]


def nodes_of(expressions, *outputs, **options):
    net = network(*outputs)
    nodes = [host.Node.from_sympy(expression, name) for name, expression in expressions.items()]
    return nodes + derivative_nodes(net, "net", nodes, **options)


@pytest.mark.parametrize("method", ["taylor", "autodiff"])
@pytest.mark.parametrize("collapsed", [True, False])
def test_of_a_plate_it_is_the_equation_of_fourth_order(method, collapsed):
    net = network("w")
    plate = RectangularPlate(10.0, 10.0, KirchhoffPlate(D=20.8, nu=0.2, p=0.015))
    nodes = equation_nodes(plate, net if collapsed else None)
    nodes += derivative_nodes(net, "net", nodes, method=method)
    assert find_equations(constraints(plate, nodes, 8, 4, per_edge=True).values()) == ["kirchhoff"]


@pytest.mark.parametrize("method", ["taylor", "autodiff"])
def test_the_order_is_followed_through_nodes_and_given_by_names(method):
    expressions = {
        "flux": u.diff(x) * (1 + x),
        "balance": Function("flux")(x, y).diff(x) + u,
        "source": Function("u__x__x")(x, y) - 1,
        "value": 2 * u,
    }
    nodes = nodes_of(expressions, "u", method=method)
    names = ["flux", "balance", "source", "value", "u", "u__y"]
    assert find_equations(constrain(nodes, names)) == ["balance", "source"]
    assert find_equations(constrain(nodes, ["flux", "value", "u__y"])) == ["flux", "u__y"]


def test_operators_have_the_order_of_their_terms():
    expressions = {"wave": Function("wave_u")(x, y) - u}
    nodes = nodes_of(expressions, "u", operators={"wave_u": {"u__x__x": 1.0, "u__y__y": -4.0}})
    assert find_equations(constrain(nodes, ["wave", "u", "u__x"])) == ["wave"]


def test_where_nothing_is_differentiated_there_is_no_equation():
    assert find_equations(constrain(nodes_of({}, "u", "v"), ["u", "v"])) == []
    assert find_equations([]) == []


def test_without_a_trainer_they_have_to_be_given():
    with pytest.raises(ValueError, match="`equations` must be given where no Solver makes the aggregator"):
        equations_in_training()
