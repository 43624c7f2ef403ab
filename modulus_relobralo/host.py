"""The one place that knows which host framework is in use.

NVIDIA renamed Modulus Sym to PhysicsNeMo Sym; the modules below it kept their names. Everything else in this
package that needs the host takes it from here: ``host.load("domain").Domain``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType

HOSTS = ("modulus.sym", "physicsnemo.sym")


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


def _is_installed(host: str) -> bool:
    # PhysicsNeMo >= 2.1 ships a `physicsnemo.sym` without a Solver: it does not count.
    try:
        return importlib.util.find_spec(f"{host}.solver") is not None
    except ImportError:
        return False
