"""The arithmetic of jets on numbers that one can check by hand."""

import torch

from modulus_relobralo.taylor.jets import Jet

VALUE, FIRST, SECOND = (0,), (1,), (2,)
# One point, two features: value, second derivative; the first derivative is constant.
JET = Jet((VALUE, SECOND), torch.tensor([[[5.0, 7.0]], [[2.0, 3.0]]]), (FIRST,), torch.tensor([[4.0, 6.0]]))


def test_scale_shifts_the_value_and_multiplies_all():
    scaled = JET.scale(torch.tensor([10.0, 100.0]), torch.tensor([1.0, 2.0]))
    assert scaled.dense.tolist() == [[[40.0, 500.0]], [[20.0, 300.0]]]
    assert scaled.constant.tolist() == [[40.0, 600.0]]


def test_select_gives_the_channels_asked_for_in_their_order():
    assert JET.select((SECOND, VALUE)).tolist() == [[[2.0, 3.0]], [[5.0, 7.0]]]
    assert JET.select((VALUE, FIRST, (3,))).tolist() == [[[5.0, 7.0]], [[4.0, 6.0]], [[0.0, 0.0]]]
    assert JET.select((VALUE, SECOND)) is JET.dense
