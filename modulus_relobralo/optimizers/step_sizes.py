"""What a step of natural gradients is multiplied by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def step_sizes(groups: Iterable[dict[str, Any]]) -> list[float]:
    """Return it for each parameter that is trained: its group's `step_size`, and what a scheduler has left of `lr`.

    The latter counts where the group is `scheduled`. PyTorch's schedulers note the first `lr` as ``initial_lr``.
    """
    return [_size(group) for group in groups for parameter in group["params"] if parameter.requires_grad]


def _size(group: dict[str, Any]) -> float:
    left = group["lr"] / group.get("initial_lr", group["lr"]) if group["scheduled"] else 1.0
    return group["step_size"] * left
