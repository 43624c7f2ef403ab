"""Makes ``loss: relobralo`` in the config of a Modulus program name our aggregator.

A config that starts from ``host_default`` works on either host: it is another name of the host's own
``modulus_default`` or ``physicsnemo_default``.

Hydra loads this module in every Hydra program on the machine, so it imports neither torch nor a host, and does
nothing where neither a host nor this package was imported. Where this package was, or PhysicsNeMo, and no host with a
Solver, the options in `conf` are put on Hydra's search path, behind the program's own. Where a host with a Solver was,
three things matter:

* The host stores its options when ``main`` is called, after every import of the user's program, and its own
  Relobralo is among them under our name. Hydra calls ``manipulate_search_path`` later than that and before
  it composes anything, so we store ours then.
* ``compose`` of the host works the other way round: it starts Hydra first and stores its options after that.
  So the function that stores them is followed by ours.
* Options must derive from the host's ``LossConf``, which only exists once the host is imported.
"""

from __future__ import annotations

import copy
import functools
import importlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import field, make_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from modulus_relobralo.hosts.sym.host import HOSTS, base_config
from modulus_relobralo.options import EVERY, LBFGS, NATURAL_GRADIENT, RELOBRALO, RELOBRALO_GRAD, SOAP

PROVIDER = "modulus_relobralo"
TARGET = "modulus_relobralo.hosts.sym.aggregators.relobralo"
# Our option's fields, their types and defaults. Optional, because OmegaConf 2.2 does not read `float | None`.
FIELDS: tuple[tuple[str, Any, Any], ...] = (
    ("_target_", str, TARGET),
    *((option.name, float, option.default) for option in RELOBRALO),
    *((option.alias, Optional[float], None) for option in RELOBRALO if option.alias),
)
GRAD_FIELDS: tuple[tuple[str, Any, Any], ...] = (
    ("_target_", str, f"{TARGET}_grad"),
    # Without them the factory asks the host.
    ("equations", Optional[list[str]], None),
    ("every", int, EVERY),
    *((option.name, float, option.default) for option in RELOBRALO_GRAD),
)
RESOLVER = "modulus_relobralo.method"
TRAINER_METHODS = ("compute_gradients", "apply_gradients")
# Options for loops, and what of this package is loaded in every Hydra program, because this module needs it.
LOOPS = "pkg://modulus_relobralo.conf"
ALWAYS_LOADED = frozenset(
    PROVIDER + name
    for name in (
        "",
        ".checks",
        ".conf",
        ".hosts",
        ".hosts.plugin",
        ".hosts.sym",
        ".hosts.sym.host",
        ".moved",
        ".options",
        ".version",
    )
)


class ReLoBRaLoPlugin(SearchPathPlugin):
    """Offers ``loss: relobralo``, and the options beside it, to programs that use a host framework or this package."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Store our options where a host has a Solver; elsewhere put those for loops on the search path."""
        hosts = {host: sys.modules[f"{host}.hydra.utils"] for host in HOSTS if f"{host}.hydra.utils" in sys.modules}
        if not hosts and ("physicsnemo" in sys.modules or uses_us()):
            search_path.append(provider=PROVIDER, path=LOOPS)
        for host, utils in hosts.items():
            store = store_others if names_another_class(search_path) else store_options
            # Of two hosts that were imported, the one whose `main` was called has stored its options.
            if f"{base_config(host)[0]}.yaml" in ConfigStore.instance().repo:
                store(host)
            store_after(utils, host, store)


def uses_us() -> bool:
    """Whether the program has imported anything of this package itself."""
    return any(name.partition(".")[0] == PROVIDER and name not in ALWAYS_LOADED for name in list(sys.modules))


def names_another_class(search_path: ConfigSearchPath) -> bool:
    """Whether a file ``loss/relobralo.yaml`` of the user's own is for another class than ours.

    Hydra fills such a file up with the fields of the option stored under its name. Those of ours would be unknown
    to the host's class, so that installing us would break a program that has such a file. Folders that Hydra adds
    later (``--config-dir``, ``hydra.searchpath``) and packages (``pkg://``) are not looked into.
    """
    for element in search_path.get_path():
        file = Path((element.path or "").removeprefix("file://"), "loss", "relobralo.yaml")
        if file.is_file():
            target = OmegaConf.select(OmegaConf.load(file), "_target_", default=TARGET)
            return not str(target).startswith(f"{PROVIDER}.")
    return False


