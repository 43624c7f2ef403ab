"""The host's constraints as residuals: their sums of squares are the host's own losses."""

import functools
import warnings

import numpy as np
import pytest
import torch
from sympy import Function, Symbol

from modulus_relobralo.hosts.sym import Key, MeanSquareLoss, PointwiseConstraint, host, taylor_nodes
from modulus_relobralo.hosts.sym.residuals import check_constraint, is_nested, residuals, run_uncompiled
from modulus_relobralo.optimizers import NaturalGradient
from modulus_relobralo.optimizers.residuals import Rows

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


def flat(parameters):
    return torch.cat([parameter.detach().double().reshape(-1) for parameter in parameters])


@pytest.mark.parametrize("loss", [None, MeanSquareLoss({"poisson": 0.25})], ids=["integral", "mean"])
@pytest.mark.parametrize("taylor", [True, False], ids=["taylor", "autodiff"])
def test_sums_of_squares_are_the_hosts_losses(taylor, loss):
    net, constraints = build(taylor, loss)
    parameters = list(net.parameters())
    for constraint in constraints.values():
        rows = Rows([residuals(constraint)], parameters)
        found = rows.terms(rows.values(flat(parameters)))
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


class Penalised(Constraints.PointwiseInteriorConstraint):
    def loss(self, step):
        return {name: 2 * loss for name, loss in super().loss(step).items()}


class Shifted(Constraints.PointwiseInteriorConstraint):
    def forward(self):
        super().forward()
        self._output_vars = {name: value + 1 for name, value in self._output_vars.items()}


@pytest.mark.parametrize(("kind", "method"), [(Penalised, "loss"), (Shifted, "forward")], ids=["loss", "forward"])
def test_refuses_constraints_with_a_loss_of_their_own(kind, method):
    _, constraints = build(True)
    constraint = constraints["interior"]
    constraint.__class__ = kind
    message = f"host's own `{method}`. Found `interior`, a {kind.__name__}, with another one"
    with pytest.raises(ValueError, match=message):
        check_constraint("interior", constraint)


def test_refuses_a_loss_that_was_put_in_the_place_of_the_constraints_own():
    _, constraints = build(True)
    constraints["edges"].loss = lambda step: {"u": torch.zeros(())}
    with pytest.raises(ValueError, match=r"host's own `loss`. Found `edges`, a PointwiseBoundaryConstraint"):
        check_constraint("edges", constraints["edges"])


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


# Equations by the order of their derivatives.
EQUATIONS = {
    0: x * u,
    1: u.diff(x) + u**2,
    2: u.diff(x, 2) + u.diff(y, 2) + x * u,
    3: u.diff(x, 3) + u * u.diff(y),
    4: u.diff(x, 4) + 2 * u.diff(x, 2, y, 2) + u.diff(y, 4),
}
# What a config sets: `jit`, `jit_arch_mode` and `graph.func_arch`, with which the host turns `jit` off.
COMPILED = {
    "plain": (False, "only_activation", False),
    "jit": (True, "only_activation", False),
    "jit of all": (True, "all", False),
    "func_arch": (False, "only_activation", True),
}
# The host cannot build a network of PReLU at all.
ACTIVATIONS = [a for a in host.load("models.activation").Activation if a.name != "PRELU"]
# Piecewise linear functions, some of whose derivatives PyTorch cannot take and so no optimizer can train.
ROUGH = ("LEAKY_RELU", "RELU", "IDENTITY")


@pytest.fixture
def configure(monkeypatch):
    """Return a function that sets what the host's config would."""
    jit_manager, graph_manager = host.load("manager").JitManager(), host.load("manager").GraphManager()
    before = dict(vars(jit_manager))

    def configure(jit, arch_mode, func_arch):
        # By its setter, which changes how TorchScript differentiates.
        jit_manager.enabled, jit_manager.arch_mode = jit, arch_mode
        monkeypatch.setattr(graph_manager, "_func_arch", func_arch)

    yield configure
    vars(jit_manager).update(before)
    torch._C._jit_set_nvfuser_single_node_mode(False)
    torch._C._debug_set_autodiff_subgraph_inlining(True)


@functools.cache
def equation(order):
    return Node.from_sympy(EQUATIONS[order], "equation")


def constrain(activation, order):
    """Return a network and a constraint on an equation of the order, at three points."""
    torch.manual_seed(0)
    # Stan has one parameter for each output, whatever the width.
    width = 1 if activation.name == "STAN" else 3
    net = FullyConnectedArch([Key("x"), Key("y")], [Key("u")], layer_size=width, nr_layers=1, activation_fn=activation)
    nodes = [equation(order), net.make_node("net")]
    points = dict(zip("xy", np.random.default_rng(1).random((2, 3, 1)), strict=True))
    constraint = PointwiseConstraint.from_numpy(
        nodes, points, {"equation": np.zeros((3, 1))}, batch_size=3, shuffle=False
    )
    constraint.load_data()
    return net, constraint


@functools.cache
def rows_of_the_host(activation, order):
    """Return the residuals of the host's own graph as a function of the parameters, in float64 and uncompiled."""
    net, constraint = constrain(activation, order)
    net.double()
    points = constraint._input_vars

    def rows(flat):
        torch.nn.utils.vector_to_parameters(flat, net.parameters())
        inputs = {name: value.detach().double().requires_grad_() for name, value in points.items()}
        return constraint.model(inputs)["equation"].detach()[:, 0]

    return rows


def compare(constraint, parameters, expected):
    """Compare rows and their Jacobian with the host's rows, and these at a little distance."""
    values, rows = flat(parameters), Rows([residuals(constraint)], parameters)
    torch.testing.assert_close(rows.values(values), expected(values), rtol=1e-9, atol=1e-9)
    direction = torch.randn_like(values) * 1e-6
    found = rows.jacobian(values, slice(0, len(values))) @ direction
    change = (expected(values + direction) - expected(values - direction)) / 2
    assert (found - change).abs().max() <= 1e-6 * change.abs().max() + 1e-15


def take_adams_gradients(constraint, step):
    constraint.forward()
    constraint.loss(step)["equation"].backward()


def adam_trains(activation, order):
    constraint = constrain(activation, order)[1]
    try:
        for step in range(3):
            take_adams_gradients(constraint, step)
    except RuntimeError:
        return False
    return True


@pytest.mark.parametrize("compiled", COMPILED.values(), ids=COMPILED)
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda it: it.name)
def test_what_adam_trains_natural_gradients_train(configure, activation, compiled):
    trained = []
    # What compiles is slow; the odd ones have nothing of their own there.
    orders = EQUATIONS if compiled == COMPILED["plain"] else (0, 2, 4)
    for order in orders:
        configure(*COMPILED["plain"])
        expected = rows_of_the_host(activation, order)
        configure(*compiled)
        if activation.name in ROUGH and not adam_trains(activation, order):
            continue
        net, constraint = constrain(activation, order)
        parameters = list(net.parameters())
        optimizer = NaturalGradient(parameters)
        # TorchScript watches a function once, and compiles it when it is called again, by whomever.
        for step in range(2):
            take_adams_gradients(constraint, step)
            check_constraint("equation", constraint)
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)
                warnings.filterwarnings("ignore", "There is a performance drop")
                if compiled[1] == "all":
                    warnings.filterwarnings("ignore", "Derivatives of the rows .* are taken one by one")
                compare(constraint, parameters, expected)
                optimizer.step([residuals(constraint)])
        trained.append(order)
    assert {order for order in orders if order <= 2} <= set(trained)
