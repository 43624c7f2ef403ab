"""Choices of a constraint: how its loss is reduced, and where its points come from."""

import numpy as np
import pytest
import torch
from sympy import Symbol

from modulus_relobralo.hosts.sym import (
    MeanSquareLoss,
    PointwiseInteriorConstraint,
    Rectangle,
    constraints,
    host,
    pointwise_constraint,
)
from modulus_relobralo.plates import KirchhoffPlate, RectangularPlate
from modulus_relobralo.problems import HelmholtzRectangle, HelmholtzWave

pytestmark = pytest.mark.host

X, Y = Symbol("x"), Symbol("y")
RECTANGLE = ((0, 0), (6, 4))


def constrain(where="interior", outvar=None, **choices):
    torch.manual_seed(0)
    np.random.seed(0)
    u = host.Node.from_sympy(X * Y, "u")
    choices = {"batch_per_epoch": 3, **choices}
    return pointwise_constraint(where, [u], Rectangle(*RECTANGLE), outvar or {"u": 0}, 4000, **choices)


def losses(constraint, steps=1):
    found = []
    for step in range(steps):
        constraint.load_data()
        constraint.forward()
        found.append(float(constraint.loss(step)["u"].detach()))
    return found


# Integrals of (xy)^2 over the rectangle, and along its edges x = 6 and y = 4, by hand.
INTERIOR = (6**3 / 3) * (4**3 / 3)
BOUNDARY = 36 * 4**3 / 3 + 16 * 6**3 / 3


@pytest.mark.parametrize("points", ["fixed", "resampled"])
@pytest.mark.parametrize(
    ("where", "integral", "size"),
    [("interior", INTERIOR, 24), ("boundary", BOUNDARY, 20)],
    ids=["interior", "boundary"],
)
def test_a_mean_is_the_integral_over_the_size_of_the_domain(where, integral, size, points):
    assert losses(constrain(where, points=points))[0] == pytest.approx(integral, rel=0.15)
    assert losses(constrain(where, points=points, reduction="mean"))[0] == pytest.approx(integral / size, rel=0.15)


def test_fixed_points_come_again_and_resampled_ones_do_not():
    """Three batches make an epoch, and their mean over an epoch is that of the points that there are."""
    fixed, resampled = (losses(constrain(points=points), 9) for points in ("fixed", "resampled"))
    epochs = [sum(fixed[start : start + 3]) for start in (0, 3, 6)]
    assert epochs == pytest.approx([epochs[0]] * 3, rel=1e-5)
    assert len(set(resampled)) == 9
    epochs = [sum(resampled[start : start + 3]) for start in (0, 3, 6)]
    assert min(abs(epochs[0] - other) for other in epochs[1:]) > 1e-4 * epochs[0]


@pytest.mark.parametrize("points", ["fixed", "resampled"])
def test_weights_of_the_points_and_criteria_reach_the_constraint(points):
    constraint = constrain(
        "boundary", points=points, reduction="mean", criteria=Symbol("normal_x") > 0, lambda_weighting={"u": Y}
    )
    # The mean of y (6y)^2 along x = 6 is 36 * 4^3 / 4.
    assert losses(constraint)[0] == pytest.approx(36 * 4**3 / 4, rel=0.1)


def test_a_share_goes_to_its_output():
    whole, half = (losses(constrain(reduction="mean", fractions=fractions))[0] for fractions in (None, {"u": 0.5}))
    assert half == pytest.approx(whole / 2)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (
            {"reduction": "sum"},
            r"Parameter `reduction` must be one of \['integral', 'mean'\]. Found `reduction = 'sum'`",
        ),
        ({"reduction": None}, r"Found `reduction = None`"),
        (
            {"points": "new"},
            r"Parameter `points` must be one of \['fixed', 'resampled', 'adaptive'\]. Found `points = 'new'`",
        ),
        ({"reduction": "mean", "loss": None}, r"`reduction = 'mean'` allows no `loss` beside it"),
        ({"points": "resampled", "quasirandom": True}, r"`points = 'resampled'` allows no `quasirandom` beside it"),
        ({"points": "resampled", "fixed_dataset": True}, r"allows no `fixed_dataset` beside it"),
        ({"points": "resampled", "importance_measure": len}, r"allows no `importance_measure` beside it"),
    ],
    ids=str,
)
def test_what_there_is_not_is_answered_with_what_there_is(choice, message):
    with pytest.raises(ValueError, match=message):
        constrain(**choice)


def terms(made):
    """Return the loss terms of constraints in one step, added up by name as the host does."""
    found = {}
    for constraint in made.values():
        constraint.load_data()
        constraint.forward()
        for name, loss in constraint.loss(0).items():
            found[name] = found.get(name, 0.0) + float(loss.detach())
    return found


def on_the_edges(edges, **choices):
    """Constrain u = xy on the edges of the rectangle to `edges`."""
    torch.manual_seed(0)
    np.random.seed(0)
    nodes = [host.Node.from_sympy(X * Y, "u"), host.Node.from_sympy(X, "helmholtz")]
    wave = HelmholtzRectangle(6, 4, HelmholtzWave(k=1), edges=edges)
    return constraints(wave, nodes, interior=4000, edge=4000, batch_per_epoch=2, **choices)