def store_options(host: str) -> None:
    """Store our aggregator as ``loss/relobralo``, and what is beside it."""
    ours = derive("ReLoBRaLoConf", FIELDS, sys.modules[f"{host}.hydra.loss"].LossConf)
    ConfigStore.instance().store(group="loss", name="relobralo", node=ours, provider=PROVIDER)
    store_others(host)


def store_others(host: str) -> None:
    """Store what is beside ``loss/relobralo``.

    Gradient balancing as ``loss/relobralo_grad``, the host's own Relobralo as ``loss/relobralo_builtin``, our L-BFGS as
    ``optimizer/lbfgs``, SOAP as ``optimizer/soap``, natural gradients as ``optimizer/natural_gradient``, and the host's
    base config as ``host_default``.
    """
    store = functools.partial(ConfigStore.instance().store, provider=PROVIDER)
    loss = sys.modules[f"{host}.hydra.loss"]
    store(group="loss", name="relobralo_grad", node=derive("ReLoBRaLoGradConf", GRAD_FIELDS, loss.LossConf))
    builtin = [("_target_", str, f"{TARGET}_builtin")]
    store(group="loss", name="relobralo_builtin", node=derive("RelobraloConf", builtin, loss.AggregatorRelobraloConf))
    optimizer = sys.modules[f"{host}.hydra.optimizer"]
    lbfgs = optimizer_fields("modulus_relobralo.LBFGS", LBFGS)
    store(group="optimizer", name="lbfgs", node=derive("LBFGSConf", lbfgs, optimizer.BFGSConf))
    # The trainer's own for Adam, with clipping, accumulated gradients and mixed precision. Neither host records an
    # optimizer's step in a CUDA graph, where SOAP's eigenvectors could not be.
    soap = (
        *optimizer_fields("modulus_relobralo.SOAP", SOAP),
        ("_params_", Any, {name: f"adam_{name}" for name in TRAINER_METHODS}),
    )
    store(group="optimizer", name="soap", node=derive("SOAPConf", soap, optimizer.OptimizerConf))
    # Whatever optimizer a config sets `optimizer.lr` for, it has to compose with this one.
    natural = (
        *optimizer_fields("modulus_relobralo.NaturalGradient", NATURAL_GRADIENT),
        ("lr", float, 1.0),
        ("_params_", Any, natural_gradient_methods()),
    )
    store(
        group="optimizer", name="natural_gradient", node=derive("NaturalGradientConf", natural, optimizer.OptimizerConf)
    )
    store(name="host_default", node=base_config(host)[1])


def derive(name: str, options: Iterable[tuple[str, Any, Any]], base: type) -> type:
    """Return a config class of the host's kind with options (name, type, default) of ours."""
    fields = [(key, kind, field(default_factory=functools.partial(copy.copy, value))) for key, kind, value in options]
    return make_dataclass(name, fields, bases=(base,))


def optimizer_fields(target: str, options: Any) -> tuple[tuple[str, Any, Any], ...]:
    """Return the fields of an option that makes an optimizer of the class `target`."""
    # A config has no tuples.
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(options).items()}
    kinds = ((name, list[float] if isinstance(value, list) else type(value), value) for name, value in values.items())
    return ("_target_", str, target), *kinds


def natural_gradient_methods() -> dict[str, str]:
    """Return what ``optimizer: natural_gradient`` answers when the host's trainer asks which of its methods to call.

    It asks when it starts to train. The resolver gives it the methods then: a module that imports torch and the trainer
    is not for a plugin to import.
    """

    def method(option: str, name: str) -> str:
        # Configs that runs of release 0.2 left behind ask for SOAP's methods too, which the trainer has.
        if option == "natural_gradient":
            importlib.import_module("modulus_relobralo.hosts.sym.natural_gradient").method(name)
        return name

    OmegaConf.register_new_resolver(RESOLVER, method, replace=True)
    return {name: f"${{{RESOLVER}:natural_gradient,natural_gradient_{name}}}" for name in TRAINER_METHODS}


def store_after(utils: ModuleType, host: str, store: Callable[[str], None]) -> None:
    """Let `store` follow whenever the host stores its own options."""
    register = getattr(utils.register_loss_configs, "__wrapped__", utils.register_loss_configs)

    @functools.wraps(register)
    def register_all() -> None:
        register()
        store(host)

    utils.register_loss_configs = register_all  # type: ignore[attr-defined]
