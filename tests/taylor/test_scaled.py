import pytest
import torch
from torch import nn

from modulus_relobralo.taylor import Scaled, TaylorDerivatives


def test_scales_are_undone():
    network = nn.Linear(2, 1)
    scaled = Scaled(network, inputs=[(1.0, 2.0), (0.0, 0.5)], outputs=[(3.0, 10.0)])
    x = torch.rand(4, 2)
    a, b = network.weight[0]
    expected = 3 + 10 * (a * (x[:, :1] - 1) / 2 + b * x[:, 1:] / 0.5 + network.bias)
    torch.testing.assert_close(scaled(x), expected)
    assert {"inputs_scale", "outputs_scale"} < set(scaled.state_dict())
    assert len(list(scaled.parameters())) == 2


@pytest.mark.parametrize("scales", [[(0.0, 0.0)], [(0.0, float("nan"))], [(1.0,)], []])
def test_bad_scales_are_named(scales):
    with pytest.raises(ValueError, match=r"Parameter `inputs` must hold pairs \(shift, scale\).* Found `inputs = "):
        Scaled(nn.Linear(1, 1), inputs=scales, outputs=[(0.0, 1.0)])


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        (1, 1, r"`inputs` must hold a pair for each column\. Found 1 for 2 c"),
        (2, 3, r"`outputs` must .* Found 3 for 1 c"),
    ],
)
def test_a_pair_is_wanted_for_each_column(inputs, outputs, message):
    scaled = Scaled(nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)), inputs * [(0, 1)], outputs * [(0, 1)])
    with pytest.raises(ValueError, match=message):
        scaled(torch.rand(4, 2))
    with pytest.raises(ValueError, match=message):
        TaylorDerivatives(scaled, "xy", "w", ["w__x"])
