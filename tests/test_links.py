"""Links and pictures of the documents."""

import re

import pytest
from programs import ROOT

PAGES = sorted(
    page for place in (".", "benchmarks", "docs", "examples", "tools") for page in (ROOT / place).glob("*.md")
)
PAGES += sorted({*(ROOT / "docs").glob("*/*.md"), *(ROOT / "examples").glob("*/*.md")})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    text = page.read_text()
    headings = {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in re.findall(r"^#+ (.*)", text, re.M)}
    for link in re.findall(r"\]\((?!http)([^)]+)\)", text):
        file, _, heading = link.partition("#")
        assert (page.parent / file).exists(), link
        assert file or heading in headings, link


def test_the_pages_are_found():
    assert {ROOT / "README.md", ROOT / "docs" / "results.md", ROOT / "docs" / "results" / "report.md"} <= {*PAGES}
