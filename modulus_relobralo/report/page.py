"""A report in its two forms, of one content: Markdown with figures beside it, and one HTML file with them in it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

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


@dataclass(frozen=True)
class Section:
    """A comparison as it is shown: its table, the paths of its figures, and what is to be said of it."""

    title: str
    rows: DataFrame
    figures: list[Path]
    remarks: list[str]


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
    return write_markdown(make_sections(comparisons, folder, target), folder, source)


def write_markdown(sections: Sequence[Section], folder: Path, source: str = "") -> Path:
    """Write sections whose figures lie in `folder` as ``report.md`` there, and return its path."""
    lines = [f"# {TITLE}", "", *([markdown(source), ""] if source else [])]
    for section in sections:
        lines += [f"## {markdown(section.title)}", "", *to_markdown(section.rows), ""]
        for path in section.figures:
            lines += [f"![{path.stem}]({path.relative_to(folder).as_posix()})", ""]
        lines += [*(f"- {markdown(line)}" for line in section.remarks), ""] if section.remarks else []
    lines += [FOOTNOTE, ""]
    path = folder / "report.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def write_page(sections: Sequence[Section], path: Path, source: str = "", runs: DataFrame | None = None) -> Path:
    """Write sections as one HTML file that needs nothing else, and return its path.

    `source`, the command that made it for example, comes below the title, and then the table of `runs`.
    """
    parts = [f"<h1>{escape(TITLE)}</h1>"]
    parts += [f"<p><code>{escape(printable(source))}</code></p>"] if source else []
    parts += ["<h2>Runs</h2>", _table(runs)] if runs is not None else []
    for section in sections:
        parts += [f"<section><h2>{escape(printable(section.title))}</h2>", _table(section.rows)]
        parts += [f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in section.remarks)}</ul>"] * bool(section.remarks)
        parts += [*map(_figure, section.figures), "</section>"]
    parts.append(f"<footer><p>{_text(FOOTNOTE)}</p></footer>")
    path.parent.mkdir(parents=True, exist_ok=True)
    page = Template(TEMPLATE.read_text(encoding="utf-8"))
    path.write_text(page.substitute(title=escape(TITLE), body="\n".join(parts)), encoding="utf-8")
    return path


def _table(rows: DataFrame) -> str:
    return "" if rows.empty else f'<div class="wide">{to_html(rows)}</div>'


def _text(line: str) -> str:
    """Return a line of Markdown: what stands in backticks is code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(printable(line)))


def _figure(path: Path) -> str:
    picture = b64encode(path.read_bytes()).decode("ascii")
    return f'<figure><img alt="{escape(path.stem)}" src="data:image/png;base64,{picture}"></figure>'
