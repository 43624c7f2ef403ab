"""ReLoBRaLo loss balancing for physics-informed networks, for any PyTorch loop and as a plugin for NVIDIA Modulus Sym.

Importing this package imports neither torch nor a host framework: each public name is loaded when it is used.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from modulus_relobralo.moved import Moved
from modulus_relobralo.version import __version__

if TYPE_CHECKING:
    from modulus_relobralo.balancing.relobralo import ReLoBRaLo
    from modulus_relobralo.balancing.relobralo_grad import ReLoBRaLoGrad
    from modulus_relobralo.optimizers.lbfgs import LBFGS
    from modulus_relobralo.optimizers.natural_gradient import NaturalGradient
    from modulus_relobralo.optimizers.residuals import Pointwise
    from modulus_relobralo.optimizers.soap import SOAP

__all__ = ["LBFGS", "SOAP", "NaturalGradient", "Pointwise", "ReLoBRaLo", "ReLoBRaLoGrad", "__version__"]

_HOMES = {
    "LBFGS": "modulus_relobralo.optimizers.lbfgs",
    "NaturalGradient": "modulus_relobralo.optimizers.natural_gradient",
    "Pointwise": "modulus_relobralo.optimizers.residuals",
    "ReLoBRaLo": "modulus_relobralo.balancing.relobralo",
    "ReLoBRaLoGrad": "modulus_relobralo.balancing.relobralo_grad",
    "SOAP": "modulus_relobralo.optimizers.soap",
}

sys.meta_path.append(Moved())


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
