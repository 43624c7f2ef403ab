"""The host's ``main`` with a precision and a folder that it holds, which says which configs there are."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra._internal.utils import get_args_parser

from modulus_relobralo.hosts.sym import host
from modulus_relobralo.hosts.sym.dtypes import configured_precision
from modulus_relobralo.hosts.sym.trainer import hold_run


def main(config_path: str | None, config_name: str = "config") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function of a config a program of the host, as the host's own ``main`` does.

    A program that trains holds the folder of its run (``network_dir``): a second one in it is refused. With
    ``custom.precision: float64`` in its config everything in it is of float64, see `precision`. Where
    ``--config-name`` names no config in the program's folder, Hydra says so and where it looked; after it come the
    names that are there.

    Parameters
    ----------
    config_path : str
        Folder of the configs, relative to the program's; None if its command says where they are.
    config_name : str
        The config that is used without ``--config-name``.
    """

    def decorate(task: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(task)
        def held(cfg: Any) -> Any:
            lock = hold_run(cfg)
            try:
                with configured_precision(cfg):
                    return task(cfg)
            finally:
                if lock is not None:
                    lock.release()

        program = host.load("hydra.utils").main(config_path=config_path, config_name=config_name)(held)

        @functools.wraps(program)
        def run(*args: Any) -> Any:
            try:
                return program(*args)
            except SystemExit as end:
                if end.code and config_path is not None:
                    _name_configs(Path(inspect.getfile(task)).parent / config_path)
                raise

        return run

    return decorate


def _name_configs(folder: Path) -> None:
    asked = get_args_parser().parse_known_args()[0].config_name
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if asked and asked.removesuffix(".yaml") not in known:
        print(f"--config-name must be one of {', '.join(known)}. Found --config-name {asked}.", file=sys.stderr)
