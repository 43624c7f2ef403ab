"""Makes ``loss: relobralo`` in the config of a Modulus program name our aggregator.

A config that starts from ``host_default`` works on either host: it is another name of the host's own
``modulus_default`` or ``physicsnemo_default``.

Hydra loads this module in every Hydra program on the machine, so it imports neither torch nor a host, and does
nothing where no host was imported. Where one was, three things matter:

* The host stores its options when ``main`` is called, after every import of the user's program, and its own
  Relobralo is among them under our name. Hydra calls ``manipulate_search_path`` later than that and before
  it composes anything, so we store ours then.
* ``compose`` of the host works the other way round: it starts Hydra first and stores its options after that.
  So the function that stores them is followed by ours.
* Options must derive from the host's ``LossConf``, which only exists once the host is imported.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from dataclasses import field, make_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from modulus_relobralo.hosts.sym.host import HOSTS, base_config

PROVIDER = "modulus_relobralo"
TARGET = "modulus_relobralo.ReLoBRaLo"
# Our option's fields, their types and defaults: those of the constructor of ReLoBRaLo (a test compares them).
# Optional, because OmegaConf 2.2 does not read `float | None`.
FIELDS: tuple[tuple[str, Any, Any], ...] = (
    ("_target_", str, TARGET),
    ("alpha", float, 0.999),
    ("temperature", float, 0.1),
    ("rho", float, 0.99),
    ("eps", float, 1e-12),
    ("tau", Optional[float], None),
    ("beta", Optional[float], None),
)
# The same for natural gradients (the test compares them too).
NATURAL_GRADIENT: tuple[tuple[str, Any, Any], ...] = (
    ("_target_", str, "modulus_relobralo.NaturalGradient"),
    ("lr", float, 1.0),
    ("damping", float, 1e-2),
    ("adaptive", bool, True),
    ("momentum", float, 0.9),
    ("memory", float, 1.0),
)
RESOLVER = "modulus_relobralo.method"
# Further options of the same class with other defaults, by name: values that `make tune` found and that held up in the
# comparison (benchmarks/results/tuned.json, docs/results.md).
TUNED: dict[str, dict[str, float]] = {
    "relobralo_helmholtz": {"alpha": 0.986759, "temperature": 0.00350794, "rho": 0.913018},
}


class ReLoBRaLoPlugin(SearchPathPlugin):
    """Stores the option ``loss/relobralo``, and those beside it, in programs that use a host framework."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Store our options; the search path itself stays as it is."""
        for host in HOSTS:
            utils = sys.modules.get(f"{host}.hydra.utils")
            if utils is None:
                continue
            store = store_others if names_another_class(search_path) else store_options
            # Of two hosts that were imported, the one whose `main` was called has stored its options.
            if f"{base_config(host)[0]}.yaml" in ConfigStore.instance().repo:
                store(host)
            store_after(utils, host, store)


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
    """Store our aggregator as ``loss/relobralo`` and by its tuned names, and what is beside it."""
    loss = sys.modules[f"{host}.hydra.loss"]
    for option, tuned in {"relobralo": {}, **TUNED}.items():
        fields = [(name, kind, field(default=tuned.get(name, default))) for name, kind, default in FIELDS]
        ours = make_dataclass("ReLoBRaLoConf", fields, bases=(loss.LossConf,))
        ConfigStore.instance().store(group="loss", name=option, node=ours, provider=PROVIDER)
    store_others(host)


def store_others(host: str) -> None:
    """Store what is beside ``loss/relobralo``.

    The host's own Relobralo as ``loss/relobralo_builtin``, our L-BFGS as ``optimizer/lbfgs``, natural gradients as
    ``optimizer/natural_gradient``, and the host's base config as ``host_default``.
    """
    store = functools.partial(ConfigStore.instance().store, provider=PROVIDER)
    store(group="loss", name="relobralo_builtin", node=sys.modules[f"{host}.hydra.loss"].AggregatorRelobraloConf)
    target = ("_target_", str, field(default="modulus_relobralo.LBFGS"))
    lbfgs = make_dataclass("LBFGSConf", [target], bases=(sys.modules[f"{host}.hydra.optimizer"].BFGSConf,))
    store(group="optimizer", name="lbfgs", node=lbfgs)
    store(group="optimizer", name="natural_gradient", node=natural_gradient_option(host))
    store(name="host_default", node=base_config(host)[1])


def natural_gradient_option(host: str) -> type:
    """Return the config class of ``optimizer: natural_gradient``.

    The host's trainer asks the config for the names of its methods when it starts to train. The resolver gives it the
    methods then: a module that imports torch and the trainer is not for a plugin to import.
    """

    def method(name: str) -> str:
        return importlib.import_module("modulus_relobralo.hosts.sym.natural_gradient").method(name)

    OmegaConf.register_new_resolver(RESOLVER, method, replace=True)
    names = ("compute_gradients", "apply_gradients")
    methods = {name: f"${{{RESOLVER}:natural_gradient_{name}}}" for name in names}
    fields = [(name, kind, field(default=default)) for name, kind, default in NATURAL_GRADIENT]
    fields.append(("_params_", Any, field(default_factory=lambda: dict(methods))))
    return make_dataclass("NaturalGradientConf", fields, bases=(sys.modules[f"{host}.hydra.optimizer"].OptimizerConf,))


def store_after(utils: ModuleType, host: str, store: Callable[[str], None]) -> None:
    """Let `store` follow whenever the host stores its own options."""
    register = getattr(utils.register_loss_configs, "__wrapped__", utils.register_loss_configs)

    @functools.wraps(register)
    def register_all() -> None:
        register()
        store(host)

    utils.register_loss_configs = register_all  # type: ignore[attr-defined]
