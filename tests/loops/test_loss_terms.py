"""Loss terms of a problem at points, and steps that train by them."""

import copy

import pytest
import torch
from autograd_fields import evaluate
from sympy import Function, Symbol, lambdify, pi, sin, tanh
from torch import nn

from modulus_relobralo import LBFGS, SOAP, NaturalGradient, ReLoBRaLo, ReLoBRaLoGrad
from modulus_relobralo.balancing import Sum
from modulus_relobralo.loops import LossTerms, samples, take_step
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate
from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave, Interval, Problem, Rectangle
from modulus_relobralo.taylor import UnsupportedNetworkError

X, Y, T, K = Symbol("x"), Symbol("y"), Symbol("t"), Symbol("k")
MIXED = {"left": "clamped", "right": "clamped", "bottom": "simply_supported", "top": "simply_supported"}
PROBLEMS = {
    "plate": RectangularPlate(3, 2, KirchhoffPlate(D=2.0, nu=0.3, p=sin(X) + 0.5), MIXED),
    "varying plate": RectangularPlate(3, 2, KirchhoffPlate(D=2 + X * Y, nu=0.3, p=1), "simply_supported"),
    "wave": HelmholtzRectangle(1, 2, HelmholtzWave(k=3 + X, source=Y), edges=X * Y),
    "family": HelmholtzRectangle(1, 2, HelmholtzWave(k=K, parameters=["k"]), edges=K),
}


def mlp(inputs=2, dtype=torch.float64):
    torch.manual_seed(0)
    layers = nn.Linear(inputs, 12), nn.Tanh(), nn.Linear(12, 12), nn.SiLU(), nn.Linear(12, 1)
    return nn.Sequential(*layers).to(dtype)


def made(problem="plate", dtype=torch.float64, network=None, **options):
    problem = PROBLEMS[problem]
    sizes = {"interior": 24, "edge": 6, "ranges": dict.fromkeys(problem.parameters, (1.0, 2.0)), **options}
    network = network or mlp(2 + len(problem.parameters), dtype)
    return LossTerms(problem, samples(problem, **sizes), network, compiled=False)


def oracle(terms, problem, points, per_edge=False, means=False):
    """The integral, or the mean over all edges that have a term, of what nested autograd finds."""
    found, lengths = {}, {}
    for place, (values, areas) in points.items():
        coordinates = {name: values[name].clone().requires_grad_() for name in "xy"}
        others = {name: value for name, value in values.items() if name not in "xy"}

        def field(x, y, others=others):
            return terms.network(torch.cat([x, y, *(others[name] for name in problem.parameters)], 1))

        variable = getattr(problem.equation, "w", None) or problem.equation.u
        held = problem.inside if place == "interior" else problem.conditions[terms.places[place].parts[0]]
        for output, target in held.items():
            value = (
                field(*coordinates.values())
                if output == variable
                else evaluate(problem.equations[output], {variable: field}, **coordinates, **others)
            )
            value = value - evaluate(target, {}, **coordinates, **others)
            name = f"{output}_{place}" if per_edge and place != "interior" else output
            found[name] = found.get(name, 0) + (areas * value.square()).sum()
            lengths[name] = lengths.get(name, 0) + areas.sum()
    return {name: loss / lengths[name] if means else loss for name, loss in found.items()}


