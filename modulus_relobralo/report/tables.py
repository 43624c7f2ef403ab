"""A table as rows of texts, and its two forms: on the terminal, and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = dict[str, str]
# Columns of words; all others are numbers.
WORDS = {"", "loss", "loss term"}


def print_rows(rows: Sequence[Row], title: str = "") -> None:
    """Print rows, whose keys are the columns; into a file or a pipe as wide as they need. No rows, no table."""
    if not rows:
        return
    table = Table(title=Text(title))
    for column in columns(rows):
        # Names that have not enough room take several lines, or two of them might be cut to the same text.
        table.add_column(Text(column), justify="left" if column in WORDS else "right", overflow="fold")
    for row in rows:
        # Texts, because a name in brackets would pass for rich's markup.
        table.add_row(*(Text(row.get(column, "")) for column in columns(rows)))
    console = Console()
    if not console.is_terminal:
        console.width = max(console.measure(table, options=console.options.update(max_width=10_000)).maximum, 80)
    console.print(table)


def print_lines(lines: Sequence[str]) -> None:
    """Print lines as they are, without breaks."""
    for line in lines:
        Console().print(Text(line), soft_wrap=True)


def to_markdown(rows: Sequence[Row]) -> list[str]:
    """Return the lines of a Markdown table; no rows, no lines."""
    if not rows:
        return []
    names = columns(rows)
    cells = [names, ["---"] * len(names), *([row.get(name, "") for name in names] for row in rows)]
    return ["| " + " | ".join(map(_escape, line)) + " |" for line in cells]


def columns(rows: Sequence[Row]) -> list[str]:
    """Return the names of all columns, in the order in which rows bring them."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _escape(cell: str) -> str:
    return cell.replace("|", r"\|").replace("\n", " ")
