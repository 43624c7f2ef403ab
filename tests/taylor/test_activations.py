"""Every rule against nested reverse mode of the function as torch has it."""

import functools

import pytest
import torch
import torch.nn.functional as F

from modulus_relobralo.taylor.activations import derivatives

BETA = torch.linspace(-1, 2, 601, dtype=torch.float64)
FUNCTIONS = {
    "tanh": torch.tanh,
    "silu": F.silu,
    "sin": torch.sin,
    "cos": torch.cos,
    "sigmoid": torch.sigmoid,
    # Beyond 20 torch's softplus is the identity, and its derivative exactly 1.
    "softplus": lambda z: torch.log1p(torch.exp(z)),
    "squareplus": lambda z: 0.5 * (z + torch.sqrt(z * z + 4)),
    "gelu": lambda z: 0.5 * z * (1 + torch.erf(z / 2**0.5)),
    "gelu_tanh": functools.partial(F.gelu, approximate="tanh"),
    "gelu_hendrycks": lambda z: 0.5 * z * (1 + torch.tanh(z * 0.7978845608 * (1 + 0.044715 * z * z))),
    "mish": lambda z: z * torch.tanh(torch.log1p(torch.exp(z))),
    "logsigmoid": lambda z: -torch.log1p(torch.exp(-z)),
    "tanhshrink": lambda z: z - torch.tanh(z),
    "identity": lambda z: z + 0 * z.sin(),
    "stan": lambda z: torch.tanh(z) * (1 + BETA * z),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_rule_is_the_derivative(name):
    z = torch.linspace(-6, 6, 601, dtype=torch.float64).requires_grad_()
    expected = [FUNCTIONS[name](z)]
    for _ in range(4):
        expected.append(*torch.autograd.grad(expected[-1].sum(), z, create_graph=True, materialize_grads=True))
    found = derivatives(name, z, 4, *([BETA] if name == "stan" else []))
    assert len(found) == 5
    for one, other in zip(found, expected, strict=True):
        assert (one - other).abs().max() < 1e-11 * other.abs().max() + 1e-14


@pytest.mark.parametrize("order", range(5))
def test_order_is_the_one_asked_for(order):
    assert len(derivatives("tanh", torch.zeros(3), order)) == order + 1
