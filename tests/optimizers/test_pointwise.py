import pytest
import torch
from torch import nn

from modulus_relobralo.optimizers import Pointwise

X = torch.rand(4, 2)


@pytest.mark.parametrize(
    ("inputs", "weights", "targets", "message"),
    [
        ([X, X[:3]], {"u": 1.0}, None, r"`inputs` must be .* one number of points. Found \[3, 4\]"),
        ([], {"u": 1.0}, None, "`inputs` must be"),
        ([X], {}, None, "`weights` must name at least one loss term"),
        ([X], {"u": torch.ones(3)}, None, r"`weights` must .* 4 points. Found `weights\['u'\]` of shape \(3,\)"),
        ([X], {"u": 1.0}, {"u": torch.ones(4, 2)}, r"`targets` must .* 4 points. Found `targets\['u'\]`"),
        ([X], {"u": 1.0}, {"v": 1.0}, r"`targets` must be of loss terms \['u'\]. Found \['v'\]"),
        ([X], {"u": -1.0}, None, r"`weights` must be at least 0. Found `weights\['u'\]` with -1"),
        ([X], {"u": torch.tensor([1.0, 2.0, float("nan"), 3.0])}, None, "`weights` must be at least 0"),
    ],
    ids=["inputs", "no input", "no term", "weights", "targets", "another term", "negative", "not a number"],
)
def test_refuses_what_is_no_row_a_point(inputs, weights, targets, message):
    with pytest.raises(ValueError, match=message):
        Pointwise(nn.Linear(2, 1), inputs, weights, targets)
