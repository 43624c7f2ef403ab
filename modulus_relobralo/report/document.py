"""Comparisons as a page: ``report.md`` with its figures beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from modulus_relobralo.report.comparison import Comparison
from modulus_relobralo.report.comparison_figures import plot_comparison
from modulus_relobralo.report.summary import list_uncounted, summarize
from modulus_relobralo.report.tables import to_markdown

FOOTNOTE = (
    "Errors are medians over the seeds, with the quartiles in brackets; ratios to `sum` are of the medians over the "
    "seeds that both have. The wall time of a step hangs on what else the machine did: for runs that did not take "
    "turns it is no measure of what a scheme costs."
)
# Bytes of a folder's name, for every file system.
LONGEST = 150


def write_report(
    comparisons: Sequence[Comparison], folder: Path, target: float | None = None, source: str = ""
) -> Path:
    """Write `comparisons` with their figures into `folder`, as ``report.md`` and PNG, and return the former.

    `source`, the command that made it for example, comes below the title.
    """
    lines = ["# Loss balancing schemes compared", "", *([source, ""] if source else [])]
    for comparison in comparisons:
        lines += [f"## {comparison.title}", "", *to_markdown(summarize(comparison, target)), ""]
        for path in plot_comparison(comparison, folder / folder_name(comparison.title)):
            lines += [f"![{path.stem}]({path.relative_to(folder).as_posix()})", ""]
        said = [*comparison.notes, *list_uncounted(comparison)]
        lines += [*(f"- {line}" for line in said), ""] if said else []
    lines += [FOOTNOTE, ""]
    path = folder / "report.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


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
    return f"{begin}-{sha256(title.encode()).hexdigest()[:8]}"
