import pytest
import torch

from modulus_relobralo.optimizers.blocks import insert, split

SHAPES = [(3, 4), (3,), (), (7, 2, 2), (1,), (0,)]


def tensors():
    return [torch.rand(shape) for shape in SHAPES]


def numbers(block, parameters):
    return sum(piece.of(parameters).numel() for piece in block)


@pytest.mark.parametrize("size", [1, 3, 4, 5, 13, 20, 45, 1000])
def test_blocks_hold_every_number_once(size):
    parameters = tensors()
    marks = [torch.zeros(shape) for shape in SHAPES]
    blocks = split(parameters, size)
    for block in blocks:
        for piece in block:
            piece.of(marks)[...] += 1
    assert all(bool((mark == 1).all()) for mark in marks)
    # A slice of four numbers is the smallest piece of the fourth parameter.
    assert all(numbers(block, parameters) <= max(size, 4) for block in blocks)


def test_blocks_are_as_few_as_they_can_be():
    parameters = tensors()
    assert len(split(parameters, 45)) == 1
    assert len(split(parameters, 44)) == 2


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_insert_is_the_inverse(size):
    old, new = tensors(), tensors()
    result = old
    for block in split(old, size):
        result = insert(result, block, [piece.of(new) for piece in block])
        assert [tensor.shape for tensor in result] == [torch.Size(shape) for shape in SHAPES]
    assert all(torch.equal(a, b) for a, b in zip(result, new, strict=True))


def test_insert_leaves_the_rest_alone():
    old = tensors()
    block = split(old, 8)[0]
    changed = insert(old, block, [piece.of(old) + 1 for piece in block])
    assert torch.equal(changed[0][2:], old[0][2:])
    assert torch.equal(changed[0][:2], old[0][:2] + 1)
    assert all(torch.equal(a, b) for a, b in zip(changed[1:], old[1:], strict=True))
