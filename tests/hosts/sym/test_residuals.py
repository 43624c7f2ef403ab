"""The host's constraints as residuals: their sums of squares are the host's own losses."""

import pytest
import torch
from sympy import Function, Symbol

from modulus_relobralo.hosts.sym import Key, host, taylor_nodes
from modulus_relobralo.hosts.sym.losses import MeanSquareLoss
from modulus_relobralo.hosts.sym.residuals import check_constraint, is_nested, residuals, run_uncompiled
from modulus_relobralo.optimizers import NaturalGradient
from modulus_relobralo.optimizers.loss_terms import sums_of_squares
from modulus_relobralo.optimizers.rows import Rows

pytestmark = pytest.mark.host
x, y = Symbol("x"), Symbol("y")
u = Function("u")(x, y)
FullyConnectedArch = host.load("models.fully_connected").FullyConnectedArch
Node = host.load("node").Node
Constraints = host.load("domain.constraint")
Loss = host.load("loss.loss")


@pytest.fixture(autouse=True)
def autodiff(monkeypatch):
    # What the host's config says, and its manager does not without one.
    monkeypatch.setattr(host.load("manager").GraphManager(), "_func_arch", False, raising=False)


def build(taylor, loss=None):
    torch.manual_seed(0)
    net = FullyConnectedArch([Key("x", scale=(1.0, 2.0)), Key("y")], [Key("u")], layer_size=6, nr_layers=2)
    nodes = [Node.from_sympy(u.diff(x, 2) + u.diff(y, 2) + x * u, "poisson")]
    nodes += taylor_nodes(net, "net", nodes) if taylor else [net.make_node("net")]
    rectangle = host.load("geometry.primitives_2d").Rectangle((0, 0), (2, 1))
    options = {"batch_per_epoch": 1} | ({} if loss is None else {"loss": loss})
    weights = {"poisson": 2.0, "u": 1 + x}
    inside, edges = Constraints.PointwiseInteriorConstraint, Constraints.PointwiseBoundaryConstraint
    constraints = {
        "interior": inside(nodes, rectangle, {"poisson": x - 1, "u": y}, 7, lambda_weighting=weights, **options),
        "edges": edges(nodes, rectangle, {"u": 0.5}, 12, **options),
    }
    for constraint in constraints.values():
        constraint.load_data()
        run_uncompiled(constraint)
    return net, constraints


@pytest.mark.parametrize("loss", [None, MeanSquareLoss({"poisson": 0.25})], ids=["integral", "mean"])
@pytest.mark.parametrize("taylor", [True, False], ids=["taylor", "autodiff"])
def test_sums_of_squares_are_the_hosts_losses(taylor, loss):
    net, constraints = build(taylor, loss)
    parameters = list(net.parameters())
    for constraint in constraints.values():
        rows = Rows(residuals(constraint), parameters)
        found = sums_of_squares([rows], rows.values([p.detach().double() for p in parameters]))
        constraint.forward()
        expected = constraint.loss(0)
        assert set(found) == set(expected)
        for name, loss in found.items():
            assert float(loss) == pytest.approx(float(expected[name].detach()), rel=1e-4)
            assert float(loss) > 1e-6
    assert is_nested(constraints["interior"]) is not taylor
    assert not is_nested(constraints["edges"])


def test_taylor_mode_and_autodiff_take_the_same_steps():
    ends = []
    for taylor in (True, False):
        net, constraints = build(taylor)
        optimizer = NaturalGradient(net.parameters())
        losses = [optimizer.step([residuals(c) for c in constraints.values()]) for _ in range(4)]
        assert losses[-1] < 0.1 * losses[0]
        assert all(p.dtype == torch.float32 and p.requires_grad for p in net.parameters())
        ends.append(torch.cat([p.detach().reshape(-1) for p in net.parameters()]))
    torch.testing.assert_close(*ends, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (Loss.PointwiseLossNorm(1), "Found `interior` with PointwiseLossNorm of order 1"),
        (Loss.CausalLossNorm(), "Found `interior` with CausalLossNorm of order 2"),
    ],
    ids=["order", "causal"],
)
def test_refuses_losses_that_are_no_sum_of_squares(loss, message):
    _, constraints = build(True, loss)
    with pytest.raises(ValueError, match=message):
        check_constraint("interior", constraints["interior"])


def test_refuses_other_constraints():
    net, _ = build(True)
    line = host.load("geometry.primitives_2d").Rectangle((0, 0), (2, 1))
    nodes = [net.make_node("net")]
    integral = Constraints.IntegralBoundaryConstraint(nodes, line, {"u": 1}, batch_size=1, integral_batch_size=4)
    with pytest.raises(ValueError, match=r"takes pointwise constraints. Found `flux`, a IntegralBoundaryConstraint"):
        check_constraint("flux", integral)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (torch.nn.BatchNorm1d(6), r"own point alone. Found BatchNorm1d in a network of `interior`"),
        (torch.nn.Dropout(0.1), r"whenever they are computed. Found Dropout in a network of `interior`"),
    ],
    ids=["batch-norm", "dropout"],
)
def test_refuses_layers_whose_residuals_are_not_their_points_own(layer, message):
    net, constraints = build(False)
    net.add_module("extra", layer)
    with pytest.raises(ValueError, match=message):
        check_constraint("interior", constraints["interior"])


def test_dropout_that_drops_nothing_passes():
    net, constraints = build(False)
    net.add_module("extra", torch.nn.Dropout(0.0))
    check_constraint("interior", constraints["interior"])


def test_passes_what_is_a_sum_of_squares():
    for name, constraint in build(True)[1].items():
        check_constraint(name, constraint)
