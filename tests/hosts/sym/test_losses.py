import numpy as np
import pytest
import torch
from sympy import Symbol

from modulus_relobralo.hosts.sym import MeanSquareLoss, PointwiseInteriorConstraint, Rectangle, host

pytestmark = pytest.mark.host

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
