"""A report as sections, which a Markdown file and an HTML page show in the same way: tables, figures, remarks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from modulus_relobralo.report.comparison import Comparison
from modulus_relobralo.report.comparison_figures import plot_comparison
from modulus_relobralo.report.summary import remarks, summarize
from modulus_relobralo.report.tables import Row

TITLE = "Loss balancing schemes compared"
FOOTNOTE = (
    "Errors are medians over the seeds, with the quartiles in brackets; ratios to `sum` are of the medians over the "
    "seeds that both have. The wall time of a step depends on what else the machine did: for runs that did not take "
    "turns it is no measure of what a scheme costs."
)
# Bytes of a folder's name, for every file system.
LONGEST = 150


@dataclass(frozen=True)
class Section:
    """A comparison as it is shown: its table, the paths of its figures, and what is to be said of it."""

    title: str
    rows: list[Row]
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
    return f"{begin}-{sha256(title.encode()).hexdigest()[:8]}"
