"""What numbers a program computes with: the host's float32, or float64 to the end by one line of its config.

The host's modules take the dtype of points and targets from its ``constants`` when they are imported; networks are made
in torch's default dtype. Both are set here, together, for as long as a program runs.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from omegaconf import OmegaConf

from modulus_relobralo.hosts.sym import host

OPTION = "custom.precision"
PRECISIONS = ("float32", "float64")


@contextlib.contextmanager
def precision(name: str) -> Iterator[None]:
    """Let everything that is made and computed within be of one precision.

    These are networks, points, targets, losses, weights, validators, monitors and checkpoints. A program whose `main`
    is of this package says it in its config, ``custom.precision: float64``, and needs no more; this is for the others.

    Parameters
    ----------
    name : str
        ``"float32"`` or ``"float64"``.

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    ::

        cfg = compose(config_path="conf", config_name="config")
        with precision("float64"):
            train(cfg)
    """
    if name not in PRECISIONS:
        raise ValueError(f"`{OPTION}` must be one of {', '.join(PRECISIONS)}. Found `{name}`.")
    default, points = torch.get_default_dtype(), _dtype_of_points()
    _set(getattr(torch, name), getattr(torch, name))
    try:
        yield
    finally:
        _set(default, points)


def configured_precision(cfg: Any) -> contextlib.AbstractContextManager[None]:
    """Return the precision that a config names, to be entered; none is as things are.

    Raises
    ------
    ValueError
        If there is no such precision, when it is entered; or if mixed precision contradicts it.
    """
    name = OmegaConf.select(cfg, OPTION)
    if name == "float64" and OmegaConf.select(cfg, "amp.enabled"):
        raise ValueError(f"`{OPTION}: float64` needs `amp.enabled: false`. Found `true`.")
    return contextlib.nullcontext() if name is None else precision(name)


def check_precision(trainer: Any) -> None:
    """Raise unless networks and points are of one precision, that of the config if it names one.

    Raises
    ------
    ValueError
        The message says what was found and what to write.
    """
    asked, points = OmegaConf.select(trainer.cfg, OPTION), _name(_dtype_of_points())
    if asked not in (None, points):
        raise ValueError(
            f"`{OPTION}: {asked}` is read by `main` of modulus_relobralo.hosts.sym. Found a program with another one, "
            f"whose points are of {points}. Import `main` from there, or put `with precision({asked!r}):`, which is "
            "there too, around what makes and trains the networks."
        )
    for network in trainer.get_saveable_models():
        other = {_name(p.dtype) for p in network.parameters() if p.is_floating_point()} - {points}
        if other:
            raise ValueError(
                f"Networks and points must be of one precision. Found network `{network.name}` of {', '.join(other)}, "
                f"and points of {points}. `{OPTION}` sets both, for networks that are made in the function under "
                "`main`; one that is made elsewhere is converted there, by its `double()` or `float()`."
            )


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _dtype_of_points() -> torch.dtype:
    return host.load("constants").tf_dt


def _set(default: torch.dtype, points: torch.dtype) -> None:
    torch.set_default_dtype(default)
    name = host.name()
    for module in [module for key, module in sys.modules.items() if key.startswith(f"{name}.")]:
        for constant, value in (("tf_dt", points), ("np_dt", getattr(np, _name(points)))):
            if constant in vars(module):
                setattr(module, constant, value)
