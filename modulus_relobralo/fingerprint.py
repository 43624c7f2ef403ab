"""Tells whether parameters are the ones with which a checkpoint was saved."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

logger = logging.getLogger(__name__)

# Integers with as many bytes as a number of the parameter has.
_INTEGERS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def fingerprint(parameters: Iterable[Tensor]) -> list[str]:
    """Return what parameters are recognised by: of each its dtype, its shape and the sum of its bits.

    It costs one reduction for each parameter, is exact, and is the same on every device.

    >>> fingerprint([torch.zeros(2), torch.ones(3, 1)])
    ['torch.float32 [2] 0', 'torch.float32 [3, 1] 3196059648']
    """
    return [f"{parameter.dtype} {list(parameter.shape)} {_sum_of_bits(parameter)}" for parameter in parameters]


def check_same(parameters: Iterable[Tensor], saved: Sequence[str], owner: str) -> None:
    """Raise if the parameters are not those of a checkpoint.

    Of a parameter whose dtype has changed since, only the shape is compared, and the log names both.

    Parameters
    ----------
    parameters : iterable of Tensor
        The parameters with which a resumed training begins.
    saved : sequence of str
        The fingerprint in the checkpoint; empty for a checkpoint that has none.
    owner : str
        Whose checkpoint it is, for the message.

    Raises
    ------
    ValueError
        If the parameters differ; the message says in what, and what to do.
    """
    found = fingerprint(parameters)
    what = _difference(found, saved) if saved else ""
    if what:
        raise ValueError(
            f"The network is not the one with which the checkpoint of {owner} was saved: {what}. The file of the "
            "network is missing, cannot be read, or is of another save, as after a kill between two files of one "
            "checkpoint. Put back files of one save; or remove the checkpoint of the optimizer "
            "(`optim_checkpoint.*.pth` in a Solver's run) to start at step 0 from this network."
        )
    before, now = (sorted({_parts(text)[0] for text in texts}) for texts in (saved, found))
    if saved and before != now:
        logger.info("The checkpoint of %s is of %s, the network of %s.", owner, ", ".join(before), ", ".join(now))


def _difference(found: Sequence[str], saved: Sequence[str]) -> str:
    """Return in what two fingerprints differ, or an empty string."""
    if len(found) != len(saved):
        return f"it has {len(found)} parameters, not {len(saved)}"
    differing = 0
    for index, texts in enumerate(zip(found, saved, strict=True)):
        (kind, shape, bits), (old_kind, old_shape, old_bits) = map(_parts, texts)
        if shape != old_shape:
            return f"its parameter {index} is of shape {shape}, not {old_shape}"
        differing += kind == old_kind and bits != old_bits
    return f"{differing} of its {len(found)} parameters have other values" if differing else ""


def _parts(text: str) -> tuple[str, str, str]:
    kind, rest = text.split(" ", 1)
    shape, bits = rest.rsplit(" ", 1)
    return kind, shape, bits


def _sum_of_bits(parameter: Tensor) -> int:
    tensor = parameter.detach()
    # Of a parameter that is spread over processes, the part of this one.
    tensor = tensor.to_local() if hasattr(tensor, "to_local") else tensor
    tensor = torch.view_as_real(tensor) if tensor.is_complex() else tensor
    bits = tensor.reshape(-1).view(_INTEGERS[tensor.element_size()])
    return int(bits.sum(dtype=torch.int64))
