"""The README's promises that can be checked by reading it; its code and commands run in test_documents.py."""

import re
import runpy

import yaml
from documents import run_blocks
from programs import ROOT

from modulus_relobralo.version import __version__

README = (ROOT / "README.md").read_text()
ORDER = ["Install", "Use it", "Which one to use", "What it gained", "Hosts", "Examples", "Limits", "Citation"]


def section(name):
    return README.split(f"## {name}\n")[1].split("\n## ")[0]


def test_it_is_short():
    assert len(README.splitlines()) <= 110


def test_it_has_its_order():
    assert re.findall(r"^## (.*)$", README, re.M) == ORDER


def test_a_picture_and_the_installation_come_first():
    assert README.index("![") < README.index("## Install") < README.index("```")
    assert "pip install" in "\n".join(README.splitlines()[:25])


def test_the_table_of_choices_is_short():
    rows = re.findall(r"^\|.*", section("Which one to use"), re.M)[2:]
    assert len(rows) == 4
    assert all(row.count("|") == 3 for row in rows)


def test_the_limits_are_five():
    assert section("Limits").count("\n- ") == 5


def test_the_diff_changes_one_line():
    (diff,) = run_blocks(ROOT / "README.md", "diff")
    changed = [line for line in diff.splitlines() if line[0] in "+-"]
    assert changed == ["-  - loss: sum", "+  - loss: relobralo"]


def test_every_example_is_named():
    folders = {path.name for path in (ROOT / "examples").iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert folders == set(re.findall(r"\]\(examples/(\w+)/", README))


def test_the_citation_is_of_this_version_and_of_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == __version__
    paper = citation["references"][0]
    assert {author["family-names"] for author in paper["authors"]} == {"Bischof", "Kraus"}
    for given in (paper["journal"], paper["volume"], paper["start"], paper["year"], paper["doi"]):
        assert str(given) in section("Citation")


def test_the_changelog_begins_with_this_version():
    versions = re.findall(r"^## \[(.*?)\](?: - (\d{4}-\d\d-\d\d))?$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    released = [(version, date) for version, date in versions if version != "Unreleased"]
    assert released[0][0] == __version__
    assert all(date for _, date in released)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert str(citation["date-released"]) == released[0][1]


def test_its_links_can_be_made_absolute_for_a_package_index():
    absolute = runpy.run_path(str(ROOT / "tools" / "absolute_links.py"))["absolute"]
    found = re.findall(r"\]\(([^)]+)\)", absolute(README, "https://example.org/it", "1.2.3"))
    assert all(link.startswith(("https://", "#")) for link in found)
    pages = {link for link in found if link.startswith("https://example.org/it/blob/v1.2.3/")}
    assert "https://example.org/it/blob/v1.2.3/docs/evidence/index.md#the-picture" in pages
    assert "https://example.org/it/raw/v1.2.3/docs/evidence/demo.png" in found
    assert absolute("[a](https://b.c) [d](#e)", "https://example.org/it", "1.2.3") == "[a](https://b.c) [d](#e)"
