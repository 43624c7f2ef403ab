"""Tables of texts, by pandas, in their three forms: on the terminal, in Markdown and in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TypeAlias

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = dict[str, str]
Rows: TypeAlias = "Sequence[Row] | pd.DataFrame"
"""A table: rows whose keys are the columns, or what pandas makes of them."""
# Columns of words; all others are numbers.
WORDS = {"", "loss", "loss term"}


def table(rows: Rows) -> pd.DataFrame:
    """Return rows as a table of texts, with its columns in the order in which they bring them."""
    return pd.DataFrame(rows if isinstance(rows, pd.DataFrame) else list(rows), dtype=object).fillna("").astype(str)


def print_rows(rows: Rows, title: str = "") -> None:
    """Print a table; into a file or a pipe as wide as it needs. No rows, no table."""
    found = table(rows)
    if found.empty:
        return
    shown = Table(title=Text(printable(title)))
    for column in found:
        # Names that have not enough room take several lines, or two of them might be cut to the same text.
        shown.add_column(Text(printable(column)), justify="left" if column in WORDS else "right", overflow="fold")
    for row in found.itertuples(index=False):
        # Texts, because a name in brackets would pass for rich's markup.
        shown.add_row(*(Text(printable(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console.width = max(console.measure(shown, options=console.options.update(max_width=10_000)).maximum, 80)
    console.print(shown)


def print_lines(lines: Sequence[str]) -> None:
    """Print lines as they are, without breaks."""
    for line in lines:
        Console().print(Text(printable(line)), soft_wrap=True)


def to_markdown(rows: Rows) -> list[str]:
    """Return the lines of a Markdown table; no rows, no lines."""
    found = table(rows)
    if found.empty:
        return []
    cells = [[*found], ["---"] * len(found.columns), *found.itertuples(index=False)]
    return ["| " + " | ".join(markdown(cell).replace("|", r"\|") for cell in line) + " |" for line in cells]


def to_html(rows: Rows) -> str:
    """Return an HTML table; no rows, no text."""
    found = table(rows)
    with pd.option_context("display.max_colwidth", None):
        text = "" if found.empty else found.to_html(index=False, border=0)
    return "\n".join(map(printable, text.splitlines()))


def markdown(text: str) -> str:
    """Return a text as one line of Markdown that shows it: what HTML and links are made of is taken for letters."""
    return escape(printable(text), quote=False).replace("](", r"]\(")


def printable(text: str) -> str:
    """Return a text with a sign in place of what moves the cursor or colours what follows."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
