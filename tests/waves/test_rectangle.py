import math

import pytest
import torch
from sympy import Symbol, lambdify, sin

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.waves import HelmholtzRectangle, standing_wave

pytestmark = pytest.mark.host

X, Y = Symbol("x"), Symbol("y")


def losses(problem, u, per_edge=False, **sampling):
    """Return the host's loss terms where an expression stands in for the network."""
    nodes = [*problem.make_nodes(), host.load("node").Node.from_sympy(u, "u")]
    domain = host.load("domain").Domain()
    sampling = sampling or {"batch_per_epoch": 1}
    for name, constraint in problem.constraints(nodes, interior=64, edge=4096, per_edge=per_edge, **sampling).items():
        domain.add_constraint(constraint, name)
    domain.load_data()
    terms = domain.compute_losses(0)
    assert domain.get_num_losses() == len(terms)
    return {name: term.item() for name, term in terms.items()}


def residual(problem, u, x, y):
    """Evaluate the host's node with autograd derivatives of u, less the target of the constraint."""
    value = u(x, y)
    (u_x,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    (u_y,) = torch.autograd.grad(value.sum(), y, create_graph=True)
    (u_xx,) = torch.autograd.grad(u_x.sum(), x, create_graph=True)
    (u_yy,) = torch.autograd.grad(u_y.sum(), y, create_graph=True)
    (node,) = problem.make_nodes()
    computed = node.evaluate({"u": value, "u__x__x": u_xx, "u__y__y": u_yy, "x": x, "y": y})["helmholtz"]
    return computed + lambdify((X, Y), problem.source, modules=[{"sin": torch.sin, "pi": math.pi}])(x, y)


def points():
    generator = torch.Generator().manual_seed(0)
    xy = 2 * torch.rand(2, 64, 1, generator=generator, dtype=torch.float64) - 1
    return xy[0].requires_grad_(), xy[1].requires_grad_()


@pytest.mark.parametrize("k", [1, 2.5, 1 + 0.3 * sin(X) * Y], ids=["article", "number", "medium"])
def test_residual_of_the_standing_wave_vanishes(k):
    def wave(x, y):
        return torch.sin(math.pi * x) * torch.sin(4 * math.pi * y)

    x, y = points()
    problem = HelmholtzRectangle.with_solution(standing_wave(1, 4), k)
    assert residual(problem, wave, x, y).abs().max() < 1e-10
    detuned = HelmholtzRectangle(1.01 * problem.k, source=problem.source)
    assert residual(detuned, wave, x, y).abs().max() > 1e-3


def test_source_is_that_of_the_article():
    source = lambdify((X, Y), HelmholtzRectangle.with_solution(standing_wave(1, 4), k=1).source)
    for x, y in ((0.3, 0.1), (-0.7, 0.45)):
        article = (-(math.pi**2) - (4 * math.pi) ** 2 + 1) * math.sin(math.pi * x) * math.sin(4 * math.pi * y)
        assert source(x, y) == pytest.approx(article, rel=1e-12)


def test_loss_terms():
    problem = HelmholtzRectangle.with_solution(standing_wave(1, 4), k=1)
    assert set(losses(problem, X * Y)) == {"helmholtz", "u"}
    separate = {"helmholtz", "u_left", "u_right", "u_bottom", "u_top"}
    assert set(losses(problem, X * Y, per_edge=True)) == separate


@pytest.mark.parametrize("per_edge", [False, True])
@pytest.mark.parametrize("sampling", [{"batch_per_epoch": 2}, {"fixed_dataset": False}], ids=["fixed", "resampled"])
def test_all_losses_vanish_for_the_solution(per_edge, sampling):
    """A wave that is not zero on the walls of its rectangle, so that their values count as well."""
    wave = standing_wave(0.8, 1.3)
    problem = HelmholtzRectangle.with_solution(wave, k=2, lower=(0, -1), upper=(0.9, 0.5))
    assert max(losses(problem, wave, per_edge, **sampling).values()) < 1e-8
    wrong = losses(problem, 1.1 * wave, per_edge, **sampling)
    assert wrong["helmholtz"] > 1e-2
    assert wrong["u_right" if per_edge else "u"] > 1e-4


def test_walls_of_their_own():
    """With u = x y + 2 on [-1, 1]^2 and these walls the integrals along them follow by hand."""
    walls = {"left": 2 - Y, "right": 0, "bottom": X, "top": X + 2}
    problem = HelmholtzRectangle(k=3, walls=walls)
    terms = losses(problem, X * Y + 2, per_edge=True, batch_per_epoch=1)
    assert terms["u_left"] == pytest.approx(0, abs=1e-12)
    assert terms["u_top"] == pytest.approx(0, abs=1e-12)
    assert terms["u_right"] == pytest.approx(2 / 3 + 8, rel=0.05)
    assert terms["u_bottom"] == pytest.approx(8 + 8 / 3, rel=0.05)


@pytest.mark.parametrize("k", [0, -1, math.inf])
def test_wave_number_must_be_positive(k):
    with pytest.raises(ValueError, match=r"Parameter `k` must be in \(0, inf\). Found `k = "):
        HelmholtzRectangle(k)


@pytest.mark.parametrize(("name", "value"), [("k", "k"), ("source", None), ("walls", "u")])
def test_parameters_must_be_numbers_or_expressions(name, value):
    with pytest.raises(
        TypeError, match=rf"Parameter `{name}` must be a number or a SymPy expression. Found `{name} = "
    ):
        HelmholtzRectangle(**{"k": 1, name: value})


def test_every_wall_needs_a_value():
    with pytest.raises(ValueError, match=r"Parameter `walls` must be one for all edges.* Found `walls` for left."):
        HelmholtzRectangle(k=1, walls={"left": 0})


def test_corners_must_be_in_order():
    with pytest.raises(ValueError, match=r"`lower` must be below `upper` on both axes. Found `lower = \(0, 1\)`"):
        HelmholtzRectangle(k=1, lower=(0, 1), upper=(1, 1))
