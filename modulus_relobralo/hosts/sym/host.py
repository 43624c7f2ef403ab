"""The one place that knows which host framework is in use.

NVIDIA renamed Modulus Sym to PhysicsNeMo Sym; the modules below it kept their names. Everything else in this
package, and the examples, take what they need of the host from here::

    from modulus_relobralo.hosts.sym import Domain, Key, PointwiseConstraint, Solver

What is not among :data:`NAMES` comes by ``load("eq.derivatives")``.

Where both are installed, a program is of the host that it imported first. One that knows no host, as our examples,
says which in the environment variable RELOBRALO_HOST (``modulus`` or ``physicsnemo``).
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any, TypeAlias

HOSTS = {"modulus.sym": "Modulus", "physicsnemo.sym": "PhysicsNeMo"}
"""Packages of the hosts, and what the names of their config classes and options are made of."""

# The hosts have no types to hold on to: these names say what is meant.
HostModule: TypeAlias = Any
HostNode: TypeAlias = Any
HostKey: TypeAlias = Any

NAMES = {
    "Diffusion": "eq.pdes.diffusion",
    "DiffusionInterface": "eq.pdes.diffusion",
    "Domain": "domain",
    "Key": "key",
    "Line1D": "geometry.primitives_1d",
    "Monitor": "domain.monitor",
    "NavierStokes": "eq.pdes.navier_stokes",
    "Node": "node",
    "PDE": "eq.pde",
    "Parameterization": "geometry",
    "PointwiseBoundaryConstraint": "domain.constraint",
    "PointwiseConstraint": "domain.constraint",
    "PointwiseInteriorConstraint": "domain.constraint",
    "PointwiseValidator": "domain.validator",
    "Rectangle": "geometry.primitives_2d",
    "Solver": "solver",
    "instantiate_arch": "hydra",
}
"""Names that can be imported from this module, and the module of the host that has them."""

SAMPLED = ("area", "sdf")
"""What names begin with of what the host's sampling gives beside coordinates, and no network takes."""


def name() -> str:
    """Return the package name of the host: the one that was imported, else the one that is installed.

    Raises
    ------
    ModuleNotFoundError
        If neither host is installed, or both are and nothing says which to use.
    ValueError
        If RELOBRALO_HOST names none.
    """
    installed = [host for host in HOSTS if _has_solver(host)]
    # In the order of their import: a program that imported both is of the first.
    imported = [module for module in list(sys.modules) if module in installed]
    if imported:
        return imported[0]
    if len(installed) == 2:
        return _choice()
    if installed:
        return installed[0]
    raise ModuleNotFoundError(
        "This part of modulus_relobralo needs NVIDIA Modulus Sym (pip install nvidia-modulus-sym==1.8.0) "
        "or PhysicsNeMo Sym (pip install nvidia-physicsnemo-sym==2.4.0 nvidia-physicsnemo==2.0.0), and neither is "
        "installed. PhysicsNeMo 2.1 and later has a physicsnemo.sym without a Solver, which does not count: there "
        "`modulus_relobralo.hosts.physicsnemo` and what lies outside of `modulus_relobralo.hosts` is to be used."
    )


def base_config(host: str) -> tuple[str, type]:
    """Return the name of the option that a config of `host` starts from, and its class."""
    brand = HOSTS[host]
    return f"{brand.lower()}_default", getattr(sys.modules[f"{host}.hydra.config"], f"Default{brand}Config")


def load(module: str) -> ModuleType:
    """Import a module of the host, such as ``load("domain.monitor")``."""
    return importlib.import_module(f"{name()}.{module}")


def __getattr__(attribute: str) -> Any:
    if attribute in NAMES:
        return getattr(load(NAMES[attribute]), attribute)
    raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")


def _choice() -> str:
    choice = os.environ.get("RELOBRALO_HOST", "")
    if not choice:
        raise ModuleNotFoundError(
            "Modulus Sym and PhysicsNeMo Sym are both installed. Import the one that your program uses before "
            "modulus_relobralo (`import modulus.sym` or `import physicsnemo.sym`), or set RELOBRALO_HOST."
        )
    if f"{choice}.sym" not in HOSTS:
        raise ValueError(f"RELOBRALO_HOST must be modulus or physicsnemo. Found {choice}.")
    return f"{choice}.sym"


def _has_solver(host: str) -> bool:
    """Whether `host` is installed; PhysicsNeMo >= 2.1 ships a ``physicsnemo.sym`` without a Solver, which is none.

    Nothing is imported, as ``find_spec("modulus.sym.solver")`` would do with the packages above it.
    """
    package, _, name = host.partition(".")
    spec = importlib.util.find_spec(package)
    for module in (f"{package}.{name}", f"{host}.solver"):
        if spec is None:
            return False
        spec = PathFinder.find_spec(module, spec.submodule_search_locations)
    return spec is not None
