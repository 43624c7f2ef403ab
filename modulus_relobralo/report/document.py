"""Comparisons as a page: ``report.md`` with its figures beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modulus_relobralo.report.comparison import Comparison
from modulus_relobralo.report.sections import FOOTNOTE, TITLE, Section, make_sections
from modulus_relobralo.report.tables import to_markdown


def write_report(
    comparisons: Sequence[Comparison], folder: Path, target: float | None = None, source: str = ""
) -> Path:
    """Write `comparisons` with their figures into `folder`, as ``report.md`` and PNG, and return the former.

    `source`, the command that made it for example, comes below the title.
    """
    return write_markdown(make_sections(comparisons, folder, target), folder, source)


def write_markdown(sections: Sequence[Section], folder: Path, source: str = "") -> Path:
    """Write sections whose figures lie in `folder` as ``report.md`` there, and return its path."""
    lines = [f"# {TITLE}", "", *([source, ""] if source else [])]
    for section in sections:
        lines += [f"## {section.title}", "", *to_markdown(section.rows), ""]
        for path in section.figures:
            lines += [f"![{path.stem}]({path.relative_to(folder).as_posix()})", ""]
        lines += [*(f"- {line}" for line in section.remarks), ""] if section.remarks else []
    lines += [FOOTNOTE, ""]
    path = folder / "report.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
