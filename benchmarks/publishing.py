"""The option by which a part of a protocol is published."""

from __future__ import annotations

import argparse
import re


def add_publish(parser: argparse.ArgumentParser, name: str) -> None:
    """Add ``--publish [NAME]``, where what is published as a whole is `name`; without NAME, a part takes its place."""

    def check(found: str) -> str:
        if not re.fullmatch(rf"{name}(_\w+)?", found):
            raise argparse.ArgumentTypeError(
                f"a part is published under a name that begins with {name}_. Found {found}"
            )
        return found

    parser.add_argument(
        "--publish",
        nargs="?",
        const=name,
        type=check,
        metavar="NAME",
        help=f"publish a part under that name, beside what is published; without it, in the place of `{name}`",
    )