@pytest.mark.parametrize("points", ["fixed", "resampled"])
def test_the_mean_of_a_term_does_not_hang_on_how_its_edges_are_grouped(points):
    """Three edges with one value and one with another are two constraints, whose losses the host adds up."""
    together = on_the_edges(0, reduction="mean", points=points)
    apart = on_the_edges({"left": 0, "right": 0, "bottom": 0, "top": X * 1e-6}, reduction="mean", points=points)
    assert list(together) == ["interior", "edges"]
    assert list(apart) == ["interior", "left_right_bottom", "top"]
    for made in (together, apart):
        assert terms(made) == pytest.approx({"helmholtz": 12, "u": BOUNDARY / 20}, rel=0.03)


def test_terms_of_single_edges_are_means_over_their_edge():
    made = on_the_edges(0, reduction="mean", per_edge=True)
    expected = {"helmholtz": 12, "u_left": 0, "u_right": 36 * 4**2 / 3, "u_bottom": 0, "u_top": 16 * 6**2 / 3}
    assert terms(made) == pytest.approx(expected, rel=0.05, abs=1e-9)


def test_integrals_are_the_default():
    assert terms(on_the_edges(0)) == pytest.approx({"helmholtz": 12 * 24, "u": BOUNDARY}, rel=0.05)


def test_a_term_that_only_some_edges_have_is_a_mean_over_these():
    """Clamped at x = 0 and simply supported elsewhere: w on four edges, slope_n on one and M_n on three."""
    torch.manual_seed(0)
    np.random.seed(0)
    held = {"left": "clamped", "right": "simply_supported", "bottom": "simply_supported", "top": "simply_supported"}
    plate = RectangularPlate(6, 4, KirchhoffPlate(D=1, nu=0.3, p=0), edges=held)
    nodes = [host.Node.from_sympy(X + 0 * Y, name) for name in ("kirchhoff", "w", "M_n")]
    nodes.append(host.Node.from_sympy(Y + 0 * X, "slope_n"))
    made = constraints(plate, nodes, interior=4000, edge=4000, batch_per_epoch=1, reduction="mean")
    along = 6**3 / 3
    expected = {
        "kirchhoff": 12,
        "w": (36 * 4 + 2 * along) / 20,
        "M_n": (36 * 4 + 2 * along) / 16,
        "slope_n": 4**2 / 3,
    }
    assert terms(made) == pytest.approx(expected, rel=0.05)


RESIDUAL = torch.tensor([[1.0], [-2.0], [4.0]])
ONES = {"u": torch.ones(3, 1)}


def loss_of(invar, weights=ONES, loss=None, residual=RESIDUAL):
    loss = loss or MeanSquareLoss()
    target = torch.full_like(residual, 10)
    return loss(invar, {"u": target + residual}, {"u": target}, weights, 0)["u"]


def test_equal_areas_give_the_plain_mean_whatever_the_size_of_the_domain():
    for area in (1e-6, 1.0, 1e6):
        torch.testing.assert_close(loss_of({"area": torch.full((3, 1), area)}), torch.tensor(21 / 3))
    torch.testing.assert_close(loss_of({}), torch.tensor(21 / 3))


def test_areas_weigh_the_points():
    areas = torch.tensor([[0.5], [0.25], [0.25]])
    torch.testing.assert_close(loss_of({"area": areas}), torch.tensor(0.5 + 1 + 4))


def test_weights_of_the_points_multiply_the_squares():
    weights = {"u": torch.tensor([[0.0], [3.0], [0.5]])}
    torch.testing.assert_close(loss_of({"area": torch.full((3, 1), 7.0)}, weights), torch.tensor((12 + 8) / 3))


def test_a_share_multiplies_the_output_that_it_names():
    loss = MeanSquareLoss({"u": 0.25, "v": 100.0})
    torch.testing.assert_close(loss_of({}, loss=loss), torch.tensor(21 / 3 / 4))


def test_inputs_stay_as_they_are_and_gradients_are_those_of_the_mean():
    invar, residual = {"area": torch.full((3, 1), 2.0)}, RESIDUAL.clone().requires_grad_()
    loss_of(invar, residual=residual).backward()
    torch.testing.assert_close(residual.grad, 2 * RESIDUAL / 3)
    assert (invar["area"] == 2).all()


def test_scripted_it_gives_the_same():
    scripted = torch.jit.script(MeanSquareLoss({"u": 0.5}))
    torch.testing.assert_close(loss_of({"area": torch.full((3, 1), 7.0)}, loss=scripted), torch.tensor(21 / 6))


def test_the_mean_is_the_host_s_integral_over_the_size_of_the_domain():
    """The host's loss of the same points, divided by the area that it integrates over."""
    rectangle = Rectangle((0, 0), (3, 5))
    u = host.Node.from_sympy(Symbol("x") ** 2 - Symbol("y"), "u")
    losses = []
    for loss in (MeanSquareLoss(), host.load("loss").PointwiseLossNorm()):
        np.random.seed(0)
        constraint = PointwiseInteriorConstraint(
            [u], rectangle, {"u": 1}, 500, loss=loss, batch_per_epoch=1, lambda_weighting={"u": Symbol("x")}
        )
        constraint.load_data()
        constraint.forward()
        losses.append(float(constraint.loss(0)["u"]))
    assert losses[0] == pytest.approx(losses[1] / 15, rel=1e-5)
    # 500 points know the mean of x (x^2 - y - 1)^2 to a few percent.
    x, y = np.meshgrid((np.arange(3000) + 0.5) / 1000, (np.arange(50) + 0.5) / 10)
    assert losses[0] == pytest.approx(float(np.mean(x * (x**2 - y - 1) ** 2)), rel=0.25)
