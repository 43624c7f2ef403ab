"""ReLoBRaLo loss balancing for physics-informed networks, as a plugin for NVIDIA Modulus Sym.

Importing this package imports neither torch nor a host framework: each public name is loaded when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modulus_relobralo.aggregator import ReLoBRaLo
    from modulus_relobralo.lbfgs import LBFGS
    from modulus_relobralo.monitor import WeightMonitor

__version__ = "0.1.0"
__all__ = ["LBFGS", "ReLoBRaLo", "WeightMonitor"]

_HOMES = {
    "LBFGS": "modulus_relobralo.lbfgs",
    "ReLoBRaLo": "modulus_relobralo.aggregator",
    "WeightMonitor": "modulus_relobralo.monitor",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