@pytest.mark.parametrize("options", [{}, {"per_edge": True}, {"reduction": "mean"}], ids=["groups", "edges", "means"])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_losses_and_gradients_are_those_of_nested_autograd(problem, options):
    terms = made(problem, **options)
    points = terms.draw(step=0)
    found = terms(points)
    expected = oracle(terms, PROBLEMS[problem], points, "per_edge" in options, "reduction" in options)
    assert list(found) == terms.names
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    gradients = [torch.autograd.grad(sum(losses.values()), terms.network.parameters()) for losses in (found, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-8, atol=1e-10)
    assert not torch.isclose(1.001 * found[terms.names[0]], expected[terms.names[0]], rtol=1e-9)


# ----- in time, with several fields, and with conditions of every kind


def gradient(value, *by):
    for each in by:
        (value,) = torch.autograd.grad(value.sum(), each, create_graph=True)
    return value


def at(terms, points, place, *names):
    """Return the coordinates of a place, the network's columns there, and what each point stands for."""
    values, areas = points[place]
    coordinates = [values[name].clone().requires_grad_() for name in names]
    return (*coordinates, *terms.network(torch.cat(coordinates, 1)).split(1, dim=1)), areas


def test_burgers_in_time():
    u = Function("u")(X, T)
    equation = u.diff(T) + u * u.diff(X) - u.diff(X, 2) / 10
    initial = {"u": -sin(pi * X), "u__t": X}
    problem = Problem(Interval(-1, 1), {"burgers": equation}, {"left, right": {"u": T}}, (0, 2), initial)
    terms = LossTerms(problem, samples(problem, 24, 6, initial=8), mlp(), compiled=False)
    points = terms.draw(0)
    (x, t, u), areas = at(terms, points, "interior", "x", "t")
    residual = gradient(u, t) + u * gradient(u, x) - gradient(u, x, x) / 10
    expected = {"burgers": (areas * residual.square()).sum()}
    (x, t, u), areas = at(terms, points, "edges", "x", "t")
    expected["u"] = (areas * (u - t).square()).sum()
    (x, t, u), areas = at(terms, points, "initial", "x", "t")
    expected["u_initial"] = (areas * (u + torch.sin(torch.pi * x)).square()).sum()
    expected["u_t_initial"] = (areas * (gradient(u, t) - x).square()).sum()
    assert not t.any()
    torch.testing.assert_close(terms(points), expected, rtol=1e-9, atol=1e-12)
    assert not torch.isclose(terms(points)["burgers"], 1.001 * expected["burgers"], rtol=1e-9)


def test_several_fields_and_conditions_of_every_kind():
    u, v, h = Function("u")(X, Y), Function("v")(X, Y), Symbol("h")
    equations = {"first": u.diff(X) - v.diff(Y), "second": u * v.diff(X, 2) + v}
    robin = u.diff(X) * Symbol("normal_x") + u.diff(Y) * Symbol("normal_y") + h * u
    conditions = {"left": {"u": Y, "v__x": 2}, "right": {"robin": robin}, "bottom, top": {}}
    problem = Problem(Rectangle(2, 1), equations, conditions, coefficients={"right": {"h": 1 + Y}})
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Linear(12, 2)).double()
    with pytest.raises(ValueError, match=r"`outputs` must name the network's columns, for the fields \['u', 'v'\]"):
        LossTerms(problem, samples(problem, 24, 6), network)
    terms = LossTerms(problem, samples(problem, 24, 6), network, outputs=["u", "v"], compiled=False)
    points = terms.draw(0)
    (x, y, u, v), areas = at(terms, points, "interior", "x", "y")
    expected = {
        "first": (areas * (gradient(u, x) - gradient(v, y)).square()).sum(),
        "second": (areas * (u * gradient(v, x, x) + v).square()).sum(),
    }
    (x, y, u, v), areas = at(terms, points, "left", "x", "y")
    expected["u"] = (areas * (u - y).square()).sum()
    expected["v__x"] = (areas * (gradient(v, x) - 2).square()).sum()
    (x, y, u, v), areas = at(terms, points, "right", "x", "y")
    expected["robin"] = (areas * (gradient(u, x) + (1 + y) * u).square()).sum()
    assert list(points) == ["interior", "left", "right"]
    torch.testing.assert_close(terms(points), expected, rtol=1e-9, atol=1e-12)


