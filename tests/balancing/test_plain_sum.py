import pytest
import torch

from modulus_relobralo.balancing import Sum

LOSSES = {"pde": torch.tensor(3.0, requires_grad=True), "walls": torch.tensor(0.5)}


def test_it_is_the_weighted_sum_with_its_gradient():
    loss = Sum([], 2, weights={"pde": 10})(LOSSES, step=7)
    assert loss.item() == 30.5
    (slope,) = torch.autograd.grad(loss, LOSSES["pde"])
    assert slope.item() == 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_losses": 0}, "Parameter `num_losses` must be at least 1"),
        ({"weights": {"pde": -1}}, r"Parameter `weights\[pde\]` must be in \[0, inf\)"),
        ({"weights": {"pd": 1}}, r"`weights` names unknown loss terms \['pd'\]. The loss terms are \['pde', 'walls'\]"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        Sum([], **{"num_losses": 2, **options})(LOSSES)
