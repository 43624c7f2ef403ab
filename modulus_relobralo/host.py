"""The one place that knows which host framework is in use.

NVIDIA renamed Modulus Sym to PhysicsNeMo Sym; the modules below it kept their names. Everything else in this
package, and the examples, take what they need of the host from here::

    from modulus_relobralo.host import Domain, Key, Solver, main

What is not among :data:`NAMES` comes by ``load("eq.derivatives")``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

HOSTS = ("modulus.sym", "physicsnemo.sym")

NAMES = {
    "Domain": "domain",
    "HelmholtzEquation": "eq.pdes.wave_equation",
    "Key": "key",
    "Monitor": "domain.monitor",
    "Node": "node",
    "PDE": "eq.pde",
    "PointwiseBoundaryConstraint": "domain.constraint",
    "PointwiseInteriorConstraint": "domain.constraint",
    "PointwiseValidator": "domain.validator",
    "Rectangle": "geometry.primitives_2d",
    "Solver": "solver",
    "instantiate_arch": "hydra",
    "main": "hydra.utils",
}
"""Names that can be imported from this module, and the module of the host that has them."""


def name() -> str:
    """Return the package name of the host: the one that was imported, else the one that is installed.

    Raises
    ------
    ImportError
        If neither host is installed.
    """
    for host in HOSTS:
        if host in sys.modules:
            return host
    for host in HOSTS:
        if _is_installed(host):
            return host
    raise ImportError(
        "This part of modulus_relobralo needs NVIDIA Modulus Sym (pip install nvidia-modulus-sym==1.8.0) "
        "or PhysicsNeMo Sym (pip install nvidia-physicsnemo-sym==2.4.0), and neither is installed. "
        "The aggregator `modulus_relobralo.ReLoBRaLo` works without."
    )


def load(module: str) -> ModuleType:
    """Import a module of the host, such as ``load("domain.monitor")``."""
    return importlib.import_module(f"{name()}.{module}")


def __getattr__(attribute: str) -> Any:
    if attribute in NAMES:
        return getattr(load(NAMES[attribute]), attribute)
    raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")


def _is_installed(host: str) -> bool:
    # PhysicsNeMo >= 2.1 ships a `physicsnemo.sym` without a Solver: it does not count.
    try:
        return importlib.util.find_spec(f"{host}.solver") is not None
    except ImportError:
        return False