def test_burgers_is_solved():
    """A front that runs to the right at a half of its height: u = (1 - tanh((x - t / 2) / (4 nu))) / 2."""
    nu, u = 0.1, Function("u")(X, T)
    exact = (1 - tanh((X - T / 2) / (4 * nu))) / 2
    equation = u.diff(T) + u * u.diff(X) - nu * u.diff(X, 2)
    front = Problem(Interval(-1, 1), {"burgers": equation}, {"edges": {"u": exact}}, (0, 1), {"u": exact})
    terms = LossTerms(front, samples(front, 256, 32, initial=64), mlp(), compiled=False)
    optimizer = NaturalGradient(terms.network.parameters())
    x, t = (axis.reshape(-1, 1) for axis in torch.meshgrid(*[torch.linspace(0, 1, 21).double()] * 2, indexing="ij"))
    points = torch.cat([2 * x - 1, t], 1)
    solution = lambdify((X, T), exact, "math")
    solution = torch.tensor([[solution(*map(float, point))] for point in points]).double()

    @torch.no_grad()
    def error():
        return float((terms.network(points) - solution).norm() / solution.norm())

    before = error()
    for step in range(30):
        optimizer.step(terms.pointwise(terms.draw(step)))
    assert error() < 1e-4 < 0.1 < before


# ----- loops


def test_draws_follow_seed_and_step():
    terms = made()
    first, again, later = terms.draw(0), terms.draw(0), terms.draw(1)
    assert torch.equal(first["interior"].values["x"], again["interior"].values["x"])
    assert not torch.equal(first["interior"].values["x"], later["interior"].values["x"])
    other = LossTerms(PROBLEMS["plate"], terms.places, terms.network, seed=1, compiled=False).draw(0)
    assert not torch.equal(first["interior"].values["x"], other["interior"].values["x"])
    assert first["interior"].areas.shape == (24, 1)
    assert first["interior"].areas.dtype == torch.float64


