"""Where modules of release 0.2 lie now: an import under an old name fails with the new one, for one release."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED: dict[str, str] = {}
"""New names of modules by their old ones, both below the package."""


class Moved(MetaPathFinder):
    """The last to be asked for a module: raises for one that has another name now."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return None, which says that there is no such module.

        Raises
        ------
        ModuleNotFoundError
            If it was moved; the message says where to.
        """
        package, _, module = name.partition(".")
        if package == __package__ and module in MOVED:
            raise ModuleNotFoundError(f"`{name}` of release 0.2 is `{package}.{MOVED[module]}` now.", name=name)
        return None
