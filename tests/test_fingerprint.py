"""Whether parameters are told from others, whatever they are."""

import re

import pytest
import torch

from modulus_relobralo.fingerprint import check_same, fingerprint

KINDS = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("shape", [(), (5,), (3, 4)], ids=str)
def test_one_bit_is_another_network(kind, shape):
    tensor = torch.nn.Parameter(torch.randn(shape, dtype=torch.float64).to(kind))
    saved = fingerprint([tensor])
    check_same([tensor.detach().clone()], saved, "it")
    changed = tensor.detach().clone().reshape(-1)
    changed[-1] *= 1 + torch.finfo(kind).eps
    with pytest.raises(ValueError, match="of it was saved: 1 of its 1 parameters have other values"):
        check_same([changed.reshape(shape)], saved, "it")


def test_the_layout_in_memory_does_not_matter():
    tensor = torch.randn(3, 4)
    assert fingerprint([tensor.t().contiguous().t()]) == fingerprint([tensor])


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ([torch.ones(2, 3)], "it has 1 parameters, not 2"),
        ([torch.ones(2, 3), torch.ones(3)], "its parameter 1 is of shape [3], not [2]"),
        ([torch.ones(2, 3), torch.zeros(2)], "1 of its 2 parameters have other values"),
    ],
)
def test_the_difference_is_named(others, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check_same(others, fingerprint([torch.ones(2, 3), torch.ones(2)]), "it")


def test_of_another_dtype_only_the_shape_is_compared(caplog):
    caplog.set_level("INFO")
    saved = fingerprint([torch.ones(2)])
    check_same([torch.ones(2)], saved, "it")
    assert not caplog.messages
    check_same([torch.zeros(2, dtype=torch.float64)], saved, "it")
    assert caplog.messages == ["The checkpoint of it is of torch.float32, the network of torch.float64."]
    with pytest.raises(ValueError, match=r"of shape \[3\], not \[2\]"):
        check_same([torch.zeros(3, dtype=torch.float64)], saved, "it")


def test_a_checkpoint_without_a_fingerprint_is_of_any_network():
    check_same([torch.zeros(2)], [], "it")