def test_autocast_leaves_the_losses_in_single_precision():
    terms = made(dtype=torch.float32)
    points = terms.draw(0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = terms(points)
    torch.testing.assert_close(found, terms(points), rtol=1e-6, atol=0)


@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a `functools.lru_cache`")
def test_torch_compile_takes_the_whole_module():
    terms = made(dtype=torch.float32)
    points = terms.draw(0)
    torch.testing.assert_close(torch.compile(terms, fullgraph=True, backend="eager")(points), terms(points))


def test_a_loop_learns_and_balances():
    terms = made(dtype=torch.float32)
    balance = ReLoBRaLo(terms.network.parameters(), len(terms.names))
    optimizer = torch.optim.Adam(terms.network.parameters(), 1e-2)
    losses = []
    for step in range(60):
        optimizer.zero_grad()
        found = terms(terms.draw(step))
        balance(found).backward()
        optimizer.step()
        losses.append(float(sum(found.values()).detach()))
    assert balance.names == sorted(terms.names)
    assert losses[-1] < 0.7 * losses[0]


def test_natural_gradients_take_the_same_residuals():
    terms = made()
    points = terms.draw(0)
    before = copy.deepcopy(terms.network.state_dict())
    expected = sum(terms(points).values())
    optimizer = NaturalGradient(terms.network.parameters())
    loss = optimizer.step(terms.pointwise(points))
    torch.testing.assert_close(loss, expected.detach(), rtol=1e-9, atol=0)
    assert sum(terms(points).values()) < 0.5 * expected
    assert any(not torch.equal(value, before[name]) for name, value in terms.network.state_dict().items())


def test_bad_networks_and_equations_are_named():
    relu = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    with pytest.raises(UnsupportedNetworkError, match=r"ReLU\(\) is not smooth enough"):
        made(network=relu)
    unknown = RectangularPlate(1, 1, KirchhoffPlate(D=1, nu=0.3, p="q"), "simply_supported")
    with pytest.raises(ValueError, match=r"`outputs` must name the network's columns, for the fields \['q', 'w'\]"):
        LossTerms(unknown, samples(unknown, 4, 4), mlp())
    with pytest.raises(ValueError, match=r"`outputs` must name every field .*\['q', 'w'\]. Found `outputs = \['w'\]`"):
        LossTerms(unknown, samples(unknown, 4, 4), mlp(), outputs=["w"])
    fifth = RectangularPlate(1, 1, KirchhoffPlate(D=1, nu=0.3, p=1), "simply_supported")
    fifth.equations["kirchhoff"] = fifth.equations["kirchhoff"].diff(X)
    with pytest.raises(ValueError, match=r"Loss term `kirchhoff` must hold .* order 1 to 4 .* Found `\['w__x"):
        LossTerms(fifth, samples(fifth, 4, 4), mlp())
    plate, wave = PROBLEMS["plate"], PROBLEMS["wave"]
    with pytest.raises(ValueError, match=r"`places` must be what `samples` returned .* on \['helmholtz', 'u'"):
        LossTerms(plate, samples(wave, 4, 4), mlp())


OPTIMIZERS = {
    "adam": lambda parameters: torch.optim.Adam(parameters, 1e-3),
    "lbfgs": lambda parameters: LBFGS(parameters, max_iter=5),
    "natural gradients": NaturalGradient,
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("scheme", [Sum, ReLoBRaLo])
def test_a_step_lowers_the_loss_and_returns_the_terms_before_it(optimizer, scheme):
    torch.manual_seed(0)
    wave = HelmholtzRectangle(1, 1, HelmholtzWave(k=2, source=1))
    network = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    terms = LossTerms(wave, samples(wave, interior=32, edge=8), network, compiled=False)
    balance, points = scheme([], 2), terms.draw(0)
    before = {name: loss.detach() for name, loss in terms(points).items()}
    made = OPTIMIZERS[optimizer](network.parameters())
    losses, loss = take_step(made, terms, balance, points, 0)
    torch.testing.assert_close(losses, before)
    torch.testing.assert_close(loss, sum(before.values()))  # of a first step: all weights are 1
    assert not loss.requires_grad
    assert sum(terms(points).values()) < 0.9999 * loss
    # However often the optimizer asks, the balancing takes one step.
    if scheme is ReLoBRaLo:
        take_step(made, terms, balance, points, 1)
        assert int(balance._moves) == 2


def test_natural_gradients_hand_their_traces_to_gradient_balancing(monkeypatch):
    terms = made()
    points, trained = terms.draw(0), list(terms.network.parameters())
    optimizer, balance = NaturalGradient(trained), ReLoBRaLoGrad(trained, len(terms.names), ["kirchhoff"])
    before = copy.deepcopy(terms.network.state_dict())
    traces = optimizer.traces(terms.pointwise(points))
    losses, loss = take_step(optimizer, terms, balance, points, 0)
    # Nothing is met yet.
    weights = {name: float(traces["kirchhoff"] / trace) * (1e4 + 1) for name, trace in traces.items()}
    weights["kirchhoff"] = 1.0
    mean = sum(weights.values()) / len(weights)
    assert balance.lmbda_ema.tolist() == pytest.approx([weights[name] / mean for name in sorted(losses)])
    assert float(loss) == pytest.approx(sum(weights[name] / mean * float(losses[name]) for name in losses))
    # Not the step of the plain sum.
    balanced = copy.deepcopy(terms.network.state_dict())
    terms.network.load_state_dict(before)
    take_step(NaturalGradient(terms.network.parameters()), terms, Sum([], 3), points, 0)
    assert any(not torch.allclose(value, balanced[name]) for name, value in terms.network.state_dict().items())
    # They cost a part of J, and are computed where they are used.
    monkeypatch.setattr(optimizer, "traces", None)
    before = balance.lmbda_ema.clone()
    take_step(optimizer, terms, balance, points, 1)
    assert torch.equal(balance.lmbda_ema, before)


def squares(points):
    """Loss terms that are none of this package."""
    weight, x = points
    return {"data": (weight * x - 1).square().mean(), "size": weight.square().sum()}


@pytest.mark.parametrize("optimizer", [OPTIMIZERS["adam"], OPTIMIZERS["lbfgs"], SOAP])
def test_takes_loss_terms_of_ones_own(optimizer):
    weight = nn.Parameter(torch.tensor([3.0]))
    points, made = (weight, torch.linspace(0, 1, 5)), optimizer([weight])
    # Of two, as the first step of SOAP moves nothing.
    first, _ = (take_step(made, squares, Sum([], 2), points, step)[1] for step in range(2))
    assert sum(squares(points).values()) < first


def test_natural_gradients_refuse_other_terms_by_name():
    weight = nn.Parameter(torch.tensor([3.0]))
    with pytest.raises(TypeError, match=r"`terms` must be LossTerms.* Found function\."):
        take_step(NaturalGradient([weight]), squares, Sum([], 2), (weight, torch.ones(2)), 0)
