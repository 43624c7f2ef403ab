"""The README and the pages of the documentation, and their blocks of code."""

import re
from typing import NamedTuple

from programs import ROOT

# The pages that people write. Those of an API and of a file of results are made by programs.
WRITTEN = ("start", "tutorials", "how-to", "explanation", "reference")
# Their commands are those of the measurements that they report: hours, each with what it gave.
MEASURED = [ROOT / "docs" / "evidence" / f"{name}.md" for name in ("results", "diary")]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "index.md", *MEASURED]
PAGES += sorted(page for folder in WRITTEN for page in (ROOT / "docs" / folder).glob("*.md"))
FENCE = re.compile(r"^(?:<!-- not run: (?P<reason>[^\n]+) -->\n)?```(?P<language>\S*)\n(?P<text>.*?)^```$", re.M | re.S)


class Block(NamedTuple):
    """A block of code, and why it is not run, or an empty string."""

    language: str
    text: str
    reason: str


def blocks(text):
    """Return the blocks of code of a page."""
    return [Block(match["language"], match["text"], match["reason"] or "") for match in FENCE.finditer(text)]


def run_blocks(page, language):
    """Return the texts of a page's blocks in a language that are not marked as not run."""
    return [block.text for block in blocks(page.read_text()) if block.language == language and not block.reason]


def commands(page):
    """Return the commands of a page's blocks that are not marked, each in one line."""
    lines = "".join(run_blocks(page, "bash")).replace("\\\n", "").splitlines()
    return [line.split(" #")[0].strip() for line in lines if line and not line.startswith("export ")]


def code_sides(diff):
    """Return what a diff replaces and what it replaces it by."""
    lines = diff.splitlines()
    return ["\n".join(line[1:] for line in lines if line[:1] in (" ", sign, "")) for sign in "-+"]
