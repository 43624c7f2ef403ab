"""Choices of a constraint: how its loss is reduced, and where its points come from."""

import numpy as np
import pytest
import torch
from sympy import Symbol

from modulus_relobralo.hosts.sym import Rectangle, host, pointwise_constraint

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
    whole, half = (losses(constrain(reduction="mean", shares=shares))[0] for shares in (None, {"u": 0.5}))
    assert half == pytest.approx(whole / 2)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (
            {"reduction": "sum"},
            r"Parameter `reduction` must be one of \['integral', 'mean'\]. Found `reduction = 'sum'`",
        ),
        ({"reduction": None}, r"Found `reduction = None`"),
        ({"points": "new"}, r"Parameter `points` must be one of \['fixed', 'resampled'\]. Found `points = 'new'`"),
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
