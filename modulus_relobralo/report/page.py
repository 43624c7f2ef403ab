"""A report in its two forms, of one content: Markdown with figures beside it, and one HTML file with them in it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

from pandas import DataFrame

from modulus_relobralo.report.comparison import Comparison
from modulus_relobralo.report.figures import plot_comparison
from modulus_relobralo.report.summary import remarks, summarize
from modulus_relobralo.tables import markdown, printable, to_html, to_markdown

TITLE = "Loss balancing schemes compared"
FOOTNOTE = (
    "Errors are medians over the seeds, with the quartiles in brackets; ratios to `sum` are of the medians over the "
    "seeds that both have. The wall time of a step depends on what else the machine did: for runs that did not take "
    "turns it is no measure of what a scheme costs."
)
# Bytes of a folder's name, for every file system.
LONGEST = 150
TEMPLATE = Path(__file__).with_name("page.html")


class Section(NamedTuple):
    """A part of a report: its table, the paths of its figures, and what is to be said of it."""

    title: str
    rows: DataFrame
    figures: Sequence[Path] = ()
    remarks: Sequence[str] = ()


def make_sections(comparisons: Sequence[Comparison], folder: Path, target: float | None = None) -> list[Section]:
    """Return a section for each comparison; its figures are written into a folder of its own in `folder`."""
    return [
        Section(
            comparison.title,
            summarize(comparison, target),
            plot_comparison(comparison, folder / folder_name(comparison.title)),
            remarks(comparison),
        )
        for comparison in comparisons
    ]


def folder_name(title: str) -> str:
    """Return the name of the folder of a comparison's figures.

    It is made of the title alone, so that it stays the same whatever else is compared. A title that loses more than
    its punctuation has a digest at its end, or two might share a folder.
    """
    words = re.sub(r",? ", "-", title)
    name = re.sub(r"[^\w.-]", "_", words).lstrip(".")
    if name == words and 0 < len(name.encode()) <= LONGEST:
        return name
    begin = name.encode()[:LONGEST].decode(errors="ignore")
    return f"{begin}-{sha256(title.encode(errors='surrogatepass')).hexdigest()[:8]}"


def write_report(
    comparisons: Sequence[Comparison], folder: Path, target: float | None = None, source: str = ""
) -> Path:
    """Write `comparisons` with their figures into `folder`, as ``report.md`` and PNG, and return the former.

    `source`, the command that made it for example, comes below the title.
    """
    return write_markdown(make_sections(comparisons, folder, target), folder / "report.md", source)


def write_markdown(sections: Sequence[Section], path: Path, source: str = "") -> Path:
    """Write sections whose figures lie beside `path` or below as Markdown, and return it."""
    lines = [f"# {TITLE}", "", *([markdown(source), ""] if source else [])]
    for title, rows, figures, said in sections:
        lines += [f"## {markdown(title)}", "", *to_markdown(rows), ""]
        lines += [f"![{figure.stem}]({figure.relative_to(path.parent).as_posix()})\n" for figure in figures]
        lines += [*(f"- {markdown(line)}" for line in said), ""] if said else []
    return _write(path, "\n".join([*lines, FOOTNOTE, ""]))


def write_page(sections: Sequence[Section], path: Path, source: str = "") -> Path:
    """Write sections as one HTML file that needs nothing else, and return its path.

    `source`, the command that made it for example, comes below the title.
    """
    parts = [f"<h1>{escape(TITLE)}</h1>"]
    parts += [f"<p><code>{escape(printable(source))}</code></p>"] if source else []
    for title, rows, figures, said in sections:
        parts.append(f"<section><h2>{escape(printable(title))}</h2>")
        parts += [] if rows.empty else [f'<div class="wide">{to_html(rows)}</div>']
        parts += [f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in said)}</ul>"] if said else []
        parts += [*map(_picture, figures), "</section>"]
    parts.append(f"<footer><p>{_text(FOOTNOTE)}</p></footer>")
    page = Template(TEMPLATE.read_text(encoding="utf-8"))
    return _write(path, page.substitute(title=escape(TITLE), body="\n".join(parts)))


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _text(line: str) -> str:
    """Return a line of Markdown: what stands in backticks is code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(printable(line)))


def _picture(path: Path) -> str:
    picture = b64encode(path.read_bytes()).decode("ascii")
    return f'<figure><img alt="{escape(path.stem)}" src="data:image/png;base64,{picture}"></figure>'
