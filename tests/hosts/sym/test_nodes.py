"""Nodes of equations, and of networks with derivatives in the host's graphs and domain."""

import logging
import re
from types import SimpleNamespace

import numpy as np
import pytest
import sympy
import torch
from sympy import And, Eq, Function, Heaviside, Not, Or, Piecewise, Symbol, exp, lambdify

from modulus_relobralo.hosts import sym
from modulus_relobralo.hosts.sym import (
    Domain,
    Key,
    Node,
    PointwiseValidator,
    Rectangle,
    TaylorArch,
    autodiff_nodes,
    derivative_nodes,
    equation_nodes,
    host,
    taylor_nodes,
)
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate
from modulus_relobralo.problems import HelmholtzWave, Interval, Problem
from modulus_relobralo.taylor import biharmonic, laplacian

Activation = host.load("models.activation").Activation
Derivative = host.load("eq.derivatives").Derivative
DistributedManager = host.load("distributed").DistributedManager
FullyConnectedArch = host.load("models.fully_connected").FullyConnectedArch
Graph = host.load("graph").Graph
GraphManager = host.load("manager").GraphManager
IntegralBoundaryConstraint = host.load("domain.constraint").IntegralBoundaryConstraint
ModifiedFourierNetArch = host.load("models.modified_fourier_net").ModifiedFourierNetArch
PointwiseConstraint = host.load("domain.constraint").PointwiseConstraint

pytestmark = pytest.mark.host
x, y, nu = sympy.symbols("x y nu")
w = sympy.Function("w")(x, y)
UNCOMPILED = {"taylor": {"compiled": False}, "autodiff": {}}
PLATE = {
    "kirchhoff": w.diff(x, 4) + 2 * w.diff(x, 2, y, 2) + w.diff(y, 4) - 1,
    "moment": w.diff(x, 2) + 0.3 * w.diff(y, 2) + w,
}


class Equations:
    def __init__(self, **equations):
        self.equations = equations


@pytest.fixture(autouse=True)
def _host(monkeypatch):
    DistributedManager.initialize()
    # As the host's config has it by default.
    monkeypatch.setattr(GraphManager(), "_func_arch", False, raising=False)
    torch.manual_seed(0)


def equations(**expressions):
    return [Node.from_sympy(expression, name) for name, expression in (expressions or PLATE).items()]


def network(names="xy", **options):
    options = {"layer_size": 8, "nr_layers": 2, **options}
    return FullyConnectedArch([Key(n) for n in names], [Key("w")], **options)


def evaluate(nodes, points, *names):
    graph = Graph(nodes, [Key(name) for name in points], Key.convert_list(names))
    return graph, graph({name: value.clone().requires_grad_() for name, value in points.items()})


def points(names=("x", "y"), number=7):
    generator = torch.Generator().manual_seed(3)
    return {name: torch.rand(number, 1, generator=generator) for name in names}


def orders(graph):
    """Return the highest order that each of our modules in a graph computes; 0 for the plain network."""
    return sorted(
        max((name.count("__") for name in module.request.derivatives), default=0)
        for module in graph.evaluation_order
        if isinstance(module, TaylorArch)
    )


@pytest.mark.parametrize(
    ("wanted", "expected"), [("kirchhoff", [0, 4]), ("moment", [0, 2]), ("w", [0])], ids=lambda value: str(value)
)
def test_graph_takes_only_the_orders_that_it_needs(wanted, expected):
    net, pde = network(), equations()
    graph, found = evaluate(pde + taylor_nodes(net, "net", pde, compiled=False), points(), wanted)
    assert orders(graph) == expected
    assert not any(isinstance(module, Derivative) for module in graph.evaluation_order)
    _, truth = evaluate(pde + autodiff_nodes(net, "net", pde), points(), wanted)
    torch.testing.assert_close(found[wanted], truth[wanted], rtol=1e-4, atol=1e-5)


def test_value_alone_needs_no_gradients():
    net = network()
    graph = Graph(taylor_nodes(net, "net", equations()), [Key("x"), Key("y")], [Key("w")])
    with torch.no_grad():
        found = graph(points())["w"]
    assert torch.equal(found, net(points())["w"])


def test_equations_that_share_a_derivative_share_the_pass():
    pde = equations(a=w.diff(x) + w.diff(x, 2), b=w.diff(x, 2) + w.diff(y), c=w.diff(x, y))
    _, *parts = taylor_nodes(network(), "net", pde)
    assert sorted(sorted(map(str, part.outputs)) for part in parts) == [["w__x", "w__x__x", "w__y"], ["w__x__y"]]


def test_value_used_by_the_equation_comes_from_the_same_pass():
    net, pde = network(), equations()
    graph, _ = evaluate(pde + taylor_nodes(net, "net", pde, compiled=False), points(), "moment")
    module = next(m for m in graph.evaluation_order if isinstance(m, TaylorArch) and m.request)
    torch.testing.assert_close(module(points())["w"], net(points())["w"])


