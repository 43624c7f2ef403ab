"""Modulus Sym 1.8 and PhysicsNeMo Sym 2.4: one code for both names.

Whatever a script needs of ours or of the host's comes from here; it is loaded when it is used::

    from modulus_relobralo.hosts.sym import Domain, Key, Solver, WeightMonitor, main, taylor_nodes
"""

from __future__ import annotations

import importlib
from typing import Any

from modulus_relobralo.hosts.sym import host

_HOMES = {
    "MeanSquareLoss": "pointwise",
    "Progress": "monitors",
    "AdaptivePoints": "points",
    "ResampledPoints": "points",
    "Solver": "solver",
    "TaylorArch": "nodes",
    "WeightMonitor": "monitors",
    "autodiff_nodes": "nodes",
    "constraints": "builders",
    "derivative_nodes": "nodes",
    "equation_nodes": "nodes",
    "geometry": "builders",
    "keys": "plates",
    "main": "solver",
    "problem_networks": "networks",
    "plate_network": "plates",
    "BestState": "plates",
    "plate_results": "plates",
    "pointwise_constraint": "pointwise",
    "precision": "dtypes",
    "residual_monitor": "monitors",
    "taylor_nodes": "nodes",
}

__all__ = sorted({*_HOMES, *host.NAMES})


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in host.NAMES:
        return getattr(host, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
