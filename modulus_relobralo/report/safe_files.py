"""Files of strangers: regular ones up to a size, and configs of which nothing is looked up."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

MIB = 2**20
CONFIG, LOG, ARRAYS, EVENTS = MIB // 4, 64 * MIB, 256 * MIB, 128 * MIB
"""The largest files that are read, in bytes; of events all files of a run together, of arrays also what they hold."""
LONGEST = 200
"""Letters in a name."""
DEEPEST = 100
"""Brackets in brackets, in a config."""


def check_size(paths: Iterable[Path], limit: int) -> None:
    """Check that files are regular ones and have at most `limit` bytes together.

    A pipe, a device or a folder of that name may never end, and a large file may fill the memory.

    Raises
    ------
    ValueError
        If they are not; the message names the file.
    """
    size = 0
    for path in paths:
        found = path.stat()
        size += found.st_size
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(f"{path} cannot be read: it is no regular file")
        if size > limit:
            raise ValueError(f"{path} cannot be read: {size / MIB:.3g} MiB, where {limit / MIB:.3g} are allowed")


def read_bytes(path: Path, limit: int) -> bytes:
    """Return what a regular file of at most `limit` bytes holds; raise a ValueError for any other."""
    check_size([path], limit)
    with path.open("rb") as file:
        return file.read(limit)


class _Plain(yaml.SafeLoader):
    """Makes mappings, lists, texts and numbers; a tag of anything else stays the text that it is."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        # Hydra writes none, and a line of them makes millions of entries.
        if self.check_event(yaml.AliasEvent):
            raise ValueError("it has aliases")
        return super().compose_node(parent, index)

    def fetch_flow_collection_start(self, token: Any) -> None:
        # Its time grows with the square of the depth.
        if self.flow_level > DEEPEST:
            raise ValueError("its brackets are nested too deeply")
        super().fetch_flow_collection_start(token)


_Plain.add_constructor(None, lambda loader, node: node.tag)


def parse_config(text: str) -> dict[str, Any]:
    """Return a config as Hydra writes it, with `${...}` as the text that it is: nothing is looked up anywhere.

    Raises
    ------
    ValueError
        If it is no mapping, or would take too much time or memory.
    """
    try:
        config = yaml.load(text, _Plain) or {}
        str(config)  # which Python refuses of an integer of thousands of digits
    # Of YAML, whose texts of numbers and dates raise what Python does.
    except Exception as error:
        raise ValueError(f"{type(error).__name__}: {' '.join(str(error).split()):.200}") from error
    if not isinstance(config, dict):
        raise ValueError("it is no mapping")
    return config
