"""Our equations in the host's PhysicsInformer: by its own derivatives, or by ours above second order."""

from types import SimpleNamespace

import pytest
import torch
from autograd_fields import evaluate, points
from physicsnemo.sym import PhysicsInformer
from physicsnemo.sym.graph import Graph
from sympy import Function, I, Piecewise, Symbol, pi, sin, sqrt
from torch import nn

from modulus_relobralo.hosts.physicsnemo import Equations
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate
from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave, Interval, Problem
from modulus_relobralo.taylor import TaylorDerivatives

X, Y = Symbol("x"), Symbol("y")
PLATE = KirchhoffPlate(D=2 + X * Y, nu=0.3, p=sin(X))


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1)).double()


def inputs(net, variable):
    x, y = points(2, 3)
    coordinates = torch.cat([x, y], 1).detach().requires_grad_()
    normal = {"normal_x": torch.full_like(x, 0.6), "normal_y": torch.full_like(x, 0.8)}
    return {"coordinates": coordinates, "x": x, "y": y, variable: net(coordinates), **normal}


def oracle(net, equation, variable, given):
    x, y = (given[name].detach().requires_grad_() for name in "xy")
    fields = {variable: lambda x, y: net(torch.cat([x, y], 1))}
    return evaluate(equation, fields, x, y, normal_x=given["normal_x"], normal_y=given["normal_y"])


@pytest.mark.parametrize(
    ("problem", "outputs", "variable"),
    [
        (HelmholtzWave(k=3 + X, source=sqrt(1 + Y)), ["helmholtz"], "u"),
        (HelmholtzRectangle(1, 1, HelmholtzWave(k=2)), ["helmholtz"], "u"),
        (PLATE, ["M_x", "M_xy", "M_n", "slope_n"], "w"),
    ],
    ids=["medium", "room", "moments"],
)
def test_up_to_second_order_the_informer_differentiates(problem, outputs, variable):
    net = network()
    informer = PhysicsInformer(outputs, Equations(problem), grad_method="autodiff")
    given = inputs(net, variable)
    found = informer.forward({name: given[name] for name in informer.required_inputs})
    for name in outputs:
        expected = oracle(net, problem.equations[name], variable, given)
        torch.testing.assert_close(found[name], expected, rtol=1e-9, atol=1e-10)
        assert not torch.allclose(found[name], 1.001 * expected)


def test_a_problem_in_time_takes_ours_by_time():
    t, u = Symbol("t"), Function("u")(X, Symbol("t"))
    equation = u.diff(t) + u * u.diff(X) - u.diff(X, 2) / 10
    burgers = Problem(Interval(0, 1), {"burgers": equation}, {"edges": {"u": 0}}, (0, 1), {"u": sin(pi * X)})
    net, (x, time) = network(), points(1, 1)
    informer = PhysicsInformer(["burgers"], Equations(burgers), grad_method="autodiff")
    assert set(informer.required_inputs) == {"coordinates", "u", "u__t"}
    value = net(torch.cat([x, time], 1))
    first, by_time = torch.autograd.grad(value.sum(), (x, time), create_graph=True)
    second = torch.autograd.grad(first.sum(), x, create_graph=True)[0]
    found = informer.forward({"coordinates": x, "u": value, "u__t": by_time})["burgers"]
    torch.testing.assert_close(found, by_time + value * first - second / 10)


@pytest.mark.parametrize("output", ["kirchhoff", "Q_x", "V_n"])
def test_above_it_takes_ours(output):
    net = network()
    problem = RectangularPlate(2, 3, PLATE, "simply_supported")
    informer = PhysicsInformer([output], Equations(problem), grad_method="autodiff")
    wanted = [name for name in informer.required_inputs if "__" in name]
    given = inputs(net, "w")
    taylor = TaylorDerivatives(net, "xy", "w", wanted, compiled=False)(given["coordinates"])
    found = informer.forward({**given, **taylor})[output]
    expected = oracle(net, PLATE.equations[output], "w", given)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    assert not torch.allclose(found, 1.001 * expected)
    graph = Graph(Equations(PLATE).make_computations(), [*given, *taylor], [output])
    torch.testing.assert_close(graph({**given, **taylor})[output], found)


def test_without_ours_the_error_says_what_to_do():
    informer = PhysicsInformer(["kirchhoff"], Equations(PLATE), grad_method="autodiff")
    with pytest.raises(ValueError, match=r"`kirchhoff` has derivatives above order 2.*Found none of .*LossTerms"):
        informer.forward(inputs(network(), "w"))


def test_cases_are_computed():
    equation = HelmholtzWave(k=1, source=Piecewise((X, X < 1), (-Y, True)))
    informer = PhysicsInformer(["helmholtz"], Equations(equation), grad_method="autodiff")
    given = inputs(network(), "u")
    plain = PhysicsInformer(["helmholtz"], Equations(HelmholtzWave(k=1)), grad_method="autodiff")
    source = plain.forward(given)["helmholtz"] - informer.forward(given)["helmholtz"]
    torch.testing.assert_close(source, torch.where(given["x"] < 1, given["x"], -given["y"]))


def test_names_can_be_detached():
    net = network()
    informer = PhysicsInformer(["helmholtz"], Equations(HelmholtzWave(k=2)), "autodiff", detach_names=["u", "u__x__x"])
    given = inputs(net, "u")
    kept = torch.autograd.grad(informer.forward(given)["helmholtz"].sum(), net[0].weight)[0]
    whole = PhysicsInformer(["helmholtz"], Equations(HelmholtzWave(k=2)), "autodiff")
    assert not torch.allclose(
        kept, torch.autograd.grad(whole.forward(inputs(net, "u"))["helmholtz"].sum(), net[0].weight)[0]
    )


def test_a_pde_of_a_host_is_named():
    pde = SimpleNamespace(equations={})
    with pytest.raises(TypeError, match=r"Found types.SimpleNamespace. A PDE of this host goes to PhysicsInformer"):
        Equations(pde)


def test_unknown_coefficients_and_both_parts_of_a_complex_field_are_inputs():
    u, c = Function("u")(X), Symbol("c")
    problem = Problem(
        Interval(0, 1), {"wave": u.diff(X, 2) + c * I * u}, {"edges": {"u": 0}}, unknown={"c": 2}, complex_fields=["u"]
    )
    informer = PhysicsInformer(["wave_re", "wave_im"], Equations(problem), grad_method="autodiff")
    assert set(informer.required_inputs) == {"coordinates", "c", "u_re", "u_im"}
    x = torch.rand(5, 1, dtype=torch.float64, requires_grad=True)
    unknown = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    found = informer.forward({"coordinates": x, "c": unknown, "u_re": x**3, "u_im": x.sin()})
    torch.testing.assert_close(found["wave_re"], 6 * x - 2 * x.sin())
    torch.testing.assert_close(found["wave_im"], -x.sin() + 2 * x**3)
    torch.testing.assert_close(torch.autograd.grad(found["wave_im"].sum(), unknown)[0], (x**3).sum())