def test_mixed_use_with_autodiff():
    net = network("xy")
    pde = equations(fifth=w.diff(x, 5), fourth=w.diff(x, 4))
    nodes = taylor_nodes(net, "net", pde, compiled=False)
    graph, found = evaluate(pde + nodes, points(), "fifth")
    assert any(isinstance(module, Derivative) for module in graph.evaluation_order)
    _, truth = evaluate(pde + autodiff_nodes(net, "net", pde), points(), "fifth")
    torch.testing.assert_close(found["fifth"], truth["fifth"], rtol=1e-4, atol=1e-4)


def test_derivative_by_a_parameter_is_one_like_any_other():
    net = FullyConnectedArch([Key("x"), Key("nu")], [Key("w")], layer_size=8, nr_layers=2)
    u = sympy.Function("w")(x, nu)
    pde = equations(sensitivity=u.diff(x, 2).diff(nu) + u.diff(nu))
    graph, found = evaluate(pde + taylor_nodes(net, "net", pde, compiled=False), points(("x", "nu")), "sensitivity")
    assert orders(graph) == [0, 3]
    _, truth = evaluate(pde + autodiff_nodes(net, "net", pde), points(("x", "nu")), "sensitivity")
    torch.testing.assert_close(found["sensitivity"], truth["sensitivity"], rtol=1e-4, atol=1e-5)


def flux(net, method):
    """Return the loss of a prescribed flux through the edges of a square, and its gradient by the parameters."""
    torch.manual_seed(0)
    np.random.seed(0)  # the host draws the points from it
    pde = equations(flux=w.diff(x) * sympy.Symbol("normal_x") + w.diff(y) * sympy.Symbol("normal_y"))
    nodes = pde + derivative_nodes(net, "net", pde, method, **UNCOMPILED[method])
    result, square = Domain(), Rectangle((0, 0), (1, 1))
    integral = IntegralBoundaryConstraint(nodes, square, {"flux": 2.5}, 3, 40, batch_per_epoch=1, shuffle=False)
    result.add_constraint(integral, "flux")
    result.load_data()
    assert {value.shape for value in integral._input_vars.values()} == {(3, 40, 1)}
    loss = result.compute_losses(0)["flux"]
    return loss, torch.autograd.grad(loss, list(net.parameters()), materialize_grads=True)


