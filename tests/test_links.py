"""Links and pictures of the documents, and the places in pages that they lead to."""

import re

import pytest
from programs import ROOT

PAGES = sorted(
    page for place in (".", "benchmarks", "docs", "examples", "tools") for page in (ROOT / place).glob("*.md")
)
PAGES += sorted({*(ROOT / "docs").glob("[!_]*/**/*.md"), *(ROOT / "examples").glob("*/*.md")})


def headings_of(page):
    """Return the anchors of a page's headings."""
    lines = re.findall(r"^#+ (.*)", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in lines}


def dead_links(page):
    """Return the links of a page to what is not there."""
    dead = []
    for link in re.findall(r"\]\((?!http)([^)]+)\)", page.read_text()):
        file, _, heading = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (heading and heading not in headings_of(target)):
            dead.append(link)
    return dead


def entries(page):
    """Return the pages that the tables of contents of a page name."""
    blocks = re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(), re.S)
    lines = [line for block in blocks for line in block.splitlines() if line and not line.startswith(":")]
    # A page, or a title and a page in angle brackets.
    names = [re.sub(r"^.*<(.*)>$", r"\1", line) for line in lines]
    places = [(ROOT if name.startswith("/") else page.parent) / name.lstrip("/") for name in names]
    # With `:glob:`, a name may stand for all pages of a folder.
    return [
        found
        for place in places
        for found in ([path.with_suffix("") for path in place.parent.glob("*.md")] if place.name == "*" else [place])
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    assert dead_links(page) == []
    assert [str(name) for name in entries(page) if not list(name.parent.glob(f"{name.name}.*"))] == []


def test_the_pages_are_found():
    evidence = ROOT / "docs" / "evidence"
    assert {ROOT / "README.md", evidence / "results.md", evidence / "accuracy.md"} <= {*PAGES}


def test_every_page_of_the_documentation_is_in_a_table_of_contents():
    docs = ROOT / "docs"
    tables = (docs / "index.md", docs / "reference" / "api" / "index.md")
    named = {path.with_suffix(".md") for page in tables for path in entries(page)}
    assert {page for page in PAGES if docs in page.parents} - named == {docs / "index.md"}


def test_dead_links_are_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A b\n[1](#a-b) [2](#c) [3](page.md#a-b) [4](page.md#c) [5](gone.md)\n")
    assert dead_links(page) == ["#c", "page.md#c", "gone.md"]
