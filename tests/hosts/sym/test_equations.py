"""What the host computes of an equation is what SymPy says of it."""

from types import SimpleNamespace

import pytest
import torch
from sympy import And, Eq, Function, Heaviside, Not, Or, Piecewise, Symbol, exp, lambdify, symbols

from modulus_relobralo.hosts import sym
from modulus_relobralo.hosts.sym import equation_nodes
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate
from modulus_relobralo.problems import HelmholtzWave, Interval, Problem

pytestmark = pytest.mark.host

x, y = symbols("x y")


def values(expression):
    """Return the host's values of an expression at a few points, and SymPy's own."""
    (node,) = equation_nodes(SimpleNamespace(equations={"value": expression}))
    assert {str(key) for key in node.inputs} == {str(symbol) for symbol in expression.free_symbols}
    points = [(-1.3, 0.2), (0.4, -2.0), (0.4, 0.9), (2.1, 3.0), (1.2, -0.1)]
    columns = torch.tensor(points, dtype=torch.float64).split(1, dim=1)
    computed = node.evaluate(dict(zip("xy", columns, strict=True)))["value"].flatten().tolist()
    return computed, [float(lambdify([x, y], expression, "mpmath")(*point)) for point in points]


@pytest.mark.parametrize(
    "expression",
    [
        Piecewise((x, x > 0), (y, True)),
        Piecewise((1, x >= 0.5), (x * y, y < 0), (3, y <= 1), (4, True)),
        Piecewise((2, (x > 0) & (x < 1) & (y > 0)), (0, True)) + y,
        Piecewise((2, Or(x > 1, y > 1)), (exp(x), True)),
        Piecewise((2, Not(And(x > 1, y > 1), evaluate=False)), (x + y, True)),
        y * Piecewise((Piecewise((1, y > 0), (2, True)), x > 0), (3, True)),
        exp(Piecewise((x, x > y), (y, True))),
        x + y * Heaviside(x),
    ],
    ids=str,
)
def test_cases(expression):
    computed, expected = values(expression)
    assert computed == pytest.approx(expected, rel=1e-12)
    assert len(set(expected)) > 1


def test_a_case_that_the_host_cannot_tell():
    with pytest.raises(ValueError, match=r"Conditions of a Piecewise must be made of .* Found Eq\(x, 1\)"):
        equation_nodes(HelmholtzWave(1, source=Piecewise((1, Eq(x, 1)), (0, True))))


def test_problems_and_their_equations_have_the_same_nodes():
    equation = KirchhoffPlate(D=1, nu=0.2, p="p")
    names = [
        [str(node.outputs[0]) for node in equation_nodes(pde)] for pde in (equation, RectangularPlate(1, 1, equation))
    ]
    assert names == [list(equation.equations)] * 2


def test_inputs_are_the_fields_and_their_derivatives():
    (node,) = equation_nodes(HelmholtzWave(Symbol("c") * Function("n")(x, y), "f", parameters=["c"]))
    assert {str(key) for key in node.inputs} == {"c", "n", "f", "u"}
    assert {str(key) for key in node.derivatives} == {"u__x__x", "u__y__y"}


def differentiated_by_the_host(method):
    """Return the places of a problem at whose points the host's autograd differentiates, for a slope at one end."""
    u = Function("u")(x, Symbol("t"))
    heat = {"heat": u.diff("t") - u.diff(x, 2)}
    problem = Problem(Interval(0, 1), heat, {"left": {"u": 0}, "right": {"u__x": 1}}, time=(0, 1), initial={"u": 0})
    arch = sym.host.load("models.fully_connected").FullyConnectedArch
    network = arch([sym.Key("x"), sym.Key("t")], [sym.Key("u")], layer_size=4, nr_layers=1)
    nodes = equation_nodes(problem, network)
    nodes += sym.derivative_nodes(network, "network", nodes, method)
    made = sym.constraints(problem, nodes, 8, 4, initial=4, batch_per_epoch=1)
    parts = {name: list(each.model.evaluation_order) for name, each in made.items()}
    kinds = {name: {getattr(p, "original_name", type(p).__name__) for p in held} for name, held in parts.items()}
    return [name for name, found in kinds.items() if found & {"Derivative", "FuncArch"}]


def test_derivatives_that_only_conditions_name_are_taylor_modes():
    assert differentiated_by_the_host("taylor") == []
    assert differentiated_by_the_host("autodiff") == ["interior", "right"]