def test_an_integral_constraint_of_derivatives():
    net = network()
    found, truth = flux(net, "taylor"), flux(net, "autodiff")
    assert truth[0] > 1
    torch.testing.assert_close(found, truth, rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        net._impl.final_layer.linear.weight.mul_(1.5)
    assert not torch.allclose(flux(net, "taylor")[0], truth[0], rtol=1e-3)


@pytest.mark.parametrize("method", ["taylor", "autodiff"])
@pytest.mark.parametrize("name", ["biharmonic_w", "laplacian_w", "mixed"])
def test_operators_equal_their_sums(method, name):
    net = network()
    mixed = {"w__x__y": 2.5, "w__x__x__x": -1}
    terms = {"biharmonic_w": biharmonic("w"), "laplacian_w": laplacian("w"), "mixed": mixed}
    pde = equations(residual=sympy.Function(name)(x, y) - w)
    nodes = derivative_nodes(net, "net", pde, method, operators={"mixed": mixed}, **UNCOMPILED[method])
    _, found = evaluate(pde + nodes, points(), "residual")
    _, parts = evaluate(autodiff_nodes(net, "net"), points(), *terms[name], "w")
    truth = sum(c * parts[term] for term, c in terms[name].items()) - parts["w"]
    torch.testing.assert_close(found["residual"], truth, rtol=1e-4, atol=1e-5)


def test_operators_carry_fewer_channels():
    def channels(**options):
        return len(taylor_nodes(network("xyz"), "net", **options)[1].evaluate.taylor.plan.channels)

    plane = {"plate": biharmonic("w"), "membrane": laplacian("w")}
    assert channels(derivatives=list(biharmonic("w"))) == 13
    assert channels(derivatives=["plate"], operators=plane) == 11
    assert channels(derivatives=list(laplacian("w"))) == 5
    assert channels(derivatives=["membrane"], operators=plane) == 4


def domain(net, method):
    pde = equations()
    nodes = pde + derivative_nodes(net, "net", pde, method)
    result = Domain()
    for name in ("kirchhoff", "moment", "w"):
        constraint = PointwiseConstraint.from_numpy(
            nodes, {k: v.numpy() for k, v in points().items()}, {name: np.zeros((7, 1))}, batch_size=7
        )
        result.add_constraint(constraint)
    result.add_validator(
        PointwiseValidator(
            nodes=nodes, invar={k: v.numpy() for k, v in points().items()}, true_outvar={"w": np.zeros((7, 1))}
        )
    )
    return result


def test_domain_sees_one_network():
    net = network()
    found = domain(net, "taylor")
    assert found.get_saveable_models() == [net]
    assert list(found.create_global_optimizer_model()) == [net]


def test_checkpoints_are_the_network_s_own(tmp_path):
    first, second = network(), network()
    domain(first, "taylor").get_saveable_models()[0].save(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["net.0.pth"]
    domain(second, "autodiff").get_saveable_models()[0].load(str(tmp_path))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_func_arch_of_the_host_does_not_compute_the_same_again(monkeypatch):
    monkeypatch.setattr(GraphManager(), "_func_arch", True)
    net, pde = network(), equations()
    graph, found = evaluate(pde + taylor_nodes(net, "net", pde, compiled=False), points(), "moment")
    assert orders(graph) == [0, 2]
    assert len(graph.evaluation_order) == 3
    assert torch.isfinite(found["moment"]).all()


def test_autocast_leaves_derivatives_in_single_precision():
    net, pde = network(), equations()
    nodes = taylor_nodes(net, "net", pde, compiled=False)
    truth = nodes[1].evaluate(points())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = nodes[1].evaluate(points())
    assert found.keys() == truth.keys()
    assert all(torch.equal(found[name], truth[name]) for name in truth)


def test_a_quantity_that_the_network_gives_is_not_computed_anew():
    # A mixed formulation: the Laplacian is an output of its own, with an equation that ties it to the deflection.
    net = FullyConnectedArch([Key("x"), Key("y")], [Key("w"), Key("laplacian_w")], layer_size=8, nr_layers=2)
    tie = Equations(tie=w.diff(x, 2) + w.diff(y, 2) - sympy.Function("laplacian_w")(x, y))
    nodes = equation_nodes(tie, net)
    _, found = evaluate(nodes + taylor_nodes(net, "net", nodes, compiled=False), points(), "tie")
    _, truth = evaluate(equation_nodes(tie) + autodiff_nodes(net, "net"), points(), "tie")
    assert truth["tie"].abs().max() > 1e-3
    torch.testing.assert_close(found["tie"], truth["tie"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", ["taylor", "autodiff"])
def test_collapsed_equations_keep_their_values(method):
    net, plate = network(), Equations(kirchhoff=PLATE["kirchhoff"])
    nodes = equation_nodes(plate, net)
    assert "biharmonic_w" in {str(key) for key in nodes[0].inputs}
    _, found = evaluate(
        nodes + derivative_nodes(net, "net", nodes, method, **UNCOMPILED[method]), points(), "kirchhoff"
    )
    _, truth = evaluate(equation_nodes(plate) + autodiff_nodes(net, "net"), points(), "kirchhoff")
    torch.testing.assert_close(found["kirchhoff"], truth["kirchhoff"], rtol=1e-4, atol=1e-4)


def detaching():
    return FullyConnectedArch([Key("x"), Key("y")], [Key("w")], detach_keys=[Key("x")], layer_size=8, nr_layers=1)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: ModifiedFourierNetArch([Key("x"), Key("y")], [Key("w")], layer_size=8, nr_layers=2),
         "ModifiedFourierNetArch has no Taylor-mode rule"),
        (lambda: network(activation_fn=Activation.RELU), "not smooth enough"),
        (lambda: network(activation_fn=Activation.ELU), "not smooth enough"),
        (lambda: network(activation_fn=torch.nn.Hardswish()), "Hardswish.*not smooth enough"),
        (detaching, "detaches x"),
    ],
    ids=["architecture", "relu", "elu", "hardswish", "detached input"],
)  # fmt: skip
def test_other_networks_fall_back_to_autodiff_with_a_message(build, reason, caplog):
    net, pde = build(), equations(moment=PLATE["moment"], laplace=sympy.Function("laplacian_w")(x, y))
    with caplog.at_level(logging.WARNING, "modulus_relobralo"):
        nodes = taylor_nodes(net, "net", pde)
    (message,) = (r.getMessage() for r in caplog.records if r.name.startswith("modulus_relobralo"))
    assert message.startswith("Network `net`: ")
    assert message.endswith("Its derivatives are left to autodiff.")
    assert re.search(reason, message)
    assert nodes[0].evaluate is net
    if build is detaching:
        return  # by such an input the host does not differentiate twice either
    _, found = evaluate(pde + nodes, points(), "moment", "laplace")
    _, truth = evaluate(pde + autodiff_nodes(net, "net", pde), points(), "moment", "laplace")
    assert torch.equal(found["moment"], truth["moment"])
    assert torch.equal(found["laplace"], truth["laplace"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"derivatives": ["w__q"]}, r"Parameter `derivatives` must name derivatives .* Found `\['w__q'\]`"),
        ({"derivatives": ["w__x__x__x__x__x"]}, "order 1 to 4"),
        ({"operators": {"bad": {"w__x": 1.0}}}, "Operator `bad` must be a sum of derivatives of order 2 to 4"),
        ({"operators": {"bad": {}}}, "Operator `bad`"),
        ({"method": "magic"}, "Parameter `method` must be one of .* Found `method = 'magic'`"),
    ],
)
def test_wrong_requests_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        derivative_nodes(network(), "net", **options)


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
        [str(node.outputs[0]) for node in equation_nodes(pde)]
        for pde in (equation, RectangularPlate(1, 1, equation, "clamped"))
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
